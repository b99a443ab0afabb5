"""What a retraining policy would have done: past days played as nights, each knowing only what was known then.

Night of day d: reports and outcomes of the nights before are known; the policy decides; a model trained now learns from
what is known now; then d is predicted. All policies play a night before the next one begins, and share what was
trained: should the time that was given run out, they have all come equally far.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from lakehouse_assets.monitoring.deciding.decision import Policy, decide
from lakehouse_assets.monitoring.deciding.history import RETRAIN
from lakehouse_assets.monitoring.replays.replay_results import Replayed, Retraining
from lakehouse_assets.monitoring.replays.replayed_nights import Nights

if TYPE_CHECKING:
    import pandas as pd

M = TypeVar("M")
Floats = npt.NDArray[np.float64]
Progress = Callable[[str], None]

#: Days after a retraining on which the model before it is tried beside the new one.
HINDSIGHT_DAYS = 14


@dataclass(frozen=True)
class Never:
    """Train once."""


@dataclass(frozen=True)
class Every:
    """Train again every so many days."""

    days: int

    def __post_init__(self) -> None:
        """Refuse what would train on no night.

        Raises:
            ValueError: fewer than one day.
        """
        if self.days < 1:
            raise ValueError(f"every {self.days} days; expected 1 or more")


AnyPolicy = Never | Every | Policy


@dataclass(frozen=True)
class Stage(Generic[M]):
    """What is played with.

    `train(day)` learns on the night of a day. `losses(model, day)` gives n losses of its predictions of a day, NaN
    where no truth is known. `drift_report(model, day, served)` gives column_name and verdict of the report of a day;
    `served` has the model of each night so far. `performance(model, day)` gives the verdict, by the night of a day, on
    a model that has served since it was trained. `rows_known(day)` counts what there is to learn from on a night,
    `learns_until(day)` is the last day of it (`History.learns_until`). `refusal(candidate, serving)` says why the gate
    refuses a model, None if it does not; without it every model that is trained serves.
    """

    train: Callable[[date], M]
    losses: Callable[[M, date], Floats]
    drift_report: Callable[[M, date, Mapping[date, M]], pd.DataFrame] | None = None
    performance: Callable[[M, date], str] | None = None
    rows_known: Callable[[date], int] | None = None
    learns_until: Callable[[date], date | None] | None = None
    refusal: Callable[[M, M], str | None] | None = None


def replay(
    stage: Stage[M],
    policies: Mapping[str, AnyPolicy],
    first: date,
    last: date,
    cpu_seconds: float = float("inf"),
    progress: Progress = lambda _: None,
) -> list[Replayed]:
    """Play the nights of all days from the first, on which the first model is trained, to the last.

    Args:
        stage: What is played with.
        policies: Name -> policy.
        first: The first night.
        last: The last one.
        cpu_seconds: No night but the first begins after so many.
        progress: Is told every night.

    Returns:
        One per policy, in their order, all of the same days; fewer than asked for where the CPU seconds ran out.
    """
    theatre, begun = _Theatre(stage), time.process_time()
    players = [_Player(theatre, Replayed(name), policy, first) for name, policy in policies.items()]
    played = first - timedelta(days=1)
    for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
        spent = time.process_time() - begun
        if spent > cpu_seconds and day > first:
            progress(f"{day}: stopped, {spent:.0f} CPU seconds are used")
            break
        told = [f"{one.done.name} trains again ({reason})" for one in players if (reason := one.night(day))]
        progress(f"{day}: {'; '.join(told) or 'no policy trains'}")
        played = day
    for one in players:
        one.look_back(played)
    return [one.done for one in players]


class _Theatre(Generic[M]):
    """The stage with what all policies share kept: models by their night, and what they came to."""

    def __init__(self, stage: Stage[M]) -> None:
        self.stage = stage
        self._models: dict[date, tuple[M, float]] = {}
        self._errors: dict[tuple[date, date], tuple[float, int]] = {}
        self._performance: dict[tuple[date, date], str] = {}
        self._until: dict[date, date | None] = {}
        self._refusals: dict[tuple[date, date], str | None] = {}

    def model(self, trained: date) -> tuple[M, float]:
        """The model of a night and its cost in CPU seconds."""
        if trained not in self._models:
            begun = time.process_time()
            model = self.stage.train(trained)
            self._models[trained] = model, time.process_time() - begun
        return self._models[trained]

    def error(self, trained: date, day: date) -> tuple[float, int]:
        """Mean loss of a day by the model of a night, and its rows; rows without a truth are left out."""
        if (trained, day) not in self._errors:
            losses = self.stage.losses(self.model(trained)[0], day)
            known = losses[np.isfinite(losses)]
            self._errors[trained, day] = (float(known.mean()) if len(known) else 0.0, len(known))
        return self._errors[trained, day]

    def performance(self, trained: date, day: date) -> str | None:
        """The verdict on the model of a night by another; None where nobody measures."""
        if self.stage.performance is None:
            return None
        if (trained, day) not in self._performance:
            self._performance[trained, day] = self.stage.performance(self.model(trained)[0], day)
        return self._performance[trained, day]

    def learns_until(self, day: date) -> date | None:
        """The last day that a training on a night would learn from."""
        if day not in self._until:
            self._until[day] = self.stage.learns_until(day) if self.stage.learns_until else None
        return self._until[day]

    def refusal(self, candidate: date, serving: date) -> str | None:
        """Why the gate refuses the model of a night to serve in the place of another."""
        if self.stage.refusal is None:
            return None
        if (candidate, serving) not in self._refusals:
            self._refusals[candidate, serving] = self.stage.refusal(self.model(candidate)[0], self.model(serving)[0])
        return self._refusals[candidate, serving]


@dataclass
class _Player(Generic[M]):
    """A policy on its way through the nights."""

    theatre: _Theatre[M]
    done: Replayed
    policy: AnyPolicy
    trained: date
    nights: Nights = field(default_factory=Nights)
    tried: date = date.min
    served: dict[date, M] = field(default_factory=dict)
    trainings: list[tuple[date, date, str]] = field(default_factory=list)

    def night(self, day: date) -> str | None:
        """Decide, train, predict; the reason if it trains again."""
        reason = self._reason(day)
        if reason is not None:
            self._train(day, reason)
        self.done.errors[day], self.done.rows[day] = self.theatre.error(self.trained, day)
        self.served[day] = self.theatre.model(self.trained)[0]
        return reason

    def _train(self, day: date, reason: str) -> None:
        refused, self.tried = self.theatre.refusal(day, self.trained), day
        if refused is not None:
            self.done.refused[day] = refused
            self.nights.refused(day)
            return
        self.trainings.append((self.trained, day, reason))
        self.nights.retrained(day)
        self.trained = day

    def look_back(self, last: date) -> None:
        """What the retrainings came to, once it is known."""
        for before, day, reason in self.trainings:
            after = [one for n in range(HINDSIGHT_DAYS) if (one := day + timedelta(days=n)) <= last]
            told = (self._error(trained, after) for trained in (day, before))
            self.done.retrainings.append(Retraining(day, reason, self.theatre.model(day)[1], *told))

    def _error(self, trained: date, days: Sequence[date]) -> float:
        found = [self.theatre.error(trained, one) for one in days]
        rows = sum(known for _, known in found)
        return sum(mean * known for mean, known in found) / rows if rows else float("nan")

    def _reason(self, day: date) -> str | None:
        """Why to train on this night; None to go on."""
        policy, stage = self.policy, self.theatre.stage
        if day == self.trained or isinstance(policy, Never):
            return None
        if isinstance(policy, Every):
            last = max(self.trained, self.tried)
            return f"every {policy.days} days" if (day - last).days >= policy.days else None
        before = day - timedelta(days=1)
        if policy.on_drift and stage.drift_report is not None:
            model = self.theatre.model(self.trained)[0]
            self.nights.reported(before, stage.drift_report(model, before, self.served))
        if policy.on_performance and (verdict := self.theatre.performance(self.trained, before)) is not None:
            self.nights.measured(before, verdict)
        if stage.rows_known is not None:
            self.nights.counted(before, stage.rows_known(self.trained), stage.rows_known(day))
        self.nights.learns_until = self.theatre.learns_until(day)
        decision = decide(self.nights.history(), policy, "replay", datetime.combine(day, datetime.min.time(), UTC))
        self.done.decisions.append(decision)
        if decision.decision != RETRAIN:
            return None
        self.nights.asked.append(decision)
        return decision.reason
