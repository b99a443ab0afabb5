"""Which outcomes the reports of a day count: what became known in their window, of each prediction the newest.

A label that comes weeks after the row that tells it (a laboratory's finding, a file that was late) is news on the day
on which it comes; by the day of its row it would lie behind every window that could still see it. One that is corrected
stands in delivery/<use case>/outcomes a second time, if another day's row tells it: by then it has replaced the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lakehouse_assets.lake.partitioning.predicate import Interval
from lakehouse_assets.lake.reading.read import to_pandas

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.serving.prediction_time import PredictionTime
    from lakehouse_assets.use_case.observations import Source
    from lakehouse_assets.use_case.plan import Plan

KNOWN_AT = "label_known_at"


def known_on(nights: PredictionTime, label_day: pd.Series, known_at: pd.Series) -> pd.Series:
    """The day whose reports are the first to count an outcome.

    That of the row that tells it; if it was not there when the night after that one began, the day of the last night
    that had begun by then. So a day's reports know what was known before the next night.

    Args:
        nights: When the night of a day begins.
        label_day: n days, of the rows that tell the labels.
        known_at: n instants in UTC.

    Returns:
        n days (datetime64[us]) with the index of `label_day`.
    """
    own = pd.to_datetime(label_day).astype("datetime64[us]")
    if own.empty:
        return own
    known = pd.to_datetime(known_at, utc=True).dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    # A night begins within so many days of its own.
    first = pd.Timestamp(known.min()).normalize() - timedelta(days=nights.days_after + 2)
    days = pd.date_range(first, pd.Timestamp(known.max()).normalize() + timedelta(days=1), unit="us")
    begins = np.array([np.datetime64(nights.instant(day.date()).replace(tzinfo=None), "us") for day in days])
    begun = pd.Series(days[np.searchsorted(begins, known, side="right") - 1], index=own.index)
    return own.where(own >= begun, begun)


def read(plan: Plan, source: Source, first: date, last: date) -> pd.DataFrame:
    """The outcomes that reports of some days count, both included.

    Each stands on the `day` of the row that tells it: a report that is made again after a file was put right is as if
    the file had been right from the start. One that came later stands on the day on which it came as well (`known_on`),
    for it may lie behind every window that could see it by then. So a prediction may have several rows (`newest_by`).
    """
    key, nights = plan.declaration.key("delivery", "outcomes"), plan.declaration.prediction_time
    version = source.versions.get("/".join(key))
    # Rows of these days, and older ones that came on them.
    wanted = (
        {"day": (first, last + timedelta(days=1))},
        {"day": (None, first), KNOWN_AT: Interval(nights.instant(first), None)},
    )
    rows = pd.concat([to_pandas(source.lake.read(key, where=one, version=version)) for one in wanted])
    rows = rows.reset_index(drop=True)
    came = known_on(nights, rows["day"], rows[KNOWN_AT])
    own = pd.to_datetime(rows["day"]).astype("datetime64[us]")
    later = rows.assign(day=came)[came > own]
    found = pd.concat([rows.assign(day=own)[own >= pd.Timestamp(first)], later])
    return found[found["day"] <= pd.Timestamp(last)].reset_index(drop=True)


def newest_by(rows: pd.DataFrame, keys: Sequence[str], day: date) -> pd.DataFrame:
    """Of each prediction the outcome that became known last by the reports of a day; ordered by prediction.

    Resamples are drawn by place, so that the order in which a table happens to be read would be in their figures.
    """
    known, prediction = rows[rows["day"] <= pd.Timestamp(day)], [*keys, "predicted_day"]
    return newest(known, prediction).sort_values(prediction)


def resampled_by(plan: Plan) -> str | None:
    """The column of outcomes by which they hang together as the evaluation's rows do; None: each by itself.

    Where these do by their `day`, outcomes do by the one that was predicted: theirs is that on which they became known,
    and those of a week that came at once would be one.
    """
    told = plan.declaration.evaluation.resample_by
    return "predicted_day" if told == "day" else told


def newest(rows: pd.DataFrame, prediction: Sequence[str]) -> pd.DataFrame:
    """Of the rows with the same `prediction` columns the one that became known last."""
    ordered = rows.sort_values(KNOWN_AT, kind="stable")
    return rows.loc[ordered.drop_duplicates(list(prediction), keep="last").index.sort_values()]
