"""Which night is due at a tick, and which nights were missed."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dagster._utils.schedules import schedule_execution_time_iterator
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.operations.nights.calendar import HOUR, night_at, nights_due, priority_of, tick_before, tick_of

ZONES = [
    "UTC",
    "Europe/Berlin",
    "Asia/Seoul",
    "America/Chicago",
    "Pacific/Auckland",
    "Australia/Lord_Howe",
    "Europe/Helsinki",
    "Asia/Jerusalem",
]
#: Whose rules are unlike others': summer time that Ramadan interrupts, half an hour of it, a jump at midnight or of two
#: hours, a country that gave it up (2021, 2022) or took it up again (2023).
UNUSUAL = [
    "Africa/Casablanca",
    "Africa/Cairo",
    "America/Santiago",
    "Antarctica/Troll",
    "Asia/Amman",
    "Asia/Gaza",
    "Pacific/Apia",
    "Pacific/Chatham",
]
TEN_YEARS = [date(2020, 1, 1) + timedelta(days=n) for n in range(3653)]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Chicago"])
def test_the_night_is_about_the_plant_s_day_before(zone: str) -> None:
    tick = datetime(2024, 7, 5, 2, tzinfo=ZoneInfo(zone))
    assert night_at(tick.astimezone(UTC), ZoneInfo(zone)) == date(2024, 7, 4)


def test_east_of_greenwich_it_is_about_the_last_day_that_has_ended_in_utc_too() -> None:
    zone = ZoneInfo("Asia/Seoul")
    assert night_at(datetime(2024, 7, 5, 2, tzinfo=zone), zone) == date(2024, 7, 3)


@given(st.sampled_from(ZONES), st.dates(date(2023, 1, 1), date(2026, 12, 31)))
def test_a_night_s_day_has_ended_everywhere_and_the_next_night_is_about_the_next_day(zone: str, day: date) -> None:
    clock = ZoneInfo(zone)
    first, second = (datetime(day.year, day.month, day.day, 2, tzinfo=clock) + timedelta(days=n) for n in (0, 1))
    about = night_at(first.astimezone(UTC), clock)
    assert night_at(second.astimezone(UTC), clock) == about + timedelta(days=1)
    end = datetime(about.year, about.month, about.day, tzinfo=UTC) + timedelta(days=1)
    assert end <= first.astimezone(UTC)
    assert about < first.date()


@given(st.sampled_from(ZONES), st.dates(date(2023, 1, 1), date(2026, 12, 31)), st.integers(0, 24 * 60 - 1))
def test_each_day_s_night_begins_once_and_the_last_one_that_began_is_found(zone: str, day: date, minute: int) -> None:
    clock = ZoneInfo(zone)
    begins, next_one = tick_of(day, clock), tick_of(day + timedelta(days=1), clock)
    assert night_at(begins, clock) == day
    assert tick_before(begins, clock) == begins
    assert tick_before(begins - timedelta(seconds=1), clock) == tick_of(day - timedelta(days=1), clock)
    moment = begins + timedelta(minutes=minute)
    assert tick_before(moment, clock) == (next_one if moment >= next_one else begins)


@pytest.mark.parametrize("zone", [*ZONES, *UNUSUAL])
def test_each_day_of_ten_years_has_one_tick_in_order_at_the_first_time_there_is_from_two_on(zone: str) -> None:
    clock = ZoneInfo(zone)
    ticks = [tick_of(day, clock) for day in TEN_YEARS]
    assert [night_at(tick, clock) for tick in ticks] == TEN_YEARS
    assert all(timedelta(hours=22) <= later - tick <= timedelta(hours=26) for tick, later in pairwise(ticks))
    for day, tick in zip(TEN_YEARS, ticks, strict=True):
        assert tick >= datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1), "its day has ended"
        wall = tick.astimezone(clock).replace(tzinfo=None)
        declared = wall.replace(hour=HOUR, minute=0)
        between = [declared + timedelta(minutes=n) for n in range(int((wall - declared).total_seconds() // 60))]
        assert wall >= declared
        assert not any(is_shown(one, clock) for one in between), f"{day} could begin before {wall}"


@pytest.mark.parametrize("zone", [*ZONES, *UNUSUAL])
def test_the_schedule_ticks_once_for_each_day_and_is_never_more_than_an_hour_off(zone: str) -> None:
    """Dagster takes every summer time to be added to winter's: Morocco's clocks it reads an hour wrong on one day."""
    clock, off = ZoneInfo(zone), dict[date, timedelta]()
    start = tick_of(TEN_YEARS[0], clock) - timedelta(hours=2)
    ticks = schedule_execution_time_iterator(start.timestamp(), f"0 {HOUR} * * *", zone, ascending=True)
    for day, tick in zip(TEN_YEARS, (one.astimezone(UTC) for one in ticks), strict=False):
        assert night_at(tick, clock) == day
        if tick != tick_of(day, clock):
            off[day] = abs(tick - tick_of(day, clock))
    assert set(off.values()) <= {timedelta(hours=1)}
    assert len(off) == (10 if zone in ("Africa/Casablanca", "Antarctica/Troll") else 0)


def is_shown(wall: datetime, clock: ZoneInfo) -> bool:
    """Whether the plant's clocks ever show this."""
    return wall.replace(tzinfo=clock).astimezone(UTC).astimezone(clock).replace(tzinfo=None) == wall


def test_the_first_night_is_the_one_that_is_due_and_later_ones_begin_after_the_last() -> None:
    due = date(2024, 3, 5)
    assert nights_due(None, due) == [due]
    assert nights_due(date(2024, 3, 2), due) == [date(2024, 3, 3), date(2024, 3, 4), due]
    assert nights_due(due, due) == []
    assert nights_due(date(2024, 3, 9), due) == []


def test_of_nights_that_wait_the_older_goes_first_and_before_other_runs() -> None:
    days = [date(2024, 3, 5), date(2018, 1, 1), date(2150, 1, 1)]
    assert sorted(days) == sorted(days, key=lambda day: -int(priority_of(day)))
    assert all(int(priority_of(day)) > 1000 for day in days)
