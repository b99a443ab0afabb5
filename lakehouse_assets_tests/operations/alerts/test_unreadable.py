"""A table that nobody can read is told of, and hides nothing of the others."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.definitions.sensor_definition import SensorType
from dagster._core.scheduler.instigation import SensorInstigatorData

from lakehouse_assets.contracts.additions import AUDIT
from lakehouse_assets.contracts.audit import record
from lakehouse_assets.lake.errors import StorageError
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.alerts.book import INCIDENTS
from lakehouse_assets.operations.health.facts import Facts
from lakehouse_assets.operations.health.gathering import gather
from lakehouse_assets.operations.health.model import Health, health
from lakehouse_assets.operations.health.states import State
from lakehouse_assets.operations.health.text import as_text
from lakehouse_assets.operations.ticks import ALERTS
from lakehouse_assets_tests.operations.alerts.test_ticks import ago
from lakehouse_assets_tests.operations.alerts.watched import BROKEN, CHAMPION, Platform
from lakehouse_assets_tests.operations.nights.switched import switch, ticked


def health_of(platform: Platform) -> Health:
    assets, now = platform.defs.resolve_asset_graph(), datetime.now(UTC)
    return health(gather(platform.instance, platform.lake, assets, now))


def log_of(platform: Platform, key: list[str]) -> Path:
    """The first entry of a table's log."""
    return Path(platform.lake.table_uri(key)) / "_delta_log" / f"{0:020}.json"


def test_a_damaged_table_is_told_once_the_rest_as_ever_and_it_is_over_when_its_page_was_followed(
    platform: Platform,
) -> None:
    platform.decide("promote", 1, None, 1)
    entry = log_of(platform, CHAMPION)
    whole = entry.read_bytes()
    entry.write_text("torn", encoding="utf-8")
    BROKEN.add("clean")
    assert not platform.night()
    assert platform.tick() == ["a_nightly 2024-03-05: run failed", "models/u/champion: table unreadable"]
    assert "An entry of the table's _delta_log is damaged" in platform.told.messages[-1]["message"]
    assert platform.tick() == []
    found = health_of(platform)
    assert [(one.state, one.asset) for one in found.problems] == [
        (State.UNREADABLE, "models/u/champion"),
        (State.FAILING, "harmonized/a/rows"),
    ]
    assert found.problems[0].since is not None
    entry.write_bytes(whole)
    assert platform.tick() == ["u: champion changed", "Over: models/u/champion: table unreadable"]
    assert [one.state for one in health_of(platform).problems] == [State.FAILING]


def test_what_a_file_that_is_gone_would_say_is_unknown_and_not_that_nothing_serves(platform: Platform) -> None:
    platform.decide("promote", 1, None, 1)
    for file in Path(platform.lake.table_uri(CHAMPION)).glob("*.parquet"):
        file.unlink()
    assert platform.tick() == ["models/u/champion: table unreadable"]
    found = health_of(platform)
    assert [(one.state, one.asset) for one in found.problems] == [(State.UNREADABLE, "models/u/champion")]
    assert "champion    unknown: its table cannot be read" in as_text(found)


def test_a_table_that_a_run_wrote_and_that_is_no_more_is_a_problem(platform: Platform) -> None:
    platform.decide("promote", 1, None, 1)
    made = dg.AssetMaterialization(dg.AssetKey(CHAMPION), metadata={"delta_version": 0})
    platform.instance.report_runless_asset_event(made)
    assert health_of(platform).is_well
    shutil.rmtree(platform.lake.table_uri(CHAMPION))
    [problem] = health_of(platform).problems
    assert (problem.state, problem.asset) == (State.UNREADABLE, "models/u/champion")
    assert problem.what.startswith("there is no table at ")
    Path(platform.lake.table_uri(CHAMPION)).write_text("a disk that went away", encoding="utf-8")
    [problem] = health_of(platform).problems
    assert (problem.state, problem.asset) == (State.UNREADABLE, "models/u/champion")
    assert platform.tick() == ["models/u/champion: table unreadable"]


def test_where_pauses_cannot_be_read_people_are_told_of_that_and_of_the_rest(platform: Platform) -> None:
    record(platform.lake, action="pause", subject="u", who="ann", reason="test", details={"until": "2999-01-01"})
    log_of(platform, AUDIT).write_text("torn", encoding="utf-8")
    BROKEN.add("readable")
    assert platform.night()
    told = platform.tick()
    assert told == ["raw/a/rows readable 2024-03-05: check failed", "monitoring/platform/audit: table unreadable"]


