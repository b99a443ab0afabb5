"""What is to be looked into is told once: neither a fault that is over nor one that comes between parts an episode."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pandas as pd

from lakehouse_assets.monitoring.deciding.decision import Decision, Policy
from lakehouse_assets.monitoring.deciding.history import FAILED, SUCCEEDED, Training
from lakehouse_assets_tests.monitoring.deciding.decision_cases import FIRST, NOW, asked, history, reports

AT_ONCE = Policy(learn_days=0, cool_down_days=30)


@dataclass
class Nights:
    """Nights after each other: what the reports say, what was decided, and what became of the trainings."""

    made: list[Decision] = field(default_factory=list)
    trainings: list[Training] = field(default_factory=list)
    reported: list[pd.DataFrame] = field(default_factory=list)

    def night(self, **verdicts: str) -> str:
        """One more report of each column, and the decision on it."""
        day = FIRST + timedelta(days=len(self.reported))
        told = [reports(verdict, column=column, start=day) for column, verdict in verdicts.items()]
        self.reported.append(pd.concat(told))
        return self.look(hours=0)

    def look(self, hours: int) -> str:
        """A look so many hours after the newest report."""
        now = NOW + timedelta(days=len(self.reported), hours=hours)
        known = history(pd.concat(self.reported), made=tuple(self.made), trainings=tuple(self.trainings), new_rows=100)
        self.made.append(asked(known, AT_ONCE, now))
        return self.made[-1].decision

    def training(self, status: str, hours: int, promoted: bool | None = None) -> None:
        """What became of the newest that was asked for, so many hours after the newest report."""
        ended: datetime = NOW + timedelta(days=len(self.reported), hours=hours)
        day: date = FIRST + timedelta(days=len(self.reported) - 1)
        key = next(one.run_key for one in reversed(self.made) if one.run_key)
        self.trainings.append(Training("r", status, key, ended_at=ended, promoted=promoted, day=day))


def nights(*verdicts: Mapping[str, str]) -> Nights:
    played = Nights()
    for one in verdicts:
        played.night(**one)
    return played


def test_a_fault_that_is_over_and_was_trained_after_is_not_told_anew_while_a_failed_training_waits() -> None:
    played = nights({"a": "drift", "b": "stable"}, {"a": "drift", "b": "stuck"})
    assert played.made[-1].decision == "investigate"
    assert played.night(a="drift", b="stable") == "retrain"
    played.training(FAILED, hours=1)
    assert played.look(hours=1) == "wait"
    assert "tried again at" in played.made[-1].reason
    assert played.look(hours=3) == "retrain"


def test_a_fault_between_does_not_end_what_the_gate_refused() -> None:
    played = nights({"a": "drift", "b": "stable"}, {"a": "drift", "b": "stable"})
    played.training(SUCCEEDED, hours=1, promoted=False)
    assert played.look(hours=2) == "investigate"
    later = [("drift", "stuck"), ("stable", "stable"), ("stable", "stable"), ("drift", "stable")]
    said = [played.night(a=a, b=b) for a, b in later]
    assert said == ["investigate"] * 4


def test_a_fault_that_nobody_was_told_of_is_not_told_when_it_is_over() -> None:
    played = nights({"a": "stable", "b": "stuck"})
    played.made.clear()
    assert played.night(a="stable", b="stable") == "wait"
