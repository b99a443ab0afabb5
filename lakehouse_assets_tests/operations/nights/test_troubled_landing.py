"""A landing folder that answers with an error, as a share does that went away: it is told, and stops no look at all."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from lakehouse_assets.operations.nights.awaited import require_folders
from lakehouse_assets.operations.nights.calendar import tick_before, tick_of
from lakehouse_assets.operations.nights.looking import landed_in
from lakehouse_assets.sources.landing import LandingError
from lakehouse_assets.sources.resource import LandingZone

#: The system refuses to look at a path this long, with an error that is not "no such folder".
TROUBLED = LandingZone(root="/" + "/".join(["share" * 40] * 30), simulated=False)


def test_no_night_is_asked_for_and_the_error_names_the_folder_and_the_trouble() -> None:
    with pytest.raises(LandingError, match=r"cannot be looked at .*too long.*is its disk there"):
        require_folders(TROUBLED, ["milling", "energy"])


def test_whoever_looks_at_all_domains_takes_it_for_a_folder_and_is_told_when_listing_it() -> None:
    said: list[str] = []
    assert TROUBLED.has_folder("milling")
    landed = landed_in(TROUBLED, "milling", said.append)
    assert landed is not None
    assert (len(landed.files), len(said)) == (0, 1)
    assert "cannot be listed" in said[0]


@pytest.mark.parametrize("day", [date(2024, 10, 26), date(2025, 10, 25), date(2026, 10, 24)])
def test_the_night_in_which_two_o_clock_comes_twice_begins_at_the_second(day: date) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    begins = datetime(day.year, day.month, day.day + 1, 1, tzinfo=UTC)
    assert tick_of(day, berlin) == tick_before(begins, berlin) == begins


def test_the_night_in_which_two_o_clock_is_left_out_begins_when_clocks_jumped() -> None:
    assert tick_of(date(2024, 3, 30), ZoneInfo("Europe/Berlin")) == datetime(2024, 3, 31, 1, tzinfo=UTC)