def test_a_store_that_is_away_for_a_moment_is_no_damaged_table(platform: Platform) -> None:
    platform.decide("promote", 1, None, 1)
    away = StorageError("Table s3://lake/x cannot be opened. The storage said: Connection refused")
    with mock.patch.object(Lake, "version", side_effect=away), pytest.raises(StorageError):
        platform.tick()
    assert platform.tick() == ["u: champion changed"]


def test_a_damaged_book_of_incidents_is_told_once_and_over_and_what_happened_meanwhile_is_told_then(
    platform: Platform,
) -> None:
    platform.decide("promote", 1, None, 1)
    assert platform.tick() == ["u: champion changed"]
    entry = log_of(platform, INCIDENTS)
    whole = entry.read_bytes()
    entry.write_text("torn", encoding="utf-8")
    BROKEN.add("clean")
    assert not platform.night()
    assert platform.tick() == ["monitoring/platform/incidents: table unreadable"]
    body = platform.told.messages[-1]["message"]
    assert "nobody is told of anything else" in body
    assert "/runbooks/unreadable.html" in body
    assert platform.tick() == []
    entry.write_bytes(whole)
    told = platform.tick()
    assert told == ["a_nightly 2024-03-05: run failed", "Over: monitoring/platform/incidents: table unreadable"]
    assert platform.tick() == []


def test_a_book_of_incidents_that_is_no_more_is_not_begun_anew_which_would_tell_everything_again(
    platform: Platform,
) -> None:
    platform.decide("promote", 1, None, 1)
    assert platform.tick() == ["u: champion changed"]
    assert platform.tick() == []
    there = Path(platform.lake.table_uri(INCIDENTS))
    away = there.rename(there.with_name("away"))
    assert platform.tick() == ["monitoring/platform/incidents: table unreadable"]
    assert platform.tick() == []
    assert not there.exists()
    away.rename(there)
    assert platform.tick() == ["Over: monitoring/platform/incidents: table unreadable"]


def test_a_channel_that_did_not_answer_is_told_when_it_does_that_the_book_cannot_be_read(platform: Platform) -> None:
    platform.decide("promote", 1, None, 1)
    platform.tick()
    log_of(platform, INCIDENTS).write_text("torn", encoding="utf-8")
    platform.told.status = 503
    assert platform.tick() == []
    platform.told.status = 200
    assert platform.tick() == ["monitoring/platform/incidents: table unreadable"]


def test_a_store_that_does_not_answer_for_minutes_is_told_although_nothing_can_be_read_or_noted(
    platform: Platform,
) -> None:
    platform.decide("promote", 1, None, 1)
    assert platform.tick() == ["u: champion changed"]
    sensor = switch(platform.instance, True, ago(60), ALERTS, InstigatorType.SENSOR)
    away = StorageError("Cannot look for table s3://lake/x. The storage said: Connection refused")
    with mock.patch.object(Lake, "exists", side_effect=away):
        for minutes in (4, 3):
            ticked(platform.instance, sensor, ago(minutes), away)
        with pytest.raises(StorageError):
            platform.tick()
        ticked(platform.instance, sensor, ago(8), away)
        assert platform.tick() == ["monitoring/platform/incidents: table unreadable"]
        assert f"Since: {ago(8):%Y-%m-%d}" in platform.told.messages[-1]["message"]
        ticked(platform.instance, sensor, ago(0.1))
        assert platform.tick() == []
    assert platform.tick() == ["Over: monitoring/platform/incidents: table unreadable"]


def test_health_says_of_a_book_of_incidents_that_is_no_more_that_and_since_when_nobody_is_told(
    platform: Platform,
) -> None:
    platform.decide("promote", 1, None, 1)
    platform.tick()
    platform.tick()
    there = Path(platform.lake.table_uri(INCIDENTS))
    away = there.rename(there.with_name("away"))

    def facts() -> Facts:
        cursor = SensorInstigatorData(sensor_type=SensorType.STANDARD, cursor=platform.cursor)
        platform.instance.update_instigator_state(sensor.with_data(cursor))
        return gather(platform.instance, platform.lake, platform.defs.resolve_asset_graph(), datetime.now(UTC))

    sensor, key = switch(platform.instance, True, ago(60), ALERTS, InstigatorType.SENSOR), "/".join(INCIDENTS)
    found = facts()
    assert (found.unreadable, found.untold_since) == ({key: f"There is no table at {there} any more"}, None)
    platform.tick()
    found = facts()
    assert set(found.unreadable) == {key}
    assert found.untold_since is not None
    away.rename(there)
    platform.tick()
    assert (facts().unreadable, facts().untold_since) == ({}, None)
