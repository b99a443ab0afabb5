"""What happens when the rows' columns are not the table's."""

import datetime as dt

import pandas as pd
import pyarrow as pa
import pytest

from lakehouse_assets.lake.errors import SchemaChangedError
from lakehouse_assets_tests.lake.makers import asset_of, daily, day, rows_of


def _changing(first, **metadata):
    now = {"rows": first}
    return asset_of(lambda _: now["rows"], **metadata), now


def _refused(materialise, lake, table, *parts):
    before = lake.version(["table"])
    with pytest.raises(SchemaChangedError) as caught:
        materialise(table)
    for part in (*parts, "table", "Nothing was written"):
        assert part in str(caught.value)
    assert lake.version(["table"]) == before


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        (pa.table({"a": [1], "b": ["x"], "c": [1]}), "'c' (int64) is not in the table"),
        (pa.table({"a": [1]}), "'b' (string) of the table is missing"),
        (pa.table({"a": ["one"], "b": ["x"]}), "'a' is int64 in the table and string in the rows"),
        (pa.table({"a": pa.array([dt.date(2024, 1, 1)]), "b": ["x"]}), "'a' is int64 in the table and date32"),
    ],
    ids=["added", "dropped", "another meaning", "a date for a number"],
)
def test_strict_refuses_every_change_and_says_which(rows, part, lake, materialise):
    table, now = _changing(pa.table({"a": [1], "b": ["x"]}))
    materialise(table)
    now["rows"] = rows
    _refused(materialise, lake, table, part, "schema_mode")


def test_merge_adds_columns_and_fills_missing_ones_with_null(lake, materialise):
    now = {"rows": {"a": [1]}}
    table = daily(
        lambda context: pa.table({"day": pa.array([day(context.partition_key)]), **now["rows"]}), schema_mode="merge"
    )
    materialise(table, "2024-01-01")
    now["rows"] = {"b": ["new"]}
    result = materialise(table, "2024-01-02")
    assert rows_of(lake.read(["table"]), "a", "b") == [(1, None), (None, "new")]
    metadata = result.get_asset_materialization_events()[0].materialization.metadata
    assert metadata["schema_change"].value == "added b"
    assert rows_of(lake.read_duckdb(["table"]).to_arrow_table(), "a", "b") == [(1, None), (None, "new")]


def test_merge_refuses_another_meaning(lake, materialise):
    table, now = _changing(pa.table({"a": [1]}), schema_mode="merge")
    materialise(table)
    now["rows"] = pa.table({"a": ["one"]})
    _refused(materialise, lake, table, "'a' is int64 in the table and string in the rows")


def test_overwrite_gives_the_table_the_rows_columns_and_says_what_changed(lake, materialise):
    table, now = _changing(pa.table({"a": [1], "b": ["x"]}), schema_mode="overwrite")
    materialise(table)
    now["rows"] = pa.table({"a": ["one"], "c": [1.5]})
    result = materialise(table)
    assert lake.schema(["table"]) == pa.schema([("a", pa.string()), ("c", pa.float64())])
    change = result.get_asset_materialization_events()[0].materialization.metadata["schema_change"].value
    assert change == "added c; dropped b; retyped a (int64 to string)"


def test_overwriting_the_schema_under_other_partitions_is_refused(lake, materialise):
    now = {"rows": {"a": [1]}}
    table = daily(
        lambda context: pa.table({"day": pa.array([day(context.partition_key)]), **now["rows"]}),
        schema_mode="overwrite",
    )
    materialise(table, "2024-01-01")
    now["rows"] = {"a": ["text"]}
    with pytest.raises(SchemaChangedError, match="other partitions"):
        materialise(table, "2024-01-02")
    assert lake.version(["table"]) == 0


def test_narrower_and_wider_whole_numbers_are_taken_when_every_value_fits(lake, materialise):
    table, now = _changing(pa.table({"a": pa.array([1], pa.int32())}))
    materialise(table)
    now["rows"] = pa.table({"a": pa.array([2], pa.int64())})
    materialise(table)
    assert lake.schema(["table"]).field("a").type == pa.int32()
    now["rows"] = pa.table({"a": pa.array([2**40], pa.int64())})
    before = lake.version(["table"])
    with pytest.raises(SchemaChangedError, match=r"'a' has type int32.*schema_mode"):
        materialise(table)
    assert lake.version(["table"]) == before


def test_whole_floats_of_pandas_go_into_a_column_of_whole_numbers_and_fractions_do_not(lake, materialise):
    table, now = _changing(pd.DataFrame({"a": [1, 2]}))
    materialise(table)
    now["rows"] = pd.DataFrame({"a": [1.0, None]})
    materialise(table)
    assert rows_of(lake.read(["table"])) == [(1,), (None,)]
    now["rows"] = pd.DataFrame({"a": [1.5]})
    with pytest.raises(SchemaChangedError, match="'a'"):
        materialise(table)


def test_midnights_go_into_a_date_column_and_other_times_do_not(lake, materialise):
    table, now = _changing(pa.table({"a": pa.array([dt.date(2024, 1, 1)])}))
    materialise(table)
    now["rows"] = pd.DataFrame({"a": pd.to_datetime(["2024-01-02"])})
    materialise(table)
    assert rows_of(lake.read(["table"])) == [(day("2024-01-02"),)]
    now["rows"] = pd.DataFrame({"a": pd.to_datetime(["2024-01-02 10:00"])})
    with pytest.raises(SchemaChangedError, match="'a'"):
        materialise(table)


def test_a_column_of_nothing_but_nulls_takes_the_tables_type_and_cannot_make_a_table(lake, materialise):
    table, now = _changing(pd.DataFrame({"a": [None]}))
    with pytest.raises(SchemaChangedError, match="column a has only nulls"):
        materialise(table)
    now["rows"] = pd.DataFrame({"a": ["x"]})
    materialise(table)
    now["rows"] = pd.DataFrame({"a": [None]})
    materialise(table)
    assert lake.schema(["table"]).field("a").type == pa.string()
