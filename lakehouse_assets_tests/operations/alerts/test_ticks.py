"""Sensors and schedules whose ticks fail are told once, and over when a tick succeeds or they are switched off."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType

from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.operations.ticks import FAILS_FOR, is_off, ticking, watched
from lakehouse_assets_tests.operations.alerts.watched import Platform
from lakehouse_assets_tests.operations.nights.switched import switch, ticked

SENSOR = InstigatorType.SENSOR
ASKED_FOR = "repairs_asked_for"


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


def evaluated(platform: Platform, cursor: str | None) -> ValueError | None:
    """What its tick fails of; None: it does not."""
    lake = LakeResource(lake_uri=platform.lake.uri)
    context = dg.build_sensor_context(
        instance=platform.instance, definitions=platform.defs, resources={"lake": lake}, cursor=cursor
    )
    try:
        platform.defs.resolve_sensor_def(ASKED_FOR).evaluate_tick(context)
    except ValueError as error:
        return error
    return None


def test_a_sensor_whose_ticks_fail_is_told_once_and_over_when_its_page_was_followed(platform: Platform) -> None:
    """Somebody set its cursor to what is none; the page says to reset it."""
    sensor, error = switch(platform.instance, True, ago(60), ASKED_FOR, SENSOR), evaluated(platform, "2024-03-")
    assert error is not None
    ticked(platform.instance, sensor, ago(8))
    ticked(platform.instance, sensor, ago(6), error)
    assert platform.tick() == [], "it may be over with the next one"
    ticked(platform.instance, sensor, ago(2), error)
    assert platform.tick() == [f"{ASKED_FOR}: ticks fail"]
    body = platform.told.messages[-1]["message"]
    assert body.startswith(f"the ticks of {ASKED_FOR} fail: ")
    assert f"Since: {ago(6):%Y-%m-%d}" in body
    assert "/runbooks/failing_tick.html" in body
    ticked(platform.instance, sensor, ago(1), error)
    assert platform.tick() == []
    assert evaluated(platform, None) is None
    ticked(platform.instance, sensor, ago(0.5))
    assert platform.tick() == [f"Over: {ASKED_FOR}: ticks fail"]
    assert platform.tick() == []


def test_what_fails_again_after_it_was_over_is_another_incident_though_nobody_looked_in_between(
    platform: Platform,
) -> None:
    sensor = switch(platform.instance, True, ago(600), ASKED_FOR, SENSOR)
    for minutes in (100, 99.5):
        ticked(platform.instance, sensor, ago(minutes), OSError("away"))
    assert platform.tick() == [f"{ASKED_FOR}: ticks fail"]
    ticked(platform.instance, sensor, ago(99))
    assert platform.tick() == [f"Over: {ASKED_FOR}: ticks fail"]
    ticked(platform.instance, sensor, ago(98), OSError("away"))
    assert platform.tick() == []
    ticked(platform.instance, sensor, ago(4), OSError("away"))
    assert platform.tick() == [f"{ASKED_FOR}: ticks fail"]


def test_while_a_code_server_is_started_anew_nobody_is_told(platform: Platform) -> None:
    sensor = switch(platform.instance, True, ago(600), ASKED_FOR, SENSOR)
    for minutes in (4, 3, 2):
        ticked(platform.instance, sensor, ago(minutes), OSError("away"))
    assert platform.tick() == []


def test_it_is_over_when_it_was_switched_off(platform: Platform) -> None:
    sensor = switch(platform.instance, True, ago(600), ASKED_FOR, SENSOR)
    for minutes in (100, 99.5):
        ticked(platform.instance, sensor, ago(minutes), OSError("away"))
    assert platform.tick() == [f"{ASKED_FOR}: ticks fail"]
    switch(platform.instance, False, ago(1), ASKED_FOR, SENSOR)
    assert platform.tick() == [f"Over: {ASKED_FOR}: ticks fail"]


def test_it_fails_since_its_first_failed_tick_after_one_that_succeeded_and_hides_secrets(
    instance: dg.DagsterInstance,
) -> None:
    hourly = switch(instance, True, ago(600), "platform_health_hourly")
    for minutes in (300, 240):
        ticked(instance, hourly, ago(minutes), OSError("long ago"))
    ticked(instance, hourly, ago(180))
    first = ago(120)
    for at in (first, ago(60)):
        ticked(instance, hourly, at, OSError("no postgresql://bot:hunter22@db/x. Ask"))
    (found,) = ticking(instance, {"platform_health_hourly", "never_on"}).values()
    assert (found.failing_since, found.fails(datetime.now(UTC))) == (first, True)
    assert found.fails(first + FAILS_FOR / 2) is False
    assert "OSError: no " in found.words
    assert "hunter22" not in found.words


def test_since_when_it_fails_does_not_wander_however_long_it_lasts(instance: dg.DagsterInstance) -> None:
    sensor, begun, away = switch(instance, True, ago(6000), ASKED_FOR, SENSOR), ago(600), OSError("away")
    ticked(instance, sensor, begun - timedelta(minutes=1))
    ticked(instance, sensor, begun, away)
    with sqlite3.connect(Path(instance.root_directory) / "schedules" / "schedules.db") as ticks:
        # One by one it takes a minute.
        columns, first = "job_origin_id, selector_id, status, type", str(begun.timestamp())
        known = f"SELECT {columns}, ?, replace(tick_body, '{first}', ?) FROM job_ticks WHERE status = 'FAILURE' LIMIT 1"
        later = [begun + timedelta(seconds=30 * one) for one in range(1, 1100)]
        rows = [(f"{at:%Y-%m-%d %H:%M:%S.%f}", str(at.timestamp())) for at in later]
        ticks.executemany(f"INSERT INTO job_ticks ({columns}, timestamp, tick_body) {known}", rows)
    assert ticking(instance, {ASKED_FOR})[ASKED_FOR].failing_since == begun


def test_where_the_skipped_ticks_before_it_were_purged_what_failed_long_ago_is_another_time(
    instance: dg.DagsterInstance,
) -> None:
    """Dagster forgets skipped ticks after a week, and failed ones never."""
    sensor, begun, away = switch(instance, True, ago(60000), ASKED_FOR, SENSOR), ago(12000), OSError("away")
    for row in (1, 2):
        ticked(instance, sensor, ago(50000 - row), away, row)
    for row in (1, 2, 3):
        ticked(instance, sensor, begun + timedelta(days=row - 1), away, row)
    assert ticking(instance, {ASKED_FOR})[ASKED_FOR].failing_since == begun


def test_who_is_watched_are_all_but_the_night_s_schedule_whose_failed_ticks_are_missed_nights() -> None:
    from lakehouse_assets.definitions import defs

    names = watched(defs.get_repository_def())
    assert {"alerts", "late_files", ASKED_FOR, "milling_failure_retraining", "platform_health_hourly"} <= names
    assert "nightly_schedule" not in names


@pytest.mark.parametrize("on", [True, False])
def test_a_sensor_is_off_where_somebody_switched_it_off(instance: dg.DagsterInstance, on: bool) -> None:
    assert not is_off(instance, "alerts"), "it was never looked at"
    switch(instance, on, ago(9), "alerts", SENSOR)
    assert is_off(instance, "alerts") is not on
