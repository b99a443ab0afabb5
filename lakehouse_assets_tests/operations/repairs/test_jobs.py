"""The repair jobs as people start them, the runs that follow, and what the audit table keeps."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test, instance_for_test

from lakehouse_assets.defs.platform import repairs
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.monitoring.pauses import paused
from lakehouse_assets.operations import audit
from lakehouse_assets.operations.asset_graph import graph_of
from lakehouse_assets.operations.audit import AUDIT, entries
from lakehouse_assets.operations.repairs import requests
from lakehouse_assets.sources.daily import CADENCE, TRAINING

RAW, CLEAN, MODEL = (
    dg.AssetKey(path) for path in (["raw", "a", "rows"], ["delivery", "u", "rows"], ["models", "u", "candidate"])
)
WINDOW = dg.AssetKey(["delivery", "u", "window"])
# A use case may begin later than its domain.
EARLY, LATE = dg.DailyPartitionsDefinition("2024-03-01"), dg.DailyPartitionsDefinition("2024-03-03")
FROM_EARLY = dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)
SAID = {"who": "ann", "reason": "torn file"}


@dg.asset(key=RAW, partitions_def=EARLY, backfill_policy=dg.BackfillPolicy.single_run(), io_manager_key="nothing")
def raw() -> None: ...


@dg.asset(
    key=CLEAN,
    partitions_def=LATE,
    deps=[dg.AssetDep(RAW, partition_mapping=FROM_EARLY)],
    tags={"use_case": "u"},
    backfill_policy=dg.BackfillPolicy.single_run(),
    io_manager_key="nothing",
)
def clean() -> None: ...


@dg.asset(
    key=WINDOW,
    partitions_def=EARLY,
    deps=[dg.AssetDep(RAW, partition_mapping=dg.TimeWindowPartitionMapping(start_offset=-2))],
    backfill_policy=dg.BackfillPolicy.single_run(),
    io_manager_key="nothing",
)
def window() -> None: ...


@dg.asset(key=MODEL, deps=[CLEAN], tags={"use_case": "u", CADENCE: TRAINING}, io_manager_key="nothing")
def model() -> None: ...


class Nothing(dg.IOManager):
    def handle_output(self, context: dg.OutputContext, obj: object) -> None: ...

    def load_input(self, context: dg.InputContext) -> None: ...


class Platform:
    def __init__(self, instance: dg.DagsterInstance, folder: Path) -> None:
        self.instance, self.lake, self.cursor = instance, Lake(str(folder / "lake")), None
        jobs = [repairs.rerun_from, repairs.retrain_now, repairs.pause_use_case, repairs.resume_use_case]
        self.defs = dg.Definitions(
            assets=[raw, clean, window, model],
            jobs=jobs,
            sensors=[repairs.repairs_asked_for],
            resources={"nothing": Nothing(), "lake": LakeResource(lake_uri=self.lake.uri)},
            executor=dg.in_process_executor,
        )

    def start(self, job: str, op: str, **config: Any) -> dg.ExecuteInProcessResult:
        graph = graph_of(self.defs.resolve_asset_graph())
        with mock.patch.object(repairs, "graph", return_value=graph):
            return self.defs.resolve_job_def(job).execute_in_process(
                instance=self.instance, run_config={"ops": {op: {"config": {**SAID, **config}}}}, raise_on_error=False
            )

    def tick(self) -> list[dg.RunRequest]:
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, definitions=self.defs,
            resources={"lake": LakeResource(lake_uri=self.lake.uri)},
        )  # fmt: skip
        asked = self.defs.resolve_sensor_def("repairs_asked_for").evaluate_tick(context)
        self.cursor = asked.cursor or self.cursor
        return list(asked.run_requests or [])

    def carry_out(self, asked: dg.RunRequest) -> dg.ExecuteInProcessResult:
        return self.defs.resolve_implicit_global_asset_job_def().execute_in_process(
            instance=self.instance, asset_selection=asked.asset_selection, tags=asked.tags
        )


@contextmanager
def told_at(moment: datetime) -> Iterator[None]:
    """Rows of the audit table are of another time, as those of a job are whose commit took long."""
    with mock.patch.object(audit, "datetime", mock.Mock(now=lambda zone: moment)):
        yield


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with instance_for_test(temp_dir=str(tmp_path)) as instance:
        yield Platform(instance, tmp_path)


def test_a_rerun_begins_as_a_dry_run_that_asks_for_nothing(platform: Platform) -> None:
    assert platform.start("rerun_from", "rerunning", table="raw/a/rows", first_day="2024-03-05").success
    assert not platform.lake.exists(AUDIT)
    assert platform.tick() == []


def test_a_rerun_makes_the_days_of_the_broken_asset_and_what_is_made_from_it_once(platform: Platform) -> None:
    given = {"table": "raw/a/rows", "first_day": "2024-03-04", "last_day": "2024-03-05", "dry_run": False}
    assert platform.start("rerun_from", "rerunning", **given).success
    [asked] = platform.tick()
    assert platform.tick() == []
    assert platform.carry_out(asked).success
    for key, days in ((RAW, 2), (CLEAN, 2), (MODEL, 0)):
        assert len(platform.instance.get_materialized_partitions(key)) == days
    [row] = entries(platform.lake).to_dict("records")
    assert (row["action"], row["subject"], row["who"], row["reason"]) == ("rerun", "raw/a/rows", "ann", "torn file")
    assert row["entry"] == asked.run_key == asked.tags["repair"]


def test_later_days_that_look_back_and_were_made_since_are_made_again_once_the_first_is(platform: Platform) -> None:
    for day in (4, 5, 6, 8):
        platform.instance.report_runless_asset_event(dg.AssetMaterialization(WINDOW, partition=f"2024-03-0{day}"))
    given = {"table": "raw/a/rows", "first_day": "2024-03-04"}
    dry = platform.start("rerun_from", "rerunning", **given)
    told = [one.user_message for one in platform.instance.all_logs(dry.run_id)]
    later = "then, since they look back on it, make again for 2024-03-05 to 2024-03-06: delivery/u/window"
    assert f"dry run, would {later}" in told
    assert platform.tick() == []
    assert platform.start("rerun_from", "rerunning", **given, dry_run=False).success
    [first] = platform.tick()
    assert platform.tick() == [], "they wait for it"
    assert platform.carry_out(first).success
    [second] = platform.tick()
    assert (second.asset_selection, second.tags["repair"]) == ([WINDOW], f"{first.run_key} then 2024-03-05")
    ends = [second.tags[f"dagster/asset_partition_range_{one}"] for one in ("start", "end")]
    assert ends == ["2024-03-05", "2024-03-06"]
    assert platform.carry_out(second).success
    assert platform.tick() == []
    assert len(entries(platform.lake)) == 2


def test_later_days_are_left_alone_where_somebody_says_so_or_the_first_did_not_succeed(platform: Platform) -> None:
    platform.instance.report_runless_asset_event(dg.AssetMaterialization(WINDOW, partition="2024-03-05"))
    given = {"table": "raw/a/rows", "first_day": "2024-03-04", "dry_run": False}
    assert platform.start("rerun_from", "rerunning", **given, later_days=False).success
    assert len(platform.tick()) == len(entries(platform.lake)) == 1
    assert platform.start("rerun_from", "rerunning", **given).success
    [asked] = platform.tick()
    create_run_for_test(platform.instance, "x", status=dg.DagsterRunStatus.FAILURE, tags=dict(asked.tags))
    assert platform.tick() == []
    create_run_for_test(platform.instance, "x", status=dg.DagsterRunStatus.SUCCESS, tags=dict(asked.tags))
    assert len(platform.tick()) == 1, "somebody made it again from its failure"


def test_a_sensor_that_lost_its_cursor_asks_under_the_same_key(platform: Platform) -> None:
    platform.start("rerun_from", "rerunning", table="raw/a/rows", first_day="2024-03-04", dry_run=False)
    first = platform.tick()
    platform.cursor = None
    assert [one.run_key for one in platform.tick()] == [one.run_key for one in first]


def test_a_request_that_becomes_visible_after_a_younger_one_is_carried_out(platform: Platform) -> None:
    """Two jobs ask at the same time, and the one that began first is the last to commit."""
    given = {"table": "raw/a/rows", "first_day": "2024-03-04", "dry_run": False}
    platform.start("rerun_from", "rerunning", **given)
    [younger] = platform.tick()
    with told_at(datetime.now(UTC) - timedelta(minutes=1)):
        platform.start("rerun_from", "rerunning", **given)
    [older] = platform.tick()
    assert older.run_key != younger.run_key
    rows = entries(platform.lake)
    assert rows["entry"].tolist() == [older.run_key, younger.run_key], "by their times"
    assert platform.tick() == []


def test_a_cursor_of_an_earlier_form_asks_for_nothing_twice(platform: Platform) -> None:
    for _ in range(2):
        platform.start("rerun_from", "rerunning", table="raw/a/rows", first_day="2024-03-04", dry_run=False)
    first, second = entries(platform.lake).to_dict("records")
    platform.cursor = first["at"].isoformat()
    assert [one.run_key for one in platform.tick()] == [second["entry"]]
    assert platform.tick() == []


def test_the_cursor_keeps_no_more_than_the_requests_of_a_day(platform: Platform) -> None:
    given = {"table": "raw/a/rows", "first_day": "2024-03-04", "dry_run": False}
    with told_at(datetime.now(UTC) - timedelta(hours=25)):
        platform.start("rerun_from", "rerunning", **given)
    assert platform.tick() == [], "things have changed since"
    with told_at(datetime.now(UTC) - requests.WAITS + timedelta(minutes=5)):
        platform.start("rerun_from", "rerunning", **given)
    [old] = platform.tick()
    assert platform.cursor == f'["{old.run_key}"]'
    entry = requests.ask(platform.lake, requests.RERUN, "raw/a/rows", "ann", "torn", ["raw/a/rows"], {}, "other")
    now = datetime.now(UTC) + timedelta(minutes=9)
    found, cursor = requests.open_requests(platform.lake, platform.cursor, now, lambda _: True)
    assert ([one.entry for one in found], cursor) == ([entry], f'["{entry}"]')


def test_a_request_for_an_asset_that_is_not_there_fails_and_leaves_nothing(platform: Platform) -> None:
    assert not platform.start(
        "rerun_from", "rerunning", table="raw/b/rows", first_day="2024-03-04", dry_run=False
    ).success
    assert not platform.lake.exists(AUDIT)


def test_nobody_repairs_without_saying_who_and_why(platform: Platform) -> None:
    assert not platform.start("retrain_now", "retraining", use_case="u", dry_run=False, who=" ").success
    assert not platform.lake.exists(AUDIT)


def test_retraining_now_trains_with_its_reason_for_all_to_see(platform: Platform) -> None:
    assert platform.start("retrain_now", "retraining", use_case="u", dry_run=False).success
    [asked] = platform.tick()
    assert asked.tags["retraining_reason"] == "ann: torn file"
    made = platform.carry_out(asked)
    assert [one.asset_key for one in made.asset_materializations_for_node("models__u__candidate")] == [MODEL]


def test_a_pause_ends_by_itself_or_when_somebody_ends_it(platform: Platform) -> None:
    now = datetime.now(UTC)
    platform.start("pause_use_case", "pausing", use_case="u")
    assert paused(platform.lake, "u") is None  # a dry run
    platform.start("pause_use_case", "pausing", use_case="u", days=2, dry_run=False)
    pause = paused(platform.lake, "u")
    assert pause is not None
    assert pause.words.startswith("u is paused until ")
    assert paused(platform.lake, "u", now + timedelta(days=3)) is None
    assert paused(platform.lake, "v") is None
    platform.start("resume_use_case", "resuming", use_case="u", dry_run=False)
    assert paused(platform.lake, "u") is None
    platform.start("pause_use_case", "pausing", use_case="u", dry_run=False)
    assert paused(platform.lake, "u") is not None
    assert entries(platform.lake)["action"].tolist() == ["pause", "resume", "pause"]


def test_a_pause_of_what_is_no_use_case_is_refused(platform: Platform) -> None:
    assert not platform.start("pause_use_case", "pausing", use_case="v", dry_run=False).success
    assert not platform.lake.exists(AUDIT)
