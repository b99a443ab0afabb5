"""Restoring a table or its partitions by the job, run as the UI runs it."""

import logging
import re
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from deltalake import write_deltalake

from lakehouse_assets.contracts import audit
from lakehouse_assets.contracts.audit import AUDIT, entries
from lakehouse_assets.defs.platform.lake_jobs import restore_table
from lakehouse_assets.defs.turbofan.days import DAYS
from lakehouse_assets.lake.errors import StorageError
from lakehouse_assets.lake.maintenance import restore as maintenance
from lakehouse_assets.operations.tables.restorable import INSTEAD
from lakehouse_assets.sources.daily import BY_DAY, BY_HAND, NIGHT_TAG, ONE_RUN
from lakehouse_assets_tests.defs.kept_platform import KEY, REGIMES, TABLE, Platform, error_of, features
from lakehouse_assets_tests.lake.makers import daily_frame


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
    assert (row["details"]["restored_from_version"], row["details"]["newest_version_before"]) == (0, 1)
    assert row["run_id"] == result.run_id == platform.lake.open(KEY).history(1)[0]["lakehouse.run_id"]


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
        ({"time": "2999-01-01"}, r"time must lie in the past, found 2999-01-01T00:00:00\+00:00"),
        ({"table": "landing/turbofan/files", "version": 0}, "has no table: it is files as they were delivered"),
        ({"table": "delivery/platform/sql_views", "version": 0}, "has no table that could be restored.*Materialise it"),
        ({"table": "monitoring/platform/health", "version": 0}, "has no table that could be restored"),
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


@pytest.mark.parametrize(
    ("table", "instead"),
    [
        ("monitoring/platform/audit", "end a pause with the job resume_use_case"),
        ("monitoring/platform/incidents", "what was told"),
        ("monitoring/platform/erased_persons", "They stay"),
        ("monitoring/turbofan_rul/decisions", "Train with the job retrain_now"),
        ("models/turbofan_rul/champion", "with the job turbofan_rul_roll_back"),
        ("raw/milling/repairs", "`undo: true` in the job milling_repair_quarantined_rows"),
        ("explorative/sandboxes", "the job drop_sandbox"),
    ],
)
def test_what_jobs_keep_is_not_restored_and_the_refusal_says_what_to_do_instead(
    table: str, instead: str, lake_of_two: Platform
) -> None:
    audit.record(lake_of_two.lake, action="pause", subject="u", who="ann", reason="x", details={})
    version = lake_of_two.lake.version(AUDIT)
    for dry in (True, False):
        said = error_of(restore(lake_of_two, fails=True, table=table, version=0, dry_run=dry))
        assert f"{table} is kept by jobs and is not restored. " in said
        assert instead in said
    assert lake_of_two.lake.version(AUDIT) == version


def test_every_table_that_jobs_keep_says_what_to_do_instead() -> None:
    from lakehouse_assets.definitions import defs

    graph = defs.resolve_asset_graph()
    kept = {(key.path[0], key.path[-1]) for key in graph.get_all_asset_keys() if not graph.get(key).is_executable}
    assert kept <= INSTEAD.keys()


def test_a_dry_run_tries_the_columns_of_partitions(platform: Platform) -> None:
    @dg.asset(key=KEY, partitions_def=DAYS, metadata={**BY_DAY, "schema_mode": "merge"}, backfill_policy=ONE_RUN)
    def wider(context: dg.AssetExecutionContext) -> pd.DataFrame:
        return daily_frame(context.partition_keys, value=1).assign(extra=1.0)

    platform.write(0)
    span = {"dagster/asset_partition_range_start": "2024-01-01", "dagster/asset_partition_range_end": "2024-01-03"}
    platform.materialise([wider], span)
    wanted: dict[str, Any] = {"version": 0, "partitions": ["2024-01-02"]}
    said = error_of(restore(platform, fails=True, dry_run=True, **wanted))
    assert "column 'extra' (double) of the table is missing" in said
    assert "can be left null (fill_new_columns)" in said
    restore(platform, dry_run=True, fill_new_columns=True, **wanted)
    restore(platform, version=0)
    said = error_of(restore(platform, fails=True, dry_run=True, version=1, partitions=["2024-01-02"]))
    assert "column extra was dropped since." in said


def test_a_dry_run_tries_the_rows_of_partitions_on_the_constraints_of_now(platform: Platform) -> None:
    platform.write(0)
    platform.write(1)
    table = platform.lake.open(KEY)
    table.alter.add_constraint({"positive": "value > 0"})
    before = platform.lake.version(KEY)
    wanted: dict[str, Any] = {"version": 0, "partitions": ["2024-01-02"]}
    for dry in (True, False):
        said = error_of(restore(platform, fails=True, dry_run=dry, **wanted))
        assert "Partitions 2024-01-02 of" in said
        assert "positive" in said
        assert "Nothing was changed" in said
    assert platform.lake.version(KEY) == before
    assert not platform.lake.exists(AUDIT)
    restore(platform, dry_run=True, version=1, partitions=["2024-01-02"])


def test_limits_that_rows_of_then_do_not_keep_are_told(platform: Platform) -> None:
    @dg.asset(key=KEY, partitions_def=DAYS, metadata=BY_DAY, backfill_policy=ONE_RUN)
    def without_days(context: dg.AssetExecutionContext) -> pd.DataFrame:
        return daily_frame(context.partition_keys, value=1)

    platform.materialise([without_days], {"dagster/partition": "2024-01-01"})
    uri = platform.lake.table_uri(KEY)
    write_deltalake(uri, platform.lake.read(KEY).set_column(0, "day", pa.nulls(2, pa.date32())), mode="append")
    platform.write(2)
    result = restore(platform, version=1)
    assert platform.lake.version(KEY) > 2
    [warned] = [one.user_message for one in platform.instance.all_logs(result.run_id) if one.level == logging.WARNING]
    assert "contract_day_required" in warned
    for one in result.get_asset_materialization_events():
        told = one.step_materialization_data.materialization.metadata["constraints_pending"].value
        assert "contract_day_required" in told


def test_no_table_is_restored_where_the_audit_cannot_say_so_and_a_restore_that_failed_is_said(
    lake_of_two: Platform,
) -> None:
    table = Path(lake_of_two.lake.table_uri(AUDIT))
    table.parent.mkdir(parents=True)
    table.write_text("a disk that went away")
    assert error_of(restore(lake_of_two, fails=True, version=0))
    assert lake_of_two.lake.version(KEY) == 1, "nothing is restored"
    table.unlink()
    with mock.patch.object(maintenance, "restore_all", side_effect=StorageError("the disk is full")):
        restore(lake_of_two, fails=True, version=0)
    asked, failed = entries(lake_of_two.lake).to_dict("records")
    assert (asked["action"], failed["action"]) == ("restore", "restore_failed")
    assert failed["details"]["error"] == "StorageError"


def test_a_restore_waits_for_nights_as_other_repairs_do() -> None:
    assert restore_table.tags[NIGHT_TAG] == BY_HAND
