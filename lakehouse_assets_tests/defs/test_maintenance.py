"""The platform's maintenance assets and jobs, run as the UI runs them: from the code location, on a kept instance."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from deltalake import write_deltalake

from lakehouse_assets.defs.turbofan.days import DAYS
from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets.lake.sandbox import SANDBOXES, living
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.audit import AUDIT, entries
from lakehouse_assets.sources.daily import BY_DAY, ONE_RUN
from lakehouse_assets_tests.conftest import state_in
from lakehouse_assets_tests.end_to_end.own_platform import platform_in
from lakehouse_assets_tests.lake.makers import daily_frame

KEY = ["delivery", "turbofan_rul", "features"]
TABLE = "/".join(KEY)
REGIMES = ["distilled", "turbofan", "operating_regimes"]


class Platform:
    """The code location in a folder of its own, with small tables at the keys of real assets."""

    def __init__(self, folder: Path, defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self.folder, self.defs, self.instance = folder, defs, instance
        self.lake = Lake(str(folder / "lake"))

    def run(self, job: str, op: str, fails: bool = False, **config: Any) -> dg.ExecuteInProcessResult:
        result = self.defs.resolve_job_def(job).execute_in_process(
            instance=self.instance, run_config={"ops": {op: {"config": config}}}, raise_on_error=False
        )
        assert result.success is not fails
        return result

    def write(self, value: int, first: str = "2024-01-01", last: str = "2024-01-03", **metadata: Any) -> None:
        span = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
        self.materialise([features(value, **metadata)], span)

    def materialise(self, assets: list[Any], tags: dict[str, str], **named: Any) -> None:
        io_manager = DeltaIOManager(lake_uri=self.lake.uri)
        dg.materialize(assets, instance=self.instance, tags=tags, resources={"io_manager": io_manager}, **named)

    def values(self) -> dict[str, int]:
        frame = self.lake.read_pandas(KEY)
        return {str(day): value for day, value in frame.groupby("day")["value"].first().items()}


def features(value: int, **metadata: Any) -> dg.AssetsDefinition:
    @dg.asset(key=KEY, partitions_def=DAYS, metadata={**BY_DAY, **metadata}, backfill_policy=ONE_RUN)
    def made(context: dg.AssetExecutionContext) -> Any:
        return daily_frame(context.partition_keys, value=value)

    return made


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("platform")
    with platform_in(state_in(folder)) as (defs, instance):
        yield Platform(folder, defs, instance)


@pytest.fixture
def platform(kept: Platform) -> Platform:
    """An empty lake of which the instance knows nothing; making an instance takes seconds."""
    shutil.rmtree(kept.lake.uri, ignore_errors=True)
    kept.instance.wipe_assets(list(kept.instance.all_asset_keys()))
    return kept


@pytest.fixture
def lake_of_two(platform: Platform) -> Platform:
    """Two versions of a table."""
    for value in range(2):
        uri = platform.lake.table_uri(KEY)
        write_deltalake(uri, daily_frame(["2024-01-01"], value=value), mode="overwrite", partition_by=["day"])
    return platform


def error_of(result: dg.ExecuteInProcessResult) -> str:
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    error, messages = failure.step_failure_data.error, []
    while error is not None:
        messages.append(error.message)
        error = error.cause
    return "\n".join(messages)


def restore(platform: Platform, fails: bool = False, **config: Any) -> dg.ExecuteInProcessResult:
    asked = {"table": TABLE, "who": "ann", "reason": "wrong file", "dry_run": False, **config}
    return platform.run("restore_table", "restoration", fails, **asked)


def test_restoring_partitions_tells_dagster_so_that_only_what_was_made_from_other_rows_is_stale(
    platform: Platform,
) -> None:
    platform.write(0)

    @dg.asset(partitions_def=DAYS, metadata=BY_DAY, backfill_policy=ONE_RUN, ins={"rows": dg.AssetIn(key=KEY)})
    def down(rows: pd.DataFrame) -> pd.DataFrame:
        return rows

    def status(day: str) -> StaleStatus:
        graph = dg.Definitions([features(0), down]).resolve_asset_graph()
        resolver = CachingStaleStatusResolver(platform.instance, graph, LoadingContextForTest(platform.instance))
        return resolver.get_status(dg.AssetKey("down"), day)

    platform.write(1)
    days = ("2024-01-01", "2024-01-02")
    span = {"dagster/asset_partition_range_start": days[0], "dagster/asset_partition_range_end": days[1]}
    platform.materialise([features(0), down], span, selection=[down])
    assert [status(day) for day in days] == [StaleStatus.FRESH, StaleStatus.FRESH]

    restore(platform, version=0, partitions=["2024-01-02"])
    assert platform.values() == {"2024-01-01": 1, "2024-01-02": 0, "2024-01-03": 1}
    assert [status(day) for day in days] == [StaleStatus.FRESH, StaleStatus.STALE]

    restore(platform, version=1, partitions=["2024-01-02"])
    assert [status(day) for day in days] == [StaleStatus.FRESH, StaleStatus.FRESH]


def test_restoring_a_table_reports_every_partition_with_its_rows_also_those_that_are_empty_now(
    platform: Platform,
) -> None:
    platform.write(0)
    platform.write(1, "2024-01-03", "2024-01-05")
    result = restore(platform, version=0)
    events = [one.step_materialization_data.materialization for one in result.get_asset_materialization_events()]
    told = {event.partition: event.metadata["dagster/row_count"].value for event in events}
    assert told == {f"2024-01-0{day}": rows for day, rows in zip(range(1, 6), (2, 2, 2, 0, 0), strict=True)}
    assert platform.values() == dict.fromkeys(["2024-01-01", "2024-01-02", "2024-01-03"], 0)
    for event in events:
        where = {"day": pd.Timestamp(event.partition).date()}
        assert event.tags["dagster/data_version"] == platform.lake.content_version(KEY, where=where)
    (row,) = entries(platform.lake).to_dict("records")
    assert (row["action"], row["subject"], row["who"], row["reason"]) == ("restore", TABLE, "ann", "wrong file")
    assert (row["details"]["restored_from_version"], row["details"]["new_version"]) == (0, 2)


def test_a_table_that_is_restored_has_the_constraints_of_its_contract_and_not_those_of_then(platform: Platform) -> None:
    platform.write(0)
    platform.lake.open(KEY).alter.add_constraint({"contract_value_max_9": "value <= 9"})
    platform.write(1)
    restore(platform, version=1)
    kept = {name for name in platform.lake.open(KEY).metadata().configuration if "constraints" in name}
    assert kept == {"delta.constraints.contract_day_required"}


def test_an_unpartitioned_table_is_restored_to_a_time(platform: Platform) -> None:
    @dg.asset(key=REGIMES)
    def regimes(context: dg.AssetExecutionContext) -> Any:
        return pd.DataFrame({"v": [context.run.tags["v"]]})

    platform.materialise([regimes], {"v": "first"})
    made = platform.lake.open(REGIMES).history(1)[0]["timestamp"]
    platform.materialise([regimes], {"v": "second"})
    moment = pd.Timestamp(made, unit="ms", tz="UTC").isoformat()
    restore(platform, table="/".join(REGIMES), time=moment)
    assert platform.lake.read(REGIMES)["v"].to_pylist() == ["first"]


def test_a_dry_run_is_the_default_and_leaves_no_trace(platform: Platform) -> None:
    platform.write(0)
    platform.write(1)
    asked = {"table": TABLE, "version": 0, "who": "ann", "reason": "a look"}
    result = platform.run("restore_table", "restoration", **asked)
    assert result.get_asset_materialization_events() == []
    assert (platform.lake.version(KEY), platform.lake.exists(AUDIT)) == (1, False)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            {"table": "delivery/features", "version": 0},
            "'delivery/features' is not an asset.*delivery/turbofan_rul/feat",
        ),
        (
            {"version": 0, "partitions": ["2023-12-31", "x"]},
            r"has no partition 2023-12-31, x\. It has \d+: 2024-01-01 …",
        ),
        ({"version": 9}, "has no version 9: its newest is 1"),
        ({}, "either a version or a time"),
        ({"version": 0, "time": "2024-01-01"}, "either a version or a time"),
        ({"time": "yesterday"}, "time must be like .* found 'yesterday'"),
        ({"table": "/".join(REGIMES), "version": 0}, "no Delta table at .*operating_regimes"),
        ({"version": 0, "who": " "}, r"(?s)who.*should match pattern"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_changed(
    asked: dict[str, Any], told: str, lake_of_two: Platform
) -> None:
    message = error_of(restore(lake_of_two, fails=True, **asked))
    assert re.search(told, message, re.DOTALL), message
    assert (lake_of_two.lake.version(KEY), lake_of_two.lake.exists(AUDIT)) == (1, False)


def test_a_version_that_is_no_number_is_refused_by_the_launchpad(lake_of_two: Platform) -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match=r"config:version.*not valid"):
        restore(lake_of_two, version="three")


def test_a_sandbox_is_made_read_shown_and_dropped_each_with_its_audit_row(platform: Platform) -> None:
    platform.write(0)
    platform.write(1)
    asked = {"name": "study", "tables": [{"table": TABLE, "version": 0}], "purpose": "wear", "who": "ann", "days": 5}
    result = platform.run("make_sandbox", "sandbox_making", **asked)
    assert set(platform.lake.sandbox("study").read(TABLE)["value"].to_pylist()) == {0}
    (shown,) = [event.asset_key for event in result.get_asset_materialization_events()]
    assert shown == dg.AssetKey(["explorative", "study", *KEY])
    platform.run("drop_sandbox", "sandbox_dropping", name="study", who="bob")
    assert list(living(platform.lake)) == ["study"], "a dry run is the default"
    platform.run("drop_sandbox", "sandbox_dropping", name="study", who="bob", dry_run=False)
    assert living(platform.lake) == {}
    rows = entries(platform.lake)
    assert rows[["action", "subject", "who"]].values.tolist() == [
        ["make_sandbox", "study", "ann"],
        ["drop_sandbox", "study", "bob"],
    ]
    assert rows["details"][0]["versions"] == {TABLE: 0}


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"name": "No Name"}, "'No Name' is no name for a sandbox"),
        ({"tables": [{"table": "features"}]}, "'features' is not an asset"),
        ({"tables": [{"table": TABLE, "version": 7}]}, "no version 7: its newest is 1"),
        ({"tables": []}, "at least 1 item"),
        ({"days": 400}, "less than or equal to 365"),
    ],
)
def test_a_sandbox_that_cannot_be_pins_nothing(asked: dict[str, Any], told: str, lake_of_two: Platform) -> None:
    config = {"name": "study", "tables": [{"table": TABLE}], "purpose": "wear", "who": "ann", **asked}
    assert told in error_of(lake_of_two.run("make_sandbox", "sandbox_making", fails=True, **config))
    assert not lake_of_two.lake.exists(SANDBOXES)


def rows_told(result: dg.ExecuteInProcessResult) -> dict[str, dict[str, Any]]:
    (event,) = result.get_asset_materialization_events()
    records = event.materialization.metadata["tables"].records
    return {str(record.data["table"]): dict(record.data) for record in records}


def test_compaction_and_vacuum_as_assets_tell_what_they_did_to_each_table(
    platform: Platform, empty_registry: Path
) -> None:
    for value in range(4):
        platform.write(value, write_mode="append")

    @dg.asset(key=REGIMES)
    def regimes() -> Any:
        return pd.DataFrame({"v": [1]})

    platform.materialise([regimes], {})
    content = platform.lake.content_version(KEY)
    result = platform.run("lake_compaction", "monitoring__platform__compaction")
    told = rows_told(result)
    assert list(told) == sorted([TABLE, "/".join(REGIMES)])
    assert (told[TABLE]["files_before"], told[TABLE]["files_after"], told[TABLE]["rows"]) == (12, 3, 24)
    assert told["/".join(REGIMES)]["skipped"].startswith("nothing to do")
    assert platform.lake.content_version(KEY) == content

    refused = platform.run("lake_vacuum", "monitoring__platform__vacuum", fails=True, dry_run=False, min_mb=0)
    assert "There is no model registry" in error_of(refused)

    (platform.folder / "mlflow").mkdir()
    shutil.copy(empty_registry, platform.folder / "mlflow" / "mlflow.db")
    dry = platform.run("lake_vacuum", "monitoring__platform__vacuum", min_mb=0)
    assert rows_told(dry)[TABLE]["skipped"].startswith("0 files"), "all are younger than seven days"
    views = Path(platform.lake.uri).with_suffix(".duckdb")
    views.unlink(missing_ok=True)
    platform.run("lake_vacuum", "monitoring__platform__vacuum", min_mb=0, dry_run=False)
    with duckdb.connect(views, read_only=True) as client:
        shown = {name for (name,) in client.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    assert "turbofan_operating_regimes" in shown, "the views are made anew before files are removed"


def test_one_table_that_cannot_be_kept_fails_the_run_by_name_and_the_others_are_kept(platform: Platform) -> None:
    for value in range(4):
        platform.write(value, write_mode="append")
    log = Path(platform.lake.table_uri(REGIMES), "_delta_log")
    log.mkdir(parents=True)
    (log / f"{0:020}.json").write_text("torn")
    result = platform.run("lake_compaction", "monitoring__platform__compaction", fails=True)
    assert "1 tables failed: distilled/turbofan/operating_regimes" in error_of(result)
    assert platform.lake.open(KEY).history(1)[0]["operation"] == "OPTIMIZE"


def test_the_schedules_are_off_until_somebody_turns_them_on_and_vacuum_then_is_in_earnest() -> None:
    from lakehouse_assets.definitions import defs

    nightly, weekly = (defs.resolve_schedule_def(name) for name in ("nightly_schedule", "lake_vacuum_weekly"))
    assert [one.default_status for one in (nightly, weekly)] == [dg.DefaultScheduleStatus.STOPPED] * 2
    assert (
        dg.AssetKey(["monitoring", "platform", "compaction"])
        in nightly.job.resolve(asset_graph=defs.resolve_asset_graph()).asset_layer.executable_asset_keys
    )
    (request,) = weekly.evaluate_tick(dg.build_schedule_context()).run_requests
    assert json.loads(json.dumps(request.run_config)) == {
        "ops": {"monitoring__platform__vacuum": {"config": {"dry_run": False}}}
    }


def test_the_columns_to_sort_by_come_from_the_contract() -> None:
    from lakehouse_assets.definitions import defs

    spec = defs.resolve_asset_graph().get(dg.AssetKey(["harmonized", "turbofan", "readings"]))
    assert spec.metadata["filtered_by"] == ["engine_id"]
