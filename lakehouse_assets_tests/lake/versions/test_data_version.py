"""Data versions by content, and the canary for the private parts of Dagster that carry them."""

import dagster as dg
import pandas as pd
from dagster._core.execution.context.output import OutputContext
from dagster._core.execution.context.system import StepExecutionContext
from dagster._core.execution.plan import execute_step

from lakehouse_assets_tests.lake.makers import DAYS, asset_of, daily, daily_frame

TAG = "dagster/data_version"


def _versions(result):
    return {event.partition: event.materialization.tags[TAG] for event in result.get_asset_materialization_events()}


def test_the_private_parts_of_dagster_that_carry_data_versions_are_still_there():
    assert callable(StepExecutionContext.set_data_version)
    assert callable(execute_step._get_output_asset_events)
    assert callable(execute_step._dagster_event_for_asset_event)
    assert "_asset_key" in OutputContext.asset_key.fget.__code__.co_names


def test_each_partition_of_a_range_has_its_own_version_the_same_as_when_written_alone(instance, materialise):
    table = daily(lambda context: daily_frame(context.partition_keys))
    together = _versions(materialise(table, span=("2024-01-01", "2024-01-03")))
    alone = [_versions(materialise(table, key)) for key in ("2024-01-01", "2024-01-02", "2024-01-03")]
    assert together == {key: version for one in alone for key, version in one.items()}
    assert len(set(together.values())) == 3


def test_a_range_logs_one_event_a_partition_and_no_other(instance, materialise):
    table = daily(lambda context: daily_frame(context.partition_keys))
    result = materialise(table, span=("2024-01-01", "2024-01-03"))
    events = result.get_asset_materialization_events()
    assert [event.partition for event in events] == ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert [event.materialization.metadata["dagster/row_count"].value for event in events] == [2, 2, 2]
    assert instance.get_materialized_partitions(dg.AssetKey("table")) == set(_versions(result))


def test_only_the_partition_whose_rows_changed_gets_another_version(materialise):
    value = {"2024-01-01": 1, "2024-01-02": 1}
    table = daily(lambda context: pd.concat([daily_frame([key], value=value[key]) for key in context.partition_keys]))
    before = _versions(materialise(table, span=("2024-01-01", "2024-01-02")))
    value["2024-01-02"] = 2
    after = _versions(materialise(table, span=("2024-01-01", "2024-01-02")))
    assert before["2024-01-01"] == after["2024-01-01"]
    assert before["2024-01-02"] != after["2024-01-02"]


def test_rows_in_another_order_keep_the_version_and_other_rows_change_it(lake, materialise):
    frame = {"now": pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})}
    table = asset_of(lambda _: frame["now"])
    first = _versions(materialise(table))
    assert first[None] == lake.content_version(["table"])
    frame["now"] = frame["now"].iloc[::-1]
    assert _versions(materialise(table)) == first
    frame["now"] = frame["now"].assign(a=[5, 6])
    assert _versions(materialise(table)) != first


def test_the_version_of_an_appended_or_merged_table_is_that_of_all_its_rows(lake, materialise):
    for mode in ({"write_mode": "append"}, {"write_mode": "merge", "merge_keys": ["n"]}):
        number = {"now": 1}
        table = asset_of(lambda _, number=number: pd.DataFrame({"n": [number["now"]]}), name=mode["write_mode"], **mode)
        for number["now"] in (1, 2):
            result = materialise(table)
        assert _versions(result)[None] == lake.content_version([mode["write_mode"]])


def test_downstream_is_not_stale_after_identical_rows(instance, materialise):
    from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus

    table = daily(lambda context: daily_frame(context.partition_keys))

    @dg.asset(partitions_def=DAYS, metadata={"partition_expr": "day"})
    def down(table: pd.DataFrame) -> pd.DataFrame:
        return table

    keys = ("2024-01-01", "2024-01-02")
    materialise(table, span=keys)
    for key in keys:
        materialise(down, key, others=[table])
    materialise(table, span=keys)
    graph = dg.Definitions([table, down]).resolve_asset_graph()
    for key in keys:
        resolver = CachingStaleStatusResolver(instance, graph, _loading(instance))
        assert resolver.get_status(dg.AssetKey("down"), key) == StaleStatus.FRESH


def _loading(instance):
    from dagster._core.loader import LoadingContextForTest

    return LoadingContextForTest(instance)


def test_a_self_dependent_asset_does_not_warn_about_its_versions(materialise, capfd):
    @dg.asset(
        partitions_def=DAYS,
        metadata={"partition_expr": "day"},
        ins={"own": dg.AssetIn(partition_mapping=dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1))},
    )
    def own(context: dg.AssetExecutionContext, own: pd.DataFrame) -> pd.DataFrame:
        return daily_frame([context.partition_key])

    for key in ("2024-01-01", "2024-01-02"):
        materialise(own, key)
    assert "mismatch" not in capfd.readouterr().err
