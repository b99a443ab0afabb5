"""Episodes: how long a signal has been bad without a calm stretch between, seen from its newest report.

A signal is a monitored column, or the performance. One stable report in the middle of a drift ends nothing: values near
a threshold flicker, and every flicker would be a new reason to train. A long stretch without a verdict ends it: nobody
knows what the days between were like, and one bad report before it and one after are not two in a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from lakehouse_assets.monitoring.days import as_date

if TYPE_CHECKING:
    import pandas as pd

BAD, CALM, UNKNOWN = "bad", "calm", "unknown"
#: What was said so many days ago says nothing of today. An outage of some nights, which may be made up for later, joins
#: what lies before it with what lies after; more than a week parts them.
STALE_DAYS = 7


@dataclass(frozen=True)
class Episode:
    """A signal that is bad, and since which report it has been so."""

    signal: str
    since: date


@dataclass(frozen=True)
class Signals:
    """What the reports say now.

    Attributes:
        newest: Day of the newest report.
        violated: Bad now and in enough of the last reports.
        beginning: Bad now, and not for long enough.
        unknown: Of which the newest report says nothing.
        lingering: Not violated now, though in enough reports of an episode that no calm stretch has ended yet.
    """

    newest: date | None
    violated: tuple[Episode, ...]
    beginning: tuple[str, ...]
    unknown: tuple[str, ...]
    lingering: tuple[Episode, ...] = ()


NOTHING = Signals(None, (), (), ())


def signals_of(reports: pd.DataFrame, at_least: int, of_last: int, calm: int) -> Signals:
    """Find what is violated: bad in at least k of the last n reports, and in the newest.

    Args:
        reports: day, signal, state (`BAD`, `CALM`, `UNKNOWN`), in any order; of a day told twice the last row counts.
        at_least: k.
        of_last: n, counted in reports of any signal; none that more than `STALE_DAYS` without a verdict part from the
            newest counts.
        calm: So many calm reports in a row end an episode.
    """
    states: dict[str, dict[date, str]] = {}
    for day, signal, state in zip(reports["day"], reports["signal"], reports["state"], strict=True):
        states.setdefault(str(signal), {})[as_date(day)] = str(state)
    days = sorted({day for told in states.values() for day in told})
    if not days:
        return NOTHING
    violated, beginning, unknown, lingering = [], [], [], []
    for signal, told in sorted(states.items()):
        newest, known = told.get(days[-1], UNKNOWN), _unbroken(told, days[-1])
        bad = _bad_days(known, calm)
        if newest == BAD and sum(known.get(day) == BAD for day in days[-of_last:]) >= at_least:
            violated.append(Episode(signal, bad[0]))
            continue
        if len(bad) >= at_least:
            lingering.append(Episode(signal, bad[0]))
        if newest == UNKNOWN:
            unknown.append(signal)
        elif newest == BAD:
            beginning.append(signal)
    return Signals(days[-1], tuple(violated), tuple(beginning), tuple(unknown), tuple(lingering))


def _unbroken(told: Mapping[date, str], newest: date) -> dict[date, str]:
    """The verdicts that no long stretch without one parts from the newest report, the newest first."""
    found: dict[date, str] = {}
    after = newest
    for day in sorted((day for day, state in told.items() if state != UNKNOWN), reverse=True):
        if (after - day).days > STALE_DAYS:
            break
        found[day], after = told[day], day
    return found


def _bad_days(known: Mapping[date, str], calm: int) -> list[date]:
    """The bad days of the episode that is not over yet, the first of them first; none: it is over.

    Args:
        known: Verdicts, the newest first.
        calm: So many calm ones in a row end an episode.
    """
    bad: list[date] = []
    quiet = 0
    for day, state in known.items():
        quiet = 0 if state == BAD else quiet + 1
        if quiet >= calm:
            break
        if state == BAD:
            bad.append(day)
    return bad[::-1]
