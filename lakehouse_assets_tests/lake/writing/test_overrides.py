"""Who decides how a table is written and read: the run before the asset, the asset before the IO manager."""

import dagster as dg
import pandas as pd
import pytest

from lakehouse_assets.lake.errors import MissingSettingError
from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets_tests.lake.makers import asset_of, rows_of


@pytest.fixture
def run(lake, instance):
    """Materialises with an IO manager whose own defaults the test gives."""

    def go(*assets, selection=None, tags=None, run_config=None, **defaults):
        return dg.materialize(
            list(assets),
            selection=selection,
            instance=instance,
            tags=tags,
            run_config=run_config,
            resources={"io_manager": DeltaIOManager(lake_uri=lake.uri, **defaults)},
        )

    return go


def _one_row(**metadata):
    return asset_of(lambda context: pd.DataFrame({"id": [1], "run": [context.run.run_id]}), **metadata)


def _for_the_output(**settings):
    return {"ops": {"table": {"outputs": {"result": settings}}}}


@pytest.mark.parametrize(
    ("default", "asset", "tag", "config", "rows"),
    [
        (None, None, None, None, 1),
        ("append", None, None, None, 2),
        ("append", "overwrite", None, None, 1),
        ("overwrite", "append", None, None, 2),
        (None, "append", "overwrite", None, 1),
        (None, "overwrite", "append", None, 2),
        (None, "append", None, "overwrite", 1),
        (None, "overwrite", None, "append", 2),
        (None, "overwrite", "overwrite", "append", 2),
        (None, "append", "append", "overwrite", 1),
    ],
)
def test_run_config_before_tags_before_the_asset_before_the_manager(default, asset, tag, config, rows, lake, run):
    table = _one_row(**({"write_mode": asset} if asset else {}))
    defaults = {"write_mode": default} if default else {}
    run(table, **defaults)
    tags = {"lakehouse/write_mode": tag} if tag else {}
    run(table, tags=tags, run_config=_for_the_output(write_mode=config) if config else None, **defaults)
    assert lake.row_count(["table"]) == rows


def test_an_override_holds_for_its_run_only(lake, run):
    table = _one_row()
    run(table)
    run(table, run_config=_for_the_output(write_mode="append"))
    assert lake.row_count(["table"]) == 2
    run(table)
    assert lake.row_count(["table"]) == 1


def test_an_override_by_config_reaches_only_the_asset_that_it_names(lake, run):
    table, other = _one_row(), asset_of(lambda _: pd.DataFrame({"n": [1]}), name="other")
    for config in (None, _for_the_output(write_mode="append")):
        run(table, other, run_config=config)
    assert (lake.row_count(["table"]), lake.row_count(["other"])) == (2, 1)


def test_merge_keys_and_type_and_the_schema_mode_can_be_given_for_one_run(lake, run):
    first = run(_one_row()).run_id
    merge = {"write_mode": "merge", "merge_keys": ["id"], "merge_type": "insert_only"}
    run(_one_row(), run_config=_for_the_output(**merge))
    assert rows_of(lake.read(["table"]), "id", "run") == [(1, first)]
    wider = asset_of(lambda _: pd.DataFrame({"id": [1], "run": ["x"], "more": [1.5]}))
    run(wider, run_config=_for_the_output(schema_mode="overwrite"))
    assert lake.schema(["table"]).names == ["id", "run", "more"]


def test_the_launchpad_refuses_a_mode_that_is_not_known_before_the_run_starts(run, instance):
    with pytest.raises(dg.DagsterInvalidConfigError, match="upsert"):
        run(_one_row(), run_config=_for_the_output(write_mode="upsert"))
    assert instance.get_runs() == []


def test_a_tag_that_is_not_known_is_told_with_where_it_stands(run):
    with pytest.raises(MissingSettingError, match=r"'upsert' in its run tags\. Known: overwrite, append, merge"):
        run(_one_row(), tags={"lakehouse/write_mode": "upsert"})


def test_a_run_pins_its_inputs_by_config_or_by_tag_and_says_which_versions_it_read(lake, run):
    number, seen = {"now": 0}, []
    table = asset_of(lambda _: pd.DataFrame({"n": [number["now"]]}))
    times = []
    for number["now"] in range(4):
        run(table)
        times.append(pd.Timestamp.now(tz="UTC").isoformat())

    @dg.asset(ins={"table": dg.AssetIn(metadata={"version": 0})})
    def down(table: pd.DataFrame) -> pd.DataFrame:
        seen.append(table["n"].item())
        return table

    def pinned_to(pin):
        return {"resources": {"io_manager": {"config": {"lake_uri": lake.uri, "pins": {"table": pin}}}}}

    run(down, table, selection=[down])
    run(down, table, selection=[down], run_config=pinned_to("2"))
    run(down, table, selection=[down], run_config=pinned_to(times[1]))
    result = run(down, table, selection=[down], run_config=pinned_to("2"), tags={"lakehouse/pin/table": "3"})
    assert seen == [0, 2, 1, 3]
    shown = result.get_asset_materialization_events()[0].materialization.metadata
    assert shown["input_versions"].value == {"table": "3"}


def test_a_value_of_an_op_inside_a_graph_is_told_to_go_elsewhere(run):
    @dg.op
    def number():
        return 1

    @dg.op
    def frame(one):
        return pd.DataFrame({"n": [one]})

    @dg.graph_asset
    def table():
        return frame(number())

    with pytest.raises(MissingSettingError, match=r"table\.number.*io_manager_key"):
        run(table)
