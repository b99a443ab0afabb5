"""What a table was made from: the versions of everything that its step read, however it read it."""

import json

import dagster as dg
import pandas as pd
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from deltalake import write_deltalake

from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets_tests.lake.makers import DAYS, ONE_RUN, asset_of, daily, daily_frame


def _run(lake, instance, assets, selection, **options):
    resources = {"io_manager": DeltaIOManager(lake_uri=lake.uri), "lake": LakeResource(lake_uri=lake.uri)}
    return dg.materialize(assets, selection=selection, instance=instance, resources=resources, **options)


def _noted(lake, key, what="inputs"):
    return json.loads(lake.open([key]).history(1)[0][f"lakehouse.{what}"])


def _metadata(result, key):
    (event,) = [one for one in result.get_asset_materialization_events() if one.asset_key == dg.AssetKey(key)]
    return {name: value.value for name, value in event.materialization.metadata.items()}


def _numbers(name):
    return asset_of(lambda _: pd.DataFrame({"n": [1]}), name=name)


def test_tables_read_through_the_lake_are_inputs_too(lake, instance):
    a, b, c = _numbers("a"), _numbers("b"), _numbers("c")
    for made in (a, b, b, c):
        _run(lake, instance, [made], [made])

    @dg.asset(deps=["b", "c"])
    def down(a: pd.DataFrame, lake: LakeResource):
        here = lake.lake()
        assert here.row_count(["b"]) == 1
        return here.read_pandas(["b"], version=0)

    result = _run(lake, instance, [a, b, c, down], [down])
    assert _noted(lake, "down") == {"a": "0", "b": "1, 0"}
    assert _noted(lake, "down", "deps") == {"c": "0"}
    shown = _metadata(result, "down")
    assert shown["input_versions"] == {"a": "0", "b": "1, 0"}
    assert shown["dep_versions"] == {"c": "0"}
    assert shown["run_id"] == result.run_id


def test_every_output_of_a_step_names_what_the_step_read(lake, instance):
    a = _numbers("a")
    _run(lake, instance, [a], [a])

    @dg.multi_asset(outs={"one": dg.AssetOut(), "two": dg.AssetOut()}, ins={"a": dg.AssetIn()})
    def both(a: pd.DataFrame):
        return a, a

    _run(lake, instance, [a, both], [both])
    assert _noted(lake, "one") == _noted(lake, "two") == {"a": "0"}


def test_steps_of_one_run_do_not_share_what_they_read(lake, instance):
    a = _numbers("a")

    @dg.asset
    def b(a: pd.DataFrame):
        return a

    @dg.asset
    def c(b: pd.DataFrame):
        return b

    _run(lake, instance, [a, b, c], [a, b, c])
    assert (_noted(lake, "a"), _noted(lake, "b"), _noted(lake, "c")) == ({}, {"a": "0"}, {"b": "0"})


def test_an_asset_that_wrote_its_table_itself_tells_its_version_and_what_it_read(lake, instance):
    a, b = _numbers("a"), _numbers("b")
    for made in (a, a, b):
        _run(lake, instance, [made], [made])

    @dg.asset(deps=["a", "b"])
    def own(lake: LakeResource):
        write_deltalake(lake.lake().table_uri(["own"]), lake.lake().read(["a"]))

    shown = _metadata(_run(lake, instance, [a, b, own], [own]), "own")
    assert shown["input_versions"] == {"a": "1"}
    assert shown["dep_versions"] == {"b": "0"}
    assert shown["delta_version"] == 0
    assert [column.name for column in shown["dagster/column_schema"].columns] == ["n"]


def test_reading_the_lake_outside_of_a_run_works(lake, instance):
    _run(lake, instance, [_numbers("a")], None)
    assert LakeResource(lake_uri=lake.uri).lake().row_count(["a"]) == 1


def test_unchanged_code_leaves_everything_fresh_and_changed_code_only_its_own_asset_stale(lake, instance):
    def graph(version):
        up = daily(lambda context: daily_frame(context.partition_keys), name="up")
        up = up.map_asset_specs(lambda spec: spec.replace_attributes(code_version=version))

        @dg.asset(partitions_def=DAYS, metadata={"partition_expr": "day"}, code_version="1", backfill_policy=ONE_RUN)
        def down(up: pd.DataFrame):
            return up

        return [up, down]

    def statuses(assets):
        resolver = CachingStaleStatusResolver(
            instance, dg.Definitions(assets).resolve_asset_graph(), LoadingContextForTest(instance)
        )
        return {(key, day): resolver.get_status(dg.AssetKey(key), day) for key in ("up", "down") for day in KEYS}

    span = {"dagster/asset_partition_range_start": KEYS[0], "dagster/asset_partition_range_end": KEYS[-1]}
    assets = graph("1")
    _run(lake, instance, assets, assets, tags=span)
    _run(lake, instance, assets, assets[:1], tags=span)
    _run(lake, instance, assets, assets[:1], partition_key=KEYS[0])
    assert set(statuses(assets).values()) == {StaleStatus.FRESH}
    changed = graph("2")
    assert statuses(changed)["up", KEYS[0]] == StaleStatus.STALE
    _run(lake, instance, changed, changed[:1], tags=span)
    assert set(statuses(changed).values()) == {StaleStatus.FRESH}
    assert lake.open(["up"]).history(1)[0]["lakehouse.code_version"] == "2"


KEYS = ("2024-01-01", "2024-01-02")
