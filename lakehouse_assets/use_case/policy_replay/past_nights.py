"""The past of a use case as its nights saw it: read from the lake once, then cut by what was known when.

A night of day d is at the time of prediction of d's rows. What it may learn from, score and compare with follows from
`predicted_at` and `label_known_at` alone; the features are those of the point-in-time join, as in every training.
Values that a table replaced since then are seen as they are now: a view that keeps both, by `known_at`, shows each
night its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lakehouse_assets.lifecycle.serving.retrieval import features_at
from lakehouse_assets.use_case.observations import Days, labels, observations
from lakehouse_assets.use_case.policy_replay.refusal import ReplayRequestError
from lakehouse_assets.use_case.serving.known_outcomes import known_on
from lakehouse_assets.use_case.training.labelled import known_by, learns_until
from lakehouse_assets.use_case.watching.watched import measured

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.use_case.plan import Plan


@dataclass(frozen=True)
class PastNights:
    """All that the nights up to a last one saw, and what came.

    Attributes:
        plan: The use case.
        rows: Observations with features; label, label_known_at, and `known_on`, the day whose reports count the label
            first (null: none is known to this day); `night`, the day in whose night they are predicted: their own, or
            a later one if they came late.
        measurements: The monitored columns by key and day, with known_at where their table has it.
    """

    plan: Plan
    rows: pd.DataFrame
    measurements: pd.DataFrame

    @classmethod
    def read(cls, plan: Plan, lake: Lake, last: date) -> PastNights:
        """Read what the nights up to the last one saw.

        Raises:
            ReplayRequestError: the lake has no observations up to then.
        """
        declared, source, days = plan.declaration, plan.source(lake), Days(None, last)
        observed = observations(declared, plan.folder, source, days)
        if observed.empty:
            raise ReplayRequestError(f"{plan.name} has no observations up to {last}: there is nothing to replay")
        came = labels(declared, plan.folder, source, observed, Days())
        rows = features_at(lake, observed, plan.views).merge(
            came, on=[*declared.keys, "day"], how="left", validate="one_to_one"
        )
        told = rows[rows["label_known_at"].notna()]
        known = known_on(declared.prediction_time, told["label_day"], told["label_known_at"])
        rows = rows.assign(night=_nights(plan, rows), known_on=known.reindex(rows.index))
        table = declared.monitoring.table
        dated = ["known_at"] if table and "known_at" in lake.schema(table.split("/")).names else []
        found = measured(plan, source, rows, days, dated)
        return cls(plan, rows, found.assign(day=pd.to_datetime(found["day"]).astype("datetime64[us]")))

    def hold(self, lake: Lake, first: date, last: date) -> None:
        """Refuse nights that lie outside of what there is.

        Raises:
            ReplayRequestError: the first lies before all rows, or the last behind them.
        """
        plan, newest = self.plan, self.rows["day"].max().date()
        if first < self.first_day:
            raise ReplayRequestError(
                f"first_day {first}: the rows of {plan.name} begin on {self.first_day}; expected a later day, on which "
                "enough of them had a label to train a first model"
            )
        if newest < last:
            # A day of rest at the end has no rows either.
            later = observations(plan.declaration, plan.folder, plan.source(lake), Days(last, None))
            if not later["day"].ge(pd.Timestamp(last)).any():
                raise ReplayRequestError(
                    f"last_day {last}: the rows of {plan.name} end on {newest}; expected a day up to that, for nights "
                    "behind it predict nothing"
                )

    def instant(self, day: date) -> pd.Timestamp:
        """When the night of a day predicts; the time that its knowledge ends with."""
        return pd.Timestamp(self.plan.declaration.prediction_time.instant(day)).as_unit("us")

    def training_set(self, day: date) -> pd.DataFrame:
        """What a training on the night of a day is given: `labelled.training_set` as of its instant."""
        return known_by(self.plan.declaration, self.rows, self.instant(day))

    def rows_known(self, day: date) -> int:
        """How many rows that training set has."""
        return int(np.searchsorted(self._label_times, self.instant(day).to_datetime64(), side="right"))

    def learns_until(self, day: date) -> date | None:
        """The last day that a training on the night of a day learns from; None where whole entities are held out."""
        known = self._labelled[: self.rows_known(day)]
        return learns_until(self.plan.declaration, self.first_day, known["day"], known["label_known_at"])

    def of_night(self, day: date) -> pd.DataFrame:
        """The rows that the night of a day predicts."""
        return self._by_night.get(pd.Timestamp(day), self.rows.iloc[:0])

    def seen_before(self, day: date) -> pd.DataFrame:
        """All rows that nights before this one predicted."""
        return self.rows[self.rows["night"] < pd.Timestamp(day)]

    def outcomes(self, first: date, day: date) -> pd.DataFrame:
        """What the night of a day knows of the outcomes of all nights from the first on, as reports read them.

        `day` is the one whose reports count the label first, `predicted_day` the row's own.
        """
        past = self.rows[self.rows["night"].between(pd.Timestamp(first), pd.Timestamp(day))]
        known = past[past["label_known_at"] <= self.instant(day)]
        return known.rename(columns={"day": "predicted_day", "known_on": "day"})

    def measured_by(self, first: date, day: date) -> pd.DataFrame:
        """The measurements of days from the first to the last, both included, that the night of the last has."""
        found = self.measurements
        inside = found["day"].between(pd.Timestamp(first), pd.Timestamp(day))
        if self.plan.declaration.monitoring.table is None:
            inside &= found["night"] <= pd.Timestamp(day)
        elif "known_at" in found.columns:
            inside &= found["known_at"] <= self.instant(day)
        return found[inside]

    @cached_property
    def first_day(self) -> date:
        """The first day that there are rows of."""
        found: date = self.rows["day"].min().date()
        return found

    @cached_property
    def _by_night(self) -> Mapping[Any, pd.DataFrame]:
        return dict(list(self.rows.groupby("night", sort=False)))

    @cached_property
    def _labelled(self) -> pd.DataFrame:
        """Day and label_known_at of the rows that can ever be learned from, in the order in which that is known."""
        asked = self.rows[self.rows["label_known_at"] > self.rows["predicted_at"]]
        return asked[["day", "label_known_at"]].sort_values("label_known_at", kind="stable", ignore_index=True)

    @cached_property
    def _label_times(self) -> np.ndarray:
        times: np.ndarray = self._labelled["label_known_at"].to_numpy(dtype="datetime64[us]")
        return times


def _nights(plan: Plan, rows: pd.DataFrame) -> pd.Series:
    """The night in which each row is predicted: the first one, from that of its own day on, that had it."""
    at, own = rows["predicted_at"], pd.to_datetime(rows["day"])
    days = [own.min() + timedelta(days=n) for n in range((own.max() - own.min()).days + 1)]
    instants = np.array(
        [np.datetime64(plan.declaration.prediction_time.instant(day.date()).replace(tzinfo=None), "us") for day in days]
    )
    place = np.searchsorted(instants, at.to_numpy(dtype="datetime64[us]"), side="left")
    late = pd.Series(pd.DatetimeIndex([*days, days[-1] + timedelta(days=1)]).as_unit("us")[place], index=rows.index)
    return late.where(late > own, own).astype("datetime64[us]")
