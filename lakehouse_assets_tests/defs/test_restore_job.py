"""Restoring a table or its partitions by the job, run as the UI runs it."""

import re
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from lakehouse_assets.contracts.audit import AUDIT, entries
from lakehouse_assets.defs.turbofan.days import DAYS
from lakehouse_assets.sources.daily import BY_DAY, ONE_RUN
from lakehouse_assets_tests.defs.kept_platform import KEY, REGIMES, TABLE, Platform, error_of, features


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
