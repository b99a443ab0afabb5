"""Nights are broken as their two runbooks say, people are told or see it, and the page is followed till it is over."""

import asyncio
import json
import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.loader import LoadingContextForTest
from dagster._core.scheduler.instigation import ScheduleInstigatorData
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.freshness import FreshnessDaemon
from dagster._daemon.types import DaemonHeartbeat
from dagster._scheduler.scheduler import launch_scheduled_runs

from lakehouse_assets.operations.alerts.missed import MADE_UP_WITHIN
from lakehouse_assets.operations.health.nights import THREADS
from lakehouse_assets.operations.nights import asked
from lakehouse_assets.operations.nights.calendar import night_at, tick_before, tick_of
from lakehouse_assets.operations.nights.missed import GRACE, SCHEDULE
from lakehouse_assets_tests.conftest import PROJECT
from lakehouse_assets_tests.operations.alerts.receiver import Receiver, receiver
from lakehouse_assets_tests.operations.nights.plant import Plant, days_of, domains_of, plant_in

pytestmark = pytest.mark.slow

UTC_ZONE, ONE_DAY = ZoneInfo("UTC"), timedelta(days=1)
OPERATIONS = dg.AssetKey(["harmonized", "milling", "operations"])


@dataclass
class Watched:
    """A plant, and the person who is told."""

    plant: Plant
    told: Receiver
    #: The day of the last night that had to begin by now.
    due: date
    cursor: str | None = None

    def hears(self) -> list[str]:
        """What is told at this look."""
        before = len(self.told.messages)
        with dg.build_sensor_context(
            instance=self.plant.instance,
            cursor=self.cursor,
            repository_def=self.plant.repository,
            resources=self.plant.resources,
        ) as context:
            found = self.plant.repository.get_sensor_def("alerts").evaluate_tick(context)
        self.cursor = found.cursor or self.cursor
        return self.told.titles[before:]

    def hears_later(self) -> list[str]:
        """The same, so much later that a daemon that was started again had made up what it missed."""
        seen = json.loads(self.cursor or "{}")
        assert seen["missed_since"], "no look before saw a night missing"
        seen["missed_since"] = (datetime.now(UTC) - MADE_UP_WITHIN).isoformat()
        self.cursor = json.dumps(seen)
        return self.hears()

    def health(self) -> str:
        """What the asset says, while the daemon lives."""
        for thread in THREADS:
            beat = DaemonHeartbeat(datetime.now(UTC).timestamp(), thread, "one", [])
            self.plant.instance.add_daemon_heartbeat(beat)
        made = self.plant.defs.resolve_job_def("platform_health").execute_in_process(instance=self.plant.instance)
        [event] = made.asset_materializations_for_node("monitoring__platform__health")
        return str(event.metadata["in_words"].value)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    due = night_at(tick_before(datetime.now(UTC) - GRACE, UTC_ZONE), UTC_ZONE)
    with receiver() as told, plant_in(tmp_path, ALERT_URLS=told.url) as plant:
        yield Watched(plant, told, due)


@contextmanager
def scheduler(plant: Plant) -> Iterator[WorkspaceProcessContext]:
    """The daemon's own scheduler over the code location in a process of its own."""
    with create_test_daemon_workspace_context(
        WorkspaceFileTarget([str(PROJECT / "workspace.yaml")]), plant.instance
    ) as workspace:
        yield workspace


def switch_on(workspace: WorkspaceProcessContext, plant: Plant, at: datetime) -> None:
    """As somebody did it in the UI at some time."""
    [location] = workspace.create_request_context().code_locations
    [repository] = location.get_repositories().values()
    state = plant.instance.start_schedule(repository.get_schedule(SCHEDULE))
    data = ScheduleInstigatorData("0 2 * * *", at.timestamp())
    plant.instance.update_instigator_state(state.with_data(data))


def let_it_tick(workspace: WorkspaceProcessContext, until: datetime) -> None:
    """All ticks that are due by then."""
    with ThreadPoolExecutor(1) as pool:
        list(
            launch_scheduled_runs(
                workspace, logging.getLogger("scheduler"), until, {}, threadpool_executor=pool, scheduler_run_futures={}
            )
        )
        pool.shutdown(wait=True)


