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


def _list(value, kind):
    return pa.table({"a": pa.array([[value]], pa.list_(kind))})


NOON = dt.datetime(2024, 1, 1, 12)
INSIDE = {
    "a field more": (pa.table({"a": [{"x": 1}]}), pa.table({"a": [{"x": 1, "y": 2}]})),
    "a field less": (pa.table({"a": [{"x": 1, "y": 2}]}), pa.table({"a": [{"x": 1}]})),
    "another field in a list": (pa.table({"a": [[{"x": 1}]]}), pa.table({"a": [[{"y": 1}]]})),
    "text for times": (_list(NOON, pa.timestamp("us")), _list("2024-01-01", pa.string())),
    "instants for wall clocks": (_list(NOON, pa.timestamp("us")), _list(NOON, pa.timestamp("us", "Europe/Berlin"))),
    "times for dates": (_list(NOON.date(), pa.date32()), _list(NOON, pa.timestamp("us"))),
    "more digits": (_list(1.5, pa.float32()), _list(1.1, pa.float64())),
    "a list for a struct": (pa.table({"a": [{"x": 1}]}), pa.table({"a": [[1]]})),
}


@pytest.mark.parametrize("mode", ["strict", "merge"])
@pytest.mark.parametrize("case", INSIDE)
def test_what_changes_inside_of_a_column_is_refused_too_and_nothing_is_dropped_without_a_word(
    case, mode, lake, materialise
):
    first, then = INSIDE[case]
    table, now = _changing(first, schema_mode=mode)
    materialise(table)
    now["rows"] = then
    _refused(materialise, lake, table, "'a' is ")


def test_fields_in_another_order_and_wider_numbers_inside_of_a_column_keep_their_values(lake, materialise):
    table, now = _changing(pa.table({"a": [{"x": 1.5, "y": "b"}]}))
    materialise(table)
    now["rows"] = pa.table({"a": [{"y": "c", "x": 2}]})
    materialise(table)
    assert lake.read(["table"]).to_pylist() == [{"a": {"x": 2.0, "y": "c"}}]


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
    assert metadata["schema_change"].value == "added b; filled with null a"
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


def _by_day(**metadata):
    """A daily asset whose columns beside the day a test exchanges."""
    now = {"columns": {"a": [1]}}

    def make(context):
        keys = context.partition_keys
        columns = {name: values * len(keys) for name, values in now["columns"].items()}
        return pa.table({"day": pa.array([day(key) for key in keys]), **columns})

    return daily(make, **metadata), now


def _change(result):
    shown = result.get_asset_materialization_events()[-1].materialization.metadata
    return shown["schema_change"].value if "schema_change" in shown else None


@pytest.mark.parametrize(
    ("columns", "part"),
    [({"a": ["text"]}, "a string"), ({"b": [1]}, "b int64"), ({"a": [1.5]}, "a double")],
    ids=["another meaning", "dropped", "widened"],
)
def test_overwriting_the_schema_under_rows_of_other_partitions_is_refused(columns, part, lake, materialise):
    table, now = _by_day(schema_mode="overwrite")
    materialise(table, span=("2024-01-01", "2024-01-02"))
    now["columns"] = columns
    with pytest.raises(SchemaChangedError, match=rf"1 rows of its other partitions.*Rows: .*{part}.*all partitions in"):
        materialise(table, "2024-01-02")
    assert lake.version(["table"]) == 0


@pytest.mark.parametrize(
    ("columns", "change"),
    [
        ({"a": ["text"]}, "retyped a (int64 to string)"),
        ({"b": [1]}, "added b; dropped a"),
        ({"a": [1.5]}, "retyped a (int64 to double)"),
    ],
    ids=["another meaning", "dropped", "widened"],
)
@pytest.mark.parametrize("column", ["day", "at"])
def test_a_run_over_all_partitions_overwrites_the_schema_and_says_so(column, columns, change, lake, materialise):
    table, now = _by_day(schema_mode="overwrite")
    if column == "at":
        make = table.op.compute_fn.decorated_fn
        table = daily(lambda context: _with_instant(make(context)), schema_mode="overwrite", partition_expr="at")
    span = ("2024-01-01", "2024-01-02")
    materialise(table, span=span)
    now["columns"] = columns
    result = materialise(table, span=span)
    assert _change(result) == change
    assert lake.open(["table"]).history(1)[0]["lakehouse.schema_change"] == change
    assert set(lake.schema(["table"]).names) == {column, *columns}
    assert lake.row_count(["table"]) == 2
    assert lake.open(["table"]).metadata().partition_columns == (["day"] if column == "day" else [])


