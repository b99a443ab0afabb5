"""The declared clock of the turbofan fleets: one cycle is one day.

C-MAPSS has no calendar. So that its rows can lie in daily partitions beside those of other sources, cycle n of a
cohort is declared to be day n of its fleet. This is declared, not measured: nothing may be concluded from the
weekday or season of such a row.
"""

from collections.abc import Mapping
from datetime import date, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from lakehouse_assets.sources.known import Availability
from lakehouse_assets.sources.turbofan.names import TurbofanFile

FIRST_DAY = date(2024, 1, 1)
"""Day 1 of every fleet that declares no other, and the first day of the simulated plant."""

KNOWN = Availability(ZoneInfo("UTC"), days_after=1, at=time(0, 30))
"""A day's rows are declared to arrive half an hour after it has ended; all of them are a history loaded later."""

FIRST_DAYS: Mapping[str, date] = MappingProxyType({})
"""Fleets whose first day is declared to be another one, by name."""


def first_day(fleet: str, declared: Mapping[str, date] = FIRST_DAYS) -> date:
    """The day of a fleet's cycle 1."""
    return declared.get(fleet, FIRST_DAY)


def day_of_cycle(fleet: str, cycle: int, declared: Mapping[str, date] = FIRST_DAYS) -> date:
    """The day of a cohort's cycle (counted from 1, unit: cycles)."""
    return first_day(fleet, declared) + timedelta(days=cycle - 1)


def cycle_of_day(fleet: str, day: date, declared: Mapping[str, date] = FIRST_DAYS) -> int:
    """The cycle that a cohort flies on a day; below 1 before the fleet's first day."""
    return (day - first_day(fleet, declared)).days + 1


def day_of(file: TurbofanFile, cycle: int, declared: Mapping[str, date] = FIRST_DAYS) -> date:
    """The day of a row: the day in a daily file's name, else the declared day of its cycle."""
    return file.day if file.day is not None else day_of_cycle(file.fleet, cycle, declared)
