"""The drift of what came: labels as they became known, which is later than the features, and on other days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets.lake.read import to_pandas
from lakehouse_assets.use_case.observations import Days, Source, labels

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
    return by_day(came.assign(day=came["label_day"]), plan)


def known(plan: Plan, source: Source, days: Days) -> pd.DataFrame:
    """The same of the predictions whose outcome became known on some days."""
    table = plan.declaration.key("delivery", "outcomes")
    if not source.lake.exists(table):
        return pd.DataFrame(columns=_columns(plan))
    return by_day(to_pandas(source.read("/".join(table), days)), plan)


def by_day(rows: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Outcomes by the day on which they became known: day, the group if rows hang together, and `label`."""
    rows = rows.assign(day=pd.to_datetime(rows["day"]).astype("datetime64[us]"))
    keys = [name for name in plan.declaration.keys if name in rows.columns]
    return rows.sort_values(["day", *keys], ignore_index=True)[_columns(plan)]


def _columns(plan: Plan) -> list[str]:
    group = plan.declaration.monitoring.group
    return ["day", *([group] if group else []), LABEL]
