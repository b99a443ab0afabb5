"""The drift of what came: labels as they became known, which is later than the features, and on other days."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets.use_case.observations import Days, Source, labels
from lakehouse_assets.use_case.serving import known_outcomes

if TYPE_CHECKING:
    from lakehouse_assets.use_case.plan import Plan

#: The column that holds them; no use case may name one of its own so.
LABEL = "label"


def learned(plan: Plan, source: Source, observed: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """The labels that a champion could learn from.

    Args:
        plan: The use case.
        source: The lake at the versions that it learned from.
        observed: What was to be predicted.
        until: When the last label that it learned from became known.

    Returns:
        day (on which the label became known), the group if rows hang together, and `label`; in the order of days.
    """
    declared, group = plan.declaration, plan.declaration.monitoring.group
    came = labels(declared, plan.folder, source, observed, Days())
    came = came[came["label_known_at"] <= until]
    if group and group not in came.columns:
        came = came.merge(observed[[*declared.keys, "day", group]], on=[*declared.keys, "day"], how="left")
    nights = declared.prediction_time
    return by_day(came.assign(day=known_outcomes.known_on(nights, came["label_day"], came["label_known_at"])), plan)


def known(plan: Plan, source: Source, first: date, last: date) -> pd.DataFrame:
    """The outcomes that became known on some days (`known_outcomes.read`), those of corrections as well."""
    table = plan.declaration.key("delivery", "outcomes")
    if not source.lake.exists(table):
        return pd.DataFrame(columns=[*plan.declaration.keys, "predicted_day", known_outcomes.KNOWN_AT, *_columns(plan)])
    return known_outcomes.read(plan, source, first, last)


def by(came: pd.DataFrame, day: date, plan: Plan) -> pd.DataFrame:
    """What of them the report of a day compares: of each prediction the newest, in the order of days."""
    return by_day(known_outcomes.newest_by(came, plan.declaration.keys, day), plan)


def by_day(rows: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Outcomes by the day on which they became known: day, the group if rows hang together, and `label`."""
    rows = rows.assign(day=pd.to_datetime(rows["day"]).astype("datetime64[us]"))
    keys = [name for name in plan.declaration.keys if name in rows.columns]
    return rows.sort_values(["day", *keys], ignore_index=True)[_columns(plan)]


def _columns(plan: Plan) -> list[str]:
    group = plan.declaration.monitoring.group
    return ["day", *([group] if group else []), LABEL]
