"""Missed nights are told once, and when they are over."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lakehouse_assets.operations.alerts.missed import MADE_UP_WITHIN
from lakehouse_assets.operations.nights.calendar import night_at, tick_before, tick_of
from lakehouse_assets.operations.nights.missed import GRACE
from lakehouse_assets_tests.operations.alerts.watched import Platform
from lakehouse_assets_tests.operations.nights.switched import night_of

UTC_ZONE = ZoneInfo("UTC")


@pytest.fixture
def due() -> date:
    """The day of the last night that is missed where it has no run."""
    return night_at(tick_before(datetime.now(UTC) - GRACE, UTC_ZONE), UTC_ZONE)


def waited(platform: Platform) -> Platform:
    """So long that a daemon that was started again had made up what it missed."""
    cursor = json.loads(platform.cursor or "{}")
    cursor["missed_since"] = (datetime.now(UTC) - MADE_UP_WITHIN).isoformat()
    platform.cursor = json.dumps(cursor)
    return platform


def test_missed_nights_are_told_once_and_over_when_every_one_was_asked_for(platform: Platform, due: date) -> None:
    night_of(platform.instance, due - timedelta(days=2))
    assert platform.tick() == []
    assert waited(platform).tick() == ["nightly: night missed"]
    body = platform.told.messages[-1]["message"]
    first = due - timedelta(days=1)
    assert body.startswith(f"nobody asked for the nights of {first} to {due} (2): nightly_schedule is switched off.")
    assert f"Since: {tick_of(first, UTC_ZONE):%Y-%m-%d %H:%M} UTC" in body
    assert "/runbooks/missed_night.html" in body
    assert platform.tick() == []
    night_of(platform.instance, first)
    assert platform.tick() == []
    night_of(platform.instance, due)
    assert platform.tick() == ["Over: nightly: night missed"]
    assert platform.tick() == []


def test_nights_that_are_made_up_after_an_outage_of_the_daemon_are_told_to_nobody(
    platform: Platform, due: date
) -> None:
    night_of(platform.instance, due - timedelta(days=3))
    assert platform.tick() == []
    for n in range(3):
        night_of(platform.instance, due - timedelta(days=2 - n))
    assert platform.tick() == []
    assert json.loads(platform.cursor or "{}")["missed_since"] == "", "the next time counts anew"
