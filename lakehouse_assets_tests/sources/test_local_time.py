"""Local stamps of intervals, through midnight and the days on which clocks jump."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.sources.local_time import interval_ends, intervals_in

FORMAT, QUARTER = "%d/%m/%Y %H:%M", timedelta(minutes=15)
BERLIN = ZoneInfo("Europe/Berlin")


def stamps_of(day: date, zone: ZoneInfo) -> list[str]:
    """What a meter writes that stamps the end of each quarter hour and means 24:00 by 00:00 of the same day."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
    ends = [(start + QUARTER * n).astimezone(zone) for n in range(1, intervals_in(day, zone, QUARTER) + 1)]
    return [(end if end.date() == day else end - timedelta(days=1)).strftime(FORMAT) for end in ends]


def ends_of(stamps: list[str], zone: ZoneInfo) -> pd.Series:
    raw = pd.DataFrame({"file": "f", "line": range(2, len(stamps) + 2), "stamp": stamps})
    return interval_ends(raw, "stamp", FORMAT, zone)


@pytest.mark.parametrize(
    ("day", "quarters"), [(date(2024, 3, 31), 92), (date(2024, 6, 1), 96), (date(2024, 10, 27), 100)]
)
def test_a_day_in_berlin_has_as_many_quarter_hours_as_its_clock_leaves_it(day: date, quarters: int) -> None:
    ends = ends_of(stamps_of(day, BERLIN), BERLIN)
    midnight = datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    assert ends.tolist() == [pd.Timestamp(midnight + QUARTER * n) for n in range(1, quarters + 1)]


def test_the_last_reading_of_a_day_stamped_00_00_of_the_same_day_ends_that_day() -> None:
    ends = ends_of(["01/01/2018 23:45", "01/01/2018 00:00", "02/01/2018 00:15"], ZoneInfo("Asia/Seoul"))
    assert ends.diff().dropna().tolist() == [QUARTER, QUARTER]
    assert ends.iloc[1] == pd.Timestamp("2018-01-01T15:00Z")


def test_a_time_that_the_clock_skips_has_no_instant() -> None:
    assert ends_of(["31/03/2024 02:30"], BERLIN).isna().all()


def test_the_order_of_lines_tells_the_first_two_oclock_from_the_second_whatever_the_order_of_rows() -> None:
    raw = pd.DataFrame({"file": "f", "line": [9, 5], "stamp": ["27/10/2024 02:30"] * 2})
    ends = interval_ends(raw, "stamp", FORMAT, BERLIN)
    assert ends.tolist() == [pd.Timestamp("2024-10-27T01:30Z"), pd.Timestamp("2024-10-27T00:30Z")]


@settings(max_examples=40, deadline=None)
@given(
    st.dates(date(2018, 1, 1), date(2026, 12, 31)),
    st.sampled_from(["Asia/Seoul", "Europe/Berlin", "America/New_York", "Australia/Adelaide", "UTC"]),
)
def test_what_a_meter_stamps_is_read_as_the_instants_that_it_meant(day, zone):
    ends = ends_of(stamps_of(day, ZoneInfo(zone)), ZoneInfo(zone))
    start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert ends.tolist() == [pd.Timestamp(start + QUARTER * n) for n in range(1, len(ends) + 1)]