def nights(plant: Plant) -> list[str]:
    """The days of all nights that were asked for, in order."""
    runs = plant.instance.get_runs(dg.RunsFilter(tags={asked.PART: asked.WHOLE}), ascending=True)
    return [run.tags["dagster/partition"] for run in runs]


def test_nights_whose_tick_fails_are_told_and_made_up_when_the_page_was_followed(watched: Watched) -> None:
    plant, due = watched.plant, watched.due
    plant.deliver("milling", *(due - n * ONE_DAY for n in range(3)))
    plant.recorded(plant.night(due - 2 * ONE_DAY))
    watched.hears()
    landing = plant.home / "landing"
    landing.rename(plant.home / "not_mounted")
    landing.write_text("a file where a folder belongs")
    with scheduler(plant) as workspace:
        switch_on(workspace, plant, tick_of(due - ONE_DAY, UTC_ZONE) - timedelta(hours=1))
        let_it_tick(workspace, datetime.now(UTC))
        assert nights(plant) == [str(due - 2 * ONE_DAY)]
        assert watched.hears() == []
        assert watched.hears_later() == [f"nightly {due - ONE_DAY} to {due}: night missed"]
        body = watched.told.messages[-1]["message"]
        assert body.startswith(f"nobody asked for the nights of {due - ONE_DAY} to {due} (2): the last tick of")
        assert f"failed: FileNotFoundError: landing folder {landing} does not exist" in body
        assert body.splitlines()[-2].endswith("/runbooks/missed_night.html")
        assert f"NIGHT MISSED monitoring/platform/health since {tick_of(due - ONE_DAY, UTC_ZONE):%Y-%m-%d %H:%M}: " in (
            watched.health()
        )
        assert watched.hears() == []

        landing.unlink()
        (plant.home / "not_mounted").rename(landing)
        let_it_tick(workspace, tick_of(due + ONE_DAY, UTC_ZONE))
    assert nights(plant)[:3] == [str(due - n * ONE_DAY) for n in (2, 1, 0)]
    assert watched.hears() == [f"Over: nightly {due - ONE_DAY} to {due}: night missed"]
    assert "NIGHT MISSED" not in watched.health()


def test_a_file_that_is_late_is_seen_and_made_when_the_page_was_followed(watched: Watched) -> None:
    plant, due = watched.plant, watched.due
    plant.deliver("milling", due - ONE_DAY)
    plant.recorded(plant.night(due - ONE_DAY))
    with freeze_time(datetime.now(UTC) - 2 * ONE_DAY):
        plant.instance.report_runless_asset_event(dg.AssetMaterialization(OPERATIONS, partition=str(due - ONE_DAY)))
    plant.look()
    plant.deliver("milling", due)
    files = sorted((plant.home / "landing" / "milling").glob(f"*_{due}.csv"))
    for file in files:
        file.rename(file.with_name(f".{file.name}"))  # the source never came to an end with it
    (night,) = plant.night(due)
    assert domains_of(night) == []
    plant.recorded([night])
    watch_freshness(plant)
    assert watched.hears() == ["milling: late"]
    since = f"{tick_of(due, UTC_ZONE):%Y-%m-%d %H:%M}"
    words = watched.health()
    assert f"FILE LATE landing/milling/files since {since}: the night was made without the domain" in words
    assert "docs/runbooks/late_file.md" in words
    assert plant.look() == []

    for file in files:
        file.with_name(f".{file.name}").rename(file)
    (late,) = plant.look()
    assert (days_of([late]), domains_of(late)) == ([str(due)], ["milling"])
    assert plant.run(late, "nightly_late_files").success
    watch_freshness(plant)
    assert watched.hears() == ["Over: milling: late"]
    assert "LATE" not in watched.health()


def watch_freshness(plant: Plant) -> None:
    """As the daemon does it every half minute."""
    node = plant.defs.resolve_asset_graph().get(OPERATIONS)
    asyncio.run(FreshnessDaemon()._evaluate_asset(LoadingContextForTest(plant.instance), node))
