"""What health says of the nights: the daemon, missed nights, domains whose files do not come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.test_utils import create_run_for_test
from dagster._daemon.types import DaemonHeartbeat

from lakehouse_assets.operations.alerts.graph import Asset, Graph
from lakehouse_assets.operations.alerts.messages import Places
from lakehouse_assets.operations.health.facts import Facts
from lakehouse_assets.operations.health.model import HEALTH, Problem, health
from lakehouse_assets.operations.health.nights import THREADS, NightFacts, night_facts
from lakehouse_assets.operations.health.page import as_page
from lakehouse_assets.operations.health.states import State
from lakehouse_assets.operations.health.text import as_text
from lakehouse_assets.operations.nights import asked
from lakehouse_assets.operations.ticks import ALERTS
from lakehouse_assets.sources.resource import LandingZone
from lakehouse_assets_tests.operations.nights.switched import DAY, after, at, night_of, switch, ticked

UTC_ZONE = ZoneInfo("UTC")
MILL = dg.AssetSpec(["landing", "mill", "files"], partitions_def=dg.DailyPartitionsDefinition("2024-03-01"))
WORKS = dg.AssetSpec(["landing", "works", "files"], partitions_def=dg.DailyPartitionsDefinition("2024-03-07"))
ASSETS = dg.Definitions(assets=[MILL, WORKS]).resolve_asset_graph()
GRAPH = Graph(
    {
        HEALTH: Asset(HEALTH, "team:platform", "platform", "monitoring"),
        "landing/mill/files": Asset("landing/mill/files", "team:plant", "mill", "landing", domain="mill", daily=True),
    }
)


def found(instance: dg.DagsterInstance, landing: Path, now: datetime, *folders: str) -> NightFacts:
    for name in folders:
        (landing / name).mkdir(exist_ok=True, parents=True)
    return night_facts(instance, ASSETS, LandingZone(root=str(landing), simulated=not folders), UTC_ZONE, now)


def problems(nights: NightFacts) -> list[Problem]:
    return list(health(Facts(at(DAY), GRAPH, {}, nights=nights)).problems)


def lives(instance: dg.DagsterInstance, seen: datetime, *threads: str) -> None:
    for thread in threads or THREADS:
        instance.add_daemon_heartbeat(DaemonHeartbeat(seen.timestamp(), thread, "one", []))


def test_a_daemon_that_was_not_seen_for_minutes_is_silent_and_so_is_one_of_whose_threads_that_is_true(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    now = at(DAY)
    lives(instance, now - timedelta(minutes=1))
    assert not found(instance, tmp_path, now).silent
    later = found(instance, tmp_path, now + timedelta(minutes=5))
    assert (later.silent, later.heartbeat) == (True, now - timedelta(minutes=1))
    lives(instance, now + timedelta(minutes=5), "SENSOR", "QUEUED_RUN_COORDINATOR")
    assert found(instance, tmp_path, now + timedelta(minutes=5)).silent, "its schedules stand still"
    [told] = problems(later)
    assert (told.state, told.asset, told.since, told.runbook) == (State.SILENT, HEALTH, later.heartbeat, "missed_night")


def test_a_daemon_that_never_ran_is_a_problem_only_where_nights_are_on(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    never = found(instance, tmp_path, at(DAY))
    assert problems(never) == []
    assert never.words == "nights: none was asked for yet; daemon: never seen"
    night_of(instance, after(-1))
    assert [one.state for one in problems(found(instance, tmp_path, at(DAY)))] == [State.SILENT]


def test_sensors_whose_ticks_fail_are_a_problem_above_all_the_one_that_tells_people(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    first, now = at(DAY), at(DAY) + timedelta(hours=1)
    sensor = switch(instance, True, first, ALERTS, InstigatorType.SENSOR)
    for moment in (first, first + timedelta(minutes=1)):
        ticked(instance, sensor, moment, OSError("the lake is away"))
    landing = LandingZone(root=str(tmp_path), simulated=True)
    nights = night_facts(instance, ASSETS, landing, UTC_ZONE, now, {ALERTS})
    (told,) = problems(nights)
    assert (told.state, told.asset, told.since, told.runbook) == (State.TICKS, HEALTH, first, "failing_tick")
    assert told.what == "the ticks of alerts fail: OSError: the lake is away"
    assert "TICKS FAIL" in as_text(health(Facts(now, GRAPH, {}, nights=nights)))
    ticked(instance, sensor, now)
    assert problems(night_facts(instance, ASSETS, landing, UTC_ZONE, now, {ALERTS})) == []
    switch(instance, False, now, ALERTS, InstigatorType.SENSOR)
    (told,) = problems(night_facts(instance, ASSETS, landing, UTC_ZONE, now, {ALERTS}))
    assert told.what == "the sensor alerts is switched off: nobody is told of anything"


def test_missed_nights_are_a_problem_since_the_first_of_them(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    night_of(instance, after(-3))
    lives(instance, at(DAY))
    nights = found(instance, tmp_path, at(DAY))
    [told] = problems(nights)
    assert (told.state, told.since, told.owner) == (State.MISSED, at(after(-1), 2), "team:platform")
    whole = health(Facts(at(DAY), GRAPH, {}, nights=nights))
    assert "NIGHT MISSED monitoring/platform/health since 2024-03-04 02:00: nobody asked for the nights" in as_text(
        whole
    )
    assert as_text(whole).splitlines()[1] == (
        "nights: the last one asked for is of 2024-03-02; daemon: last seen 2024-03-05 12:00 UTC"
    )
    page = as_page(whole, Places("http://ui", "../runbooks/{kind}.html"))
    assert "../runbooks/missed_night.html" in page
    assert "daemon: last seen 2024-03-05 12:00 UTC" in page


def test_a_domain_with_a_folder_is_late_since_its_first_missed_night_also_if_it_never_delivered(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    for n in range(-2, 60):
        night_of(instance, after(n), "other")
    nights = found(instance, tmp_path, at(after(60)), "mill", "works")
    first = {name: (one.first, one.nights, one.since) for name, one in nights.undelivered.items()}
    assert first == {
        "mill": (after(-2), 62, at(after(-1), 2)),
        "works": (after(2), 58, at(after(3), 2)),
    }, "from the first day that it has"
    assert found(instance, tmp_path / "elsewhere", at(after(60)), "mill").undelivered.keys() == {"mill"}, "no folder"
    assert found(instance, tmp_path, at(after(60))).undelivered == {}, "it is simulated"


def test_a_domain_is_late_from_its_last_delivery_on_until_its_file_lands(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    for n in range(5):
        night_of(instance, after(n), *(["mill"] if n in (0, 2) else []))
    night_of(instance, after(1), "mill", part=asked.LATE)
    late = found(instance, tmp_path, at(after(5)), "mill").undelivered["mill"]
    assert (late.first, late.nights) == (after(3), 2)
    lives(instance, at(after(5)))
    nights = replace(found(instance, tmp_path, at(after(5)), "mill"), silent=False)
    [told] = problems(nights)
    assert (told.state, told.asset, told.runbook) == (State.NO_FILE, "landing/mill/files", "late_file")
    assert told.what == f"2 nights were made without the domain: no file of {after(3)} was there"
    night_of(instance, after(3), "mill", part=asked.LATE)
    assert found(instance, tmp_path, at(after(5)), "mill").undelivered["mill"].first == after(4)
    night_of(instance, after(4), "mill", part=asked.LATE)
    assert found(instance, tmp_path, at(after(5)), "mill").undelivered == {}


def test_a_domain_whose_folder_vanished_is_late_until_somebody_says_that_it_is_retired(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    for n in range(3):
        night_of(instance, after(n), *(["mill"] if n == 0 else []))
    lives(instance, at(after(3)))
    nights = replace(found(instance, tmp_path, at(after(3)), "works"), missed=None)
    assert nights.undelivered["mill"].first == after(1)
    [told] = problems(nights)
    assert (told.state, told.asset) == (State.NO_FILE, "landing/mill/files")
    assert told.what.endswith(f"no file of {after(1)} was there, and LANDING has no folder mill any more")
    (tmp_path / "mill.retired").mkdir()
    assert "mill" not in found(instance, tmp_path, at(after(3)), "works").undelivered


def test_a_domain_that_was_only_ever_simulated_is_awaited_by_nobody(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    marks = {"mill": asked.SIMULATED, "works": asked.SIMULATED}
    create_run_for_test(instance, "nightly", tags=asked.tags_of(DAY, asked.WHOLE, marks))
    night_of(instance, after(1))
    assert found(instance, tmp_path, at(after(2)), "other").undelivered == {}


def test_no_more_runs_are_read_than_tell_the_last_delivery(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(120):
        night_of(instance, after(n), "mill", "works")
    read: list[int] = []
    runs_of = instance.get_runs

    def counted(*given: object, **named: object) -> list[dg.DagsterRun]:
        runs = list(runs_of(*given, **named))  # type: ignore[arg-type]
        read.append(len(runs))
        return runs

    monkeypatch.setattr(instance, "get_runs", counted)
    assert found(instance, tmp_path, datetime.now(UTC), "mill", "works").undelivered == {}
    assert sum(read) <= 200, "of 120 nights: the last one twice, and one page of those before"
