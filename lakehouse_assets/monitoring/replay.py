"""What a retraining policy would have done: past days played as nights, each knowing only what was known then.

Night of day d: outcomes and reports of days before d are known; the policy decides; a model trained now learns from
days before d; then d is predicted. All policies play the same days and share what was trained.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from lakehouse_assets.monitoring.decision import Decision, Policy, decide
from lakehouse_assets.monitoring.history import RETRAIN, SUCCEEDED, History, Training

if TYPE_CHECKING:
    import pandas as pd

M = TypeVar("M")
Floats = npt.NDArray[np.float64]

#: Days after a retraining on which the model before it is tried beside the new one, and what counts as better.
HINDSIGHT_DAYS, HELPED = 14, 0.01


@dataclass(frozen=True)
class Never:
    """Train once."""


@dataclass(frozen=True)
class Every:
    """Train again every so many days."""

    days: int


AnyPolicy = Never | Every | Policy


@dataclass(frozen=True)
class Stage(Generic[M]):
    """What is played with.

    `train(day)` learns from days before `day`. `predict(model, day)` and `truth(day)` give n values.
    `drift_report(model, day)` gives column_name and verdict of the window that ends with `day`.
    `performance(model, errors)` gives the verdict on the daily errors of this model so far, oldest first.
    `rows_before(day)` counts what there is to learn from.
    """

    train: Callable[[date], M]
    predict: Callable[[M, date], Floats]
    truth: Callable[[date], Floats]
    drift_report: Callable[[M, date], pd.DataFrame] | None = None
    performance: Callable[[M, list[float]], str] | None = None
    rows_before: Callable[[date], int] | None = None


@dataclass(frozen=True)
class Retraining:
    """One of a replay: on which night, why, its CPU seconds, and the error of the days after it with and without it."""

    day: date
    reason: str
    cpu_seconds: float
    error_with: float
    error_without: float

    @property
    def helped(self) -> bool:
        """Whether the days after it were better for it."""
        return self.error_with < (1 - HELPED) * self.error_without


@dataclass
class Replayed:
    """What a policy did: the mean absolute error of each day, the retrainings after the first, and all decisions."""

    name: str
    errors: dict[date, float] = field(default_factory=dict)
    rows: dict[date, int] = field(default_factory=dict)
    retrainings: list[Retraining] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def error(self, first: date = date.min, last: date = date.max) -> float:
        """Mean absolute error over all rows of the days, both included; NaN without any."""
        days = [day for day in self.errors if first <= day <= last]
        rows = sum(self.rows[day] for day in days)
        return sum(self.errors[day] * self.rows[day] for day in days) / rows if rows else float("nan")

    @property
    def false_alarms(self) -> int:
        """Retrainings after which the days were no better than without them."""
        return sum(not one.helped for one in self.retrainings)


class _Theatre(Generic[M]):
    """The stage with what it has shown kept: models by their day, errors of a model on a day, reports."""

    def __init__(self, stage: Stage[M]) -> None:
        self.stage = stage
        self._models: dict[date, tuple[M, float]] = {}
        self._errors: dict[tuple[date, date], tuple[float, int]] = {}
        self._reports: dict[tuple[date, date], pd.DataFrame] = {}

    def model(self, trained: date) -> tuple[M, float]:
        """The model of a day and its cost in CPU seconds."""
        if trained not in self._models:
            begun = time.process_time()
            model = self.stage.train(trained)
            self._models[trained] = model, time.process_time() - begun
        return self._models[trained]

    def error(self, trained: date, day: date) -> tuple[float, int]:
        """Mean absolute error of a day by the model of another, and its rows; rows without a truth are left out."""
        if (trained, day) not in self._errors:
            off = np.abs(self.stage.predict(self.model(trained)[0], day) - self.stage.truth(day))
            known = off[np.isfinite(off)]
            self._errors[trained, day] = (float(known.mean()) if len(known) else 0.0, len(known))
        return self._errors[trained, day]

    def report(self, trained: date, day: date) -> pd.DataFrame | None:
        """The drift report of a day against the reference of a model."""
        if self.stage.drift_report is None:
            return None
        if (trained, day) not in self._reports:
            self._reports[trained, day] = self.stage.drift_report(self.model(trained)[0], day)
        return self._reports[trained, day]


def replay(stage: Stage[M], policies: Mapping[str, AnyPolicy], first: date, last: date) -> list[Replayed]:
    """Play the nights of all days from the first, on which the first model is trained, to the last.

    Returns:
        One per policy, in their order.
    """
    theatre = _Theatre(stage)
    return [_played(theatre, name, policy, first, last) for name, policy in policies.items()]


def summary(played: list[Replayed], first: date = date.min, last: date = date.max) -> pd.DataFrame:
    """Policy, error, retrainings, training_cpu_s, false_alarms of the days from first to last."""
    import pandas as pd

    told = []
    for one in played:
        own = [done for done in one.retrainings if first <= done.day <= last]
        cost = round(sum(done.cpu_seconds for done in own), 1)
        told.append((one.name, one.error(first, last), len(own), cost, sum(not done.helped for done in own)))
    return pd.DataFrame(told, columns=["policy", "error", "retrainings", "training_cpu_s", "false_alarms"])


def _played(theatre: _Theatre[M], name: str, policy: AnyPolicy, first: date, last: date) -> Replayed:
    done, nights = Replayed(name), _Nights()
    trained = first
    for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
        reason = _reason(theatre, policy, done, nights, trained, day)
        if reason is not None:
            before, trained = trained, day
            done.retrainings.append(_retraining(theatre, before, day, reason, last))
            nights.retrained(day)
        done.errors[day], done.rows[day] = theatre.error(trained, day)
    return done


def _reason(
    theatre: _Theatre[M], policy: AnyPolicy, done: Replayed, nights: _Nights, trained: date, day: date
) -> str | None:
    """Why to train on this night; None to go on."""
    if day == trained or isinstance(policy, Never):
        return None
    if isinstance(policy, Every):
        return f"every {policy.days} days" if (day - trained).days >= policy.days else None
    yesterday = day - timedelta(days=1)
    if policy.on_drift:
        nights.reported(yesterday, theatre.report(trained, yesterday))
    if policy.on_performance and theatre.stage.performance is not None:
        errors = [done.errors[one] for one in sorted(done.errors) if one >= trained]
        nights.measured(yesterday, theatre.stage.performance(theatre.model(trained)[0], errors))
    if theatre.stage.rows_before is not None:
        nights.learned = theatre.stage.rows_before(trained)
        nights.new = theatre.stage.rows_before(day) - nights.learned
    decision = decide(nights.history(), policy, "replay", datetime.combine(day, datetime.min.time(), UTC))
    done.decisions.append(decision)
    if decision.decision != RETRAIN:
        return None
    nights.decided(decision)
    return decision.reason


@dataclass
class _Nights:
    """What the decision is made from, as far as the nights have come; every retraining here is promoted."""

    version: int = 1
    learned: int | None = None
    new: int | None = None
    reports: list[tuple[date, int, str, str]] = field(default_factory=list)
    performance: list[tuple[date, int, str]] = field(default_factory=list)
    trainings: list[Training] = field(default_factory=list)
    asked: list[Decision] = field(default_factory=list)

    def reported(self, day: date, report: pd.DataFrame | None) -> None:
        if report is not None:
            told = zip(report["column_name"], report["verdict"], strict=True)
            self.reports += [(day, self.version, str(name), str(verdict)) for name, verdict in told]

    def measured(self, day: date, verdict: str) -> None:
        self.performance.append((day, self.version, verdict))

    def decided(self, decision: Decision) -> None:
        self.asked.append(decision)

    def retrained(self, day: date) -> None:
        key = self.asked[-1].run_key if self.asked else None
        self.trainings.append(Training(f"night-{day}", SUCCEEDED, key, promoted=True, day=day))
        self.version += 1
        self.reports.clear()
        self.performance.clear()

    def history(self) -> History:
        import pandas as pd

        reports = pd.DataFrame(self.reports, columns=["day", "model_version", "column_name", "verdict"])
        performance = pd.DataFrame(self.performance, columns=["day", "model_version", "verdict"])
        asked = pd.DataFrame([vars(one) | {"signals": ", ".join(one.signals)} for one in self.asked])
        return History(reports, performance, asked, self.trainings, self.version, self.new, self.learned)


def _retraining(theatre: _Theatre[M], before: date, day: date, reason: str, last: date) -> Retraining:
    after = [day + timedelta(days=n) for n in range(HINDSIGHT_DAYS) if day + timedelta(days=n) <= last]

    def error(trained: date) -> float:
        found = [theatre.error(trained, one) for one in after]
        return sum(mean * rows for mean, rows in found) / max(sum(rows for _, rows in found), 1)

    return Retraining(day, reason, theatre.model(day)[1], error(day), error(before))
