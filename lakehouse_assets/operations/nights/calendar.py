"""Which night is due when. Pure functions."""

from __future__ import annotations

import functools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
#: Clocks jump by whole multiples of this.
QUARTER = timedelta(minutes=15)
#: Years over which a zone's clocks are looked at, always all of them: Cairo had no summer time in 2022 and had one in
#: 2023, and clocks looked at year by year made the last night of 2022 two.
YEARS = range(2020, 2041)
#: By the plant's clocks, when the night begins.
HOUR = 2


def night_at(tick: datetime, zone: ZoneInfo) -> date:
    """The day that the night beginning at a tick is about: the last one that has ended.

    By the plant's clocks, and by UTC as well: every daily partition opens when its day has ended in UTC, which east of
    Greenwich is hours after the plant's midnight. Where that is after the night's hour, be it in summer only, it is the
    day before, always: otherwise clocks that jump would leave a night out and ask for two in another.
    """
    before = ONE_DAY if _ahead(zone) > timedelta(hours=HOUR) else timedelta()
    return tick.astimezone(zone).date() - ONE_DAY - before


def nights_due(last: date | None, due: date) -> list[date]:
    """The nights to ask for, in order: all since the last one that was asked for; without any, only the one due."""
    first = due if last is None else last + ONE_DAY
    return [first + timedelta(days=n) for n in range((due - first).days + 1)]


def priority_of(day: date) -> str:
    """Dagster's priority of a night's run: of nights that wait, the older goes first, and before everything else."""
    return str(date(2200, 1, 1).toordinal() - day.toordinal())


def tick_before(moment: datetime, zone: ZoneInfo) -> datetime:
    """When the last night began, or was to begin, at or before a moment, in UTC."""
    day = moment.astimezone(zone).date()
    today = _begins(day, zone)
    return today if today <= moment else _begins(day - ONE_DAY, zone)


def tick_of(day: date, zone: ZoneInfo) -> datetime:
    """When the night of a day begins, or was to begin, in UTC.

    At the first time of the plant's clocks that there is from the night's hour on: of an hour that is left out, the
    moment after it, and of one that comes twice the second, as Dagster's schedule has it.
    """
    begins = _begins(day + ONE_DAY, zone)
    return begins if night_at(begins, zone) == day else _begins(day + 2 * ONE_DAY, zone)


def _begins(day: date, zone: ZoneInfo) -> datetime:
    clock = datetime(day.year, day.month, day.day, HOUR)
    while not _exists(clock, zone):
        clock += QUARTER
    return clock.replace(tzinfo=zone, fold=1).astimezone(UTC)


def _exists(clock: datetime, zone: ZoneInfo) -> bool:
    return clock.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == clock


@functools.cache
def _ahead(zone: ZoneInfo) -> timedelta:
    """How far the clocks ever are ahead of UTC."""
    months = (datetime(year, month, 1, tzinfo=zone) for year in YEARS for month in range(1, 13))
    return max(one.utcoffset() or timedelta() for one in months)
