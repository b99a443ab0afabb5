"""A run that somebody asked for and that no sensor started in time is told once, and over when its assets were made."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from lakehouse_assets.lifecycle.judging.champions import ROLL_BACK
from lakehouse_assets.operations.health.gathering import gather
from lakehouse_assets.operations.health.model import health
from lakehouse_assets.operations.repairs.requests import (
    FIRST_DAY,
    LAST_DAY,
    RERUN,
    RETRAIN,
    ask,
    open_requests,
    tell_expired,
)
from lakehouse_assets_tests.operations.alerts.watched import CLEAN, RAW, Platform

DAY = "2024-03-05"
OF_A_DAY = {FIRST_DAY: DAY, LAST_DAY: DAY}


def expire(platform: Platform, action: str, subject: str, tags: dict[str, str]) -> None:
    ask(platform.lake, action, subject, "ann", "torn", ["raw/a/rows", "harmonized/a/rows"], tags, f"run {action}")
    find_expired(platform)


def find_expired(platform: Platform) -> None:
    """What the sensor `repairs_asked_for` does that was off until two days after somebody asked."""
    later = datetime.now(UTC) + timedelta(days=2)
    for one in open_requests(platform.lake, None, later, lambda _: False, lambda _: False).expired:
        tell_expired(platform.lake, one)


def make(platform: Platform, *keys: dg.AssetKey) -> None:
    for key in keys:
        platform.instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=DAY))


def test_it_is_told_once_and_over_when_all_that_it_was_to_make_was_made(platform: Platform) -> None:
    expire(platform, RERUN, "raw/a/rows", OF_A_DAY)
    assert platform.tick() == [f"rerun of raw/a/rows {DAY}: run failed"]
    body = platform.told.messages[-1]["message"]
    assert "which ann asked for at" in body
    assert "since the sensor repairs_asked_for was off" in body
    assert platform.tick() == []
    make(platform, RAW)
    assert platform.tick() == []
    make(platform, CLEAN)
    assert platform.tick() == [f"Over: rerun of raw/a/rows {DAY}: run failed"]
    assert platform.tick() == []


def test_what_was_made_otherwise_before_the_sensor_was_on_again_is_over(platform: Platform) -> None:
    ask(platform.lake, RERUN, "raw/a/rows", "ann", "torn", ["raw/a/rows", "harmonized/a/rows"], OF_A_DAY, "run")
    make(platform, RAW, CLEAN)
    find_expired(platform)
    told = [f"rerun of raw/a/rows {DAY}: run failed", f"Over: rerun of raw/a/rows {DAY}: run failed"]
    assert [*platform.tick(), *platform.tick(), *platform.tick()] == told


def test_of_a_roll_back_only_the_reference_that_it_asked_for_is_missing_and_a_second_one_would_go_too_far(
    platform: Platform,
) -> None:
    expire(platform, ROLL_BACK, "u", {})
    assert platform.tick() == ["the reference after roll_back of u: run failed"]
    body = platform.told.messages[-1]["message"]
    assert "Materialise raw/a/rows, harmonized/a/rows; the roll back itself is done, and a second one would go" in body
    assert "Ask again" not in body


def test_a_second_request_that_expires_is_another_incident_only_once_the_first_is_over(platform: Platform) -> None:
    expire(platform, RETRAIN, "u", {})
    assert platform.tick() == ["retrain of u: run failed"]
    ask(platform.lake, RETRAIN, "u", "bob", "again", ["raw/a/rows"], {}, "another run")
    expire(platform, RETRAIN, "u", {})
    assert platform.tick() == []


def test_it_is_a_problem_of_the_health_until_then(platform: Platform) -> None:
    expire(platform, RERUN, "raw/a/rows", OF_A_DAY)
    platform.tick()
    now = datetime.now(UTC)
    found = health(gather(platform.instance, platform.lake, platform.defs.resolve_asset_graph(), now)).problems
    assert any("which ann asked for" in one.what for one in found)
