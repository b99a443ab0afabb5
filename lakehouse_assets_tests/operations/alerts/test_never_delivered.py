"""A domain that is awaited and never delivered is told as late, though no table of it ever was fresh."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg

from lakehouse_assets_tests.operations.alerts.watched import LANDED, Platform
from lakehouse_assets_tests.operations.nights.switched import night_of

LAST = datetime.now(UTC).date() - timedelta(days=1)


def night(platform: Platform, days: int, *domains: str) -> date:
    """A night so many days after the last one, which waits for the domain once it has a folder."""
    day = LAST + timedelta(days=days)
    late = {"b"} - {*domains} if (Path(platform.landing.root) / "b").is_dir() else set()
    night_of(platform.instance, day, *domains, late=late)
    return day


def folder(platform: Platform) -> Path:
    made = Path(platform.landing.root) / "b"
    made.mkdir(parents=True, exist_ok=True)
    return made


def test_a_domain_whose_first_nights_have_no_file_is_told_once_after_the_second_and_over_when_it_was_made(
    platform: Platform,
) -> None:
    folder(platform)
    assert platform.tick() == []
    first = night(platform, -1)
    assert platform.tick() == [], "its file may come in the morning"
    night(platform, 0)
    assert platform.tick() == ["b: late"]
    body = platform.told.messages[-1]["message"]
    assert body.startswith("landing/b/files never came.")
    assert f"Since: {first + timedelta(days=1)} 02:00 UTC" in body
    assert "Owner: team:plant" in body
    assert platform.tick() == []
    night_of(platform.instance, LAST, "b", part="late files")
    platform.instance.report_runless_asset_event(dg.AssetMaterialization(LANDED.key, partition=str(LAST)))
    assert platform.tick() == ["Over: b: late"]


def test_nights_before_its_folder_was_made_do_not_count(platform: Platform) -> None:
    for days in range(-9, -1):
        night(platform, days)
    assert platform.tick() == []
    folder(platform)
    assert platform.tick() == []
    night(platform, -1)
    assert platform.tick() == []
    night(platform, 0)
    assert platform.tick() == ["b: late"]


def test_a_cursor_that_is_lost_counts_no_night_anew(platform: Platform) -> None:
    folder(platform)
    platform.tick()
    night(platform, -1)
    assert platform.tick() == []
    night(platform, 0)
    platform.cursor = None
    assert platform.tick() == ["b: late"]
    platform.cursor = None
    assert platform.tick() == []


def test_nobody_is_told_of_a_domain_without_a_folder_or_one_whose_file_came(platform: Platform) -> None:
    night(platform, -3)
    platform.tick()
    for days in (-2, -1):
        night(platform, days)
        assert platform.tick() == []
    folder(platform)
    platform.tick()
    night(platform, 0, "b")
    assert platform.tick() == []
