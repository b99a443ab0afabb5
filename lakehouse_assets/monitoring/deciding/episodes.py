"""Episodes: how long a signal has been bad without a calm stretch between, seen from its newest report.

A signal is a monitored column, or the performance. One stable report in the middle of a drift ends nothing: values near
a threshold flicker, and every flicker would be a new reason to train.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

BAD, CALM, UNKNOWN = "bad", "calm", "unknown"


@dataclass(frozen=True)
class Episode:
    """A signal that is bad now, and since which report it has been so."""

    signal: str
    since: date


@dataclass(frozen=True)
class Signals:
    """What the reports say now: which signals are violated, and which are bad but not for long enough."""

    newest: date | None
    violated: tuple[Episode, ...]
    beginning: tuple[str, ...]
    unknown: tuple[str, ...]


def signals_of(reports: pd.DataFrame, at_least: int, of_last: int, calm: int) -> Signals:
    """Find what is violated: bad in at least k of the last n reports, and in the newest.

    Args:
        reports: day, signal, state (`BAD`, `CALM`, `UNKNOWN`), in any order; of a day told twice the last row counts.
        at_least: k.
        of_last: n, counted in reports of any signal.
        calm: So many calm reports in a row end an episode.
    """
    states: dict[str, dict[date, str]] = {}
    for day, signal, state in zip(reports["day"], reports["signal"], reports["state"], strict=True):
        states.setdefault(str(signal), {})[_date(day)] = str(state)
    days = sorted({day for told in states.values() for day in told})
    if not days:
        return Signals(None, (), (), ())
    violated, beginning, unknown = [], [], []
    for signal, told in sorted(states.items()):
        newest = told.get(days[-1], UNKNOWN)
        if newest == UNKNOWN:
            unknown.append(signal)
        elif newest == BAD and sum(told.get(day) == BAD for day in days[-of_last:]) >= at_least:
            violated.append(Episode(signal, days[_since([told.get(day, UNKNOWN) for day in days], calm)]))
        elif newest == BAD:
            beginning.append(signal)
    return Signals(days[-1], tuple(violated), tuple(beginning), tuple(unknown))


def _date(day: date | datetime) -> date:
    return day.date() if isinstance(day, datetime) else day


def _since(states: Sequence[str], calm: int) -> int:
    """The first bad report that no calm stretch parts from the newest, which is bad."""
    first, quiet = len(states) - 1, 0
    for place in range(len(states) - 1, -1, -1):
        if states[place] == BAD:
            first, quiet = place, 0
        elif states[place] == CALM:
            quiet += 1
            if quiet >= calm:
                break
    return first
