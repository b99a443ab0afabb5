"""Outcomes that stop coming: since when none has become known, and whether that is much longer than usual."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import ceil

#: What a silence must be longer than, in days, though outcomes usually come every day: a lost weekend is no alarm.
LEAST_DAYS = 3
#: And how many times as long as usual.
TIMES_AS_LONG = 2
#: The share of outcomes that come within what is called usual: one outage long ago makes no long silence usual.
WITHIN_USUAL = 0.95


@dataclass(frozen=True)
class Silence:
    """No outcome for much longer than usual: so many days, since the last that one became known; what is usual."""

    days: int
    since: date
    usual: int

    @property
    def words(self) -> str:
        """As a reason says it. It names no number that moves on from day to day."""
        within = "a day" if self.usual == 1 else f"{self.usual} days"
        return (
            f"no outcome has become known since {self.since}, and usually one does within {within}: see why none comes"
        )


@dataclass(frozen=True)
class Coming:
    """How outcomes became known so far: when the newest did, and within how many days of each other they usually do."""

    last: date
    usual: int

    @classmethod
    def on(cls, days: Iterable[date]) -> Coming | None:
        """From the days on which outcomes became known, in any order; None where fewer than two tell nothing."""
        known = sorted(set(days))
        gaps = sorted((after - before).days for before, after in pairwise(known))
        return cls(known[-1], gaps[ceil(WITHIN_USUAL * len(gaps)) - 1]) if gaps else None

    def silence(self, day: date) -> Silence | None:
        """The silence by the end of a day; None while it is no longer than may be."""
        days = (day - self.last).days
        return Silence(days, self.last, self.usual) if days > max(TIMES_AS_LONG * self.usual, LEAST_DAYS) else None
