"""Since when a row is known."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.sources.known import Availability, known_at

SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")
CAME = pd.Timestamp("2026-05-04T10:00Z")


def known(day: date, first: bool, availability: Availability) -> pd.Timestamp:
    rows = pd.DataFrame({"day": [day], "held_since": [CAME], "is_first_delivery": [first]})
    return known_at(rows, availability).iloc[0]


def test_a_back_filled_row_is_known_from_its_declared_arrival_in_local_time() -> None:
    assert known(date(2018, 1, 1), True, Availability(SEOUL, 1, time(0, 30))) == pd.Timestamp("2018-01-01T15:30Z")


def test_the_declared_arrival_follows_the_clock_of_the_season() -> None:
    declared = Availability(BERLIN, 1, time(6)).declared
    assert declared(date(2024, 1, 10)) == datetime(2024, 1, 11, 5, tzinfo=UTC)
    assert declared(date(2024, 7, 10)) == datetime(2024, 7, 11, 4, tzinfo=UTC)


def test_a_correction_is_known_since_it_truly_came() -> None:
    assert known(date(2018, 1, 1), False, Availability(SEOUL, 1, time(0, 30))) == CAME


def test_from_the_day_that_a_source_is_connected_its_true_ingestion_counts() -> None:
    connected = Availability(SEOUL, 1, time(0, 30), connected_on=date(2018, 1, 2))
    assert known(date(2018, 1, 1), True, connected) == pd.Timestamp("2018-01-01T15:30Z")
    assert known(date(2018, 1, 2), True, connected) == CAME


def test_rows_may_not_be_known_before_their_day_has_ended() -> None:
    with pytest.raises(ValueError, match="days_after of 1 or more, found 0"):
        Availability(SEOUL, 0, time(23))


def test_no_rows_are_known_at_no_time() -> None:
    rows = pd.DataFrame({"day": [], "held_since": [], "is_first_delivery": []})
    connected = Availability(SEOUL, 1, time(0), connected_on=date(2018, 1, 2))
    assert str(known_at(rows, connected).dtype) == "datetime64[us, UTC]"


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.dates(date(2018, 1, 1), date(2025, 1, 1)), st.booleans()), max_size=6),
    st.none() | st.dates(date(2018, 1, 1), date(2025, 1, 1)),
    st.sampled_from(["Asia/Seoul", "Europe/Berlin", "America/St_Johns", "UTC"]),
    st.integers(1, 3),
    st.times().map(lambda t: t.replace(microsecond=0)),
)
def test_no_row_is_known_before_its_local_day_has_ended(told, connected_on, zone, days_after, at):
    availability = Availability(ZoneInfo(zone), days_after, at, connected_on)
    rows = pd.DataFrame(
        {"day": [d for d, _ in told], "held_since": [CAME] * len(told), "is_first_delivery": [f for _, f in told]}
    )
    for (day, first), when in zip(told, known_at(rows, availability), strict=True):
        after = datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(zone))
        assert when >= pd.Timestamp(after) - timedelta(hours=1)  # a clock that falls back at midnight repeats an hour
        backfilled = first and (connected_on is None or day < connected_on)
        assert (when == CAME) == (not backfilled)
