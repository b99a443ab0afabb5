"""Which night is due at a tick, and which nights were missed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.operations.nights.calendar import night_at, nights_due, priority_of, tick_before, tick_of

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
