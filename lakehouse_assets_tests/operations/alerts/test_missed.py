"""Missed nights are told once, and when they are over."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from lakehouse_assets.operations.alerts.cursor import Cursor
from lakehouse_assets.operations.alerts.graph import Graph
from lakehouse_assets.operations.alerts.incidents import after as after_facts
from lakehouse_assets.operations.alerts.missed import MADE_UP_WITHIN, missed_facts
from lakehouse_assets.operations.nights.calendar import night_at, tick_before, tick_of
from lakehouse_assets.operations.nights.missed import GRACE, missed_nights
from lakehouse_assets_tests.operations.alerts.watched import Platform
from lakehouse_assets_tests.operations.nights.switched import DAY, after, at, night_of

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
    assert waited(platform).tick() == [f"nightly {due - timedelta(days=1)} to {due}: night missed"]
    body = platform.told.messages[-1]["message"]
    first = due - timedelta(days=1)
    assert body.startswith(f"nobody asked for the nights of {first} to {due} (2): nightly_schedule is switched off.")
    assert f"Since: {tick_of(first, UTC_ZONE):%Y-%m-%d %H:%M} UTC" in body
    assert "/runbooks/missed_night.html" in body
    assert platform.tick() == []
    night_of(platform.instance, first)
    assert platform.tick() == []
    night_of(platform.instance, due)
    assert platform.tick() == [f"Over: nightly {first} to {due}: night missed"]
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


def test_a_night_that_was_due_before_the_one_before_was_over_is_told_in_its_own_hours(
    instance: dg.DagsterInstance,
) -> None:
    """Somebody starts the missed night by hand an hour after the next one was due, and leaves the schedule off."""
    cursor, known = Cursor(""), {}

    def looked(*moments: datetime) -> list[tuple[str, str, bool]]:
        found = []
        for now in moments:
            facts = missed_facts(missed_nights(instance, UTC_ZONE, now), known.values(), Graph({}), cursor, now)
            for one in after_facts(known.values(), facts):
                known[one.incident] = one
                found.append((one.first, one.last, one.is_open))
        return found

    night_of(instance, DAY)
    told = looked(at(after(2), 6), at(after(2), 7))
    assert told == [(str(after(1)), str(after(1)), True)]
    night_of(instance, after(1))
    assert looked(at(after(3), 3)) == [(str(after(1)), str(after(1)), False)]
    assert looked(at(after(3), 6), at(after(3), 7)) == [(str(after(2)), str(after(2)), True)]
    assert looked(at(after(4), 7)) == [], "one incident stands for all that are missed at a time"