def _with_instant(rows):
    return rows.set_column(0, "at", rows["day"].cast(pa.timestamp("us", "UTC")))


def test_overwrite_adds_new_columns_on_some_partitions_and_leaves_the_others_null(lake, materialise):
    table, now = _by_day(schema_mode="overwrite")
    materialise(table, span=("2024-01-01", "2024-01-02"))
    now["columns"] = {"a": [1], "b": ["new"]}
    assert _change(materialise(table, "2024-01-02")) == "added b"
    assert rows_of(lake.read(["table"]), "day", "a", "b") == [
        (day("2024-01-01"), 1, None),
        (day("2024-01-02"), 1, "new"),
    ]


@pytest.mark.parametrize("mode", [{"write_mode": "append"}, {"write_mode": "merge", "merge_keys": ["day"]}])
def test_a_schema_cannot_be_overwritten_under_rows_that_stay(mode, lake, materialise):
    table, now = _by_day(schema_mode="overwrite", **mode)
    materialise(table, "2024-01-01")
    now["columns"] = {"a": ["text"]}
    with pytest.raises(SchemaChangedError, match=r"under rows that stay: retyped a \(int64 to string\)"):
        materialise(table, "2024-01-01")
    now["columns"] = {"a": [1], "b": [2]}
    assert _change(materialise(table, "2024-01-02")) == "added b"
    assert lake.row_count(["table"]) == 2


def test_what_was_stored_in_the_tables_type_or_left_out_is_said(lake, materialise):
    table, now = _changing(pa.table({"a": pa.array([1], pa.int32()), "b": ["x"]}), schema_mode="merge")
    assert _change(materialise(table)) is None
    now["rows"] = pa.table({"a": pa.array([2], pa.int64())})
    assert _change(materialise(table)) == "filled with null b; kept in the table's type a (int64 to int32)"
    assert rows_of(lake.read(["table"])) == [(2, None)]


EMPTY_FRAMES = {
    "columns without types": pd.DataFrame(columns=["day", "a"]),
    "other types": pd.DataFrame({"day": pd.Series(dtype="float64"), "a": pd.Series(dtype="str")}),
    "no columns": pd.DataFrame(),
}


@pytest.mark.parametrize("empty", EMPTY_FRAMES)
def test_a_frame_without_rows_empties_its_partition_whatever_its_types(empty, lake, materialise):
    table, _ = _by_day()
    materialise(table, span=("2024-01-01", "2024-01-02"))
    materialise(daily(lambda _: EMPTY_FRAMES[empty]), "2024-01-01")
    assert rows_of(lake.read(["table"])) == [(day("2024-01-02"), 1)]
    assert lake.schema(["table"]).field("a").type == pa.int64()


@pytest.mark.parametrize(
    ("rows", "part"),
    [
        (pd.DataFrame({"p": pd.to_timedelta([1], "s")}), r"no type for column p \(duration"),
        (pa.table({"p": pa.array([[1]], pa.list_(pa.time64("us")))}), r"no type for column p \(list<element: time64"),
        (pa.table({"p": [[]]}), "column p has only nulls and no type"),
        (pa.table({"Ab": [1], "aB": [2]}), "Ab, aB differ by case only"),
        (pd.DataFrame(), "returned no columns"),
    ],
)
def test_what_delta_cannot_hold_is_told_with_its_column(rows, part, lake, materialise):
    with pytest.raises(SchemaChangedError, match=rf"Asset table.*{part}"):
        materialise(asset_of(lambda _: rows))
    assert not lake.exists(["table"])


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
