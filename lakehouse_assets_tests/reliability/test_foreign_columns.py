"""Columns that others mapped, added or nested are read by their logical names, or refused: never as nulls."""

import dagster as dg
import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from lakehouse_assets_tests.lake.makers import DAYS
from lakehouse_assets_tests.reliability.delta_by_hand import HandMade, field, mapped
from lakehouse_assets_tests.reliability.foreign_reading import D1, D2, KEY, every_way, refused

MAPPED = [mapped("id", "long", 1, "col-a"), mapped("my name", "string", 2, "col-b"), mapped("day", "date", 3, "col-d")]


def _with_ids(names: list[str], *columns: pa.Array) -> pa.Table:
    fields = [
        pa.field(name, column.type, metadata={"PARQUET:field_id": str(number)})
        for number, (name, column) in enumerate(zip(names, columns, strict=True), start=1)
    ]
    return pa.table(list(columns), schema=pa.schema(fields))


def _mapped_table(folder, mode: str, in_file: list[str]) -> HandMade:
    made = HandMade(
        folder, MAPPED, ["day"], features=["columnMapping"],
        **{"delta.columnMapping.mode": mode, "delta.columnMapping.maxColumnId": "3"},
    )  # fmt: skip
    for number, day in enumerate((D1, D2)):
        rows = _with_ids(in_file, pa.array([number * 2, number * 2 + 1]), pa.array(["x", "y"]))
        low, high = {in_file[0]: number * 2}, {in_file[0]: number * 2 + 1}
        stats = {"numRecords": 2, "minValues": low, "maxValues": high, "nullCount": {in_file[0]: 0}}
        made.add(rows, {"col-d": str(day)}, path=f"Z{number}/part.parquet", stats=stats)
    return made.commit()


@pytest.mark.parametrize("mode", ["name", "id"])
def test_mapped_columns_are_read_by_their_logical_names(mode, lake, folder):
    _mapped_table(folder, mode, ["col-a", "col-b"])
    assert every_way(lake) == [(0, "x", D1), (1, "y", D1), (2, "x", D2), (3, "y", D2)]
    assert every_way(lake, {"id": 2}) == [(2, "x", D2)]
    assert every_way(lake, {"day": D1}) == [(0, "x", D1), (1, "y", D1)]
    assert lake.partition_values(KEY) == [{"day": D1}, {"day": D2}]


def test_columns_by_id_that_their_files_name_otherwise_are_refused_and_not_nulls(lake, folder):
    _mapped_table(folder, "id", ["other", "name"])
    refused(lake, "maps columns by id")


def test_columns_that_swapped_their_names_are_not_mixed_up(lake, folder):
    fields = [mapped("b", "long", 1, "a"), mapped("a", "long", 2, "b")]
    made = HandMade(folder, fields, versions=(2, 5), **{"delta.columnMapping.mode": "name"})
    stats = {"numRecords": 2, "minValues": {"a": 1, "b": 10}, "maxValues": {"a": 2, "b": 20}, "nullCount": {}}
    made.add(pa.table({"a": [1, 2], "b": [10, 20]}), stats=stats)
    made.commit()
    assert every_way(lake, {"b": 2}) == [(2, 20)]
    assert every_way(lake, {"a": 10}) == [(1, 10)]


def test_mapped_columns_inside_structs_and_lists_are_read(lake, folder):
    inner = {"type": "struct", "fields": [mapped("x", "long", 3, "col-x")]}
    other = {"type": "struct", "fields": [mapped("x", "long", 4, "col-y")]}
    many = {"type": "array", "elementType": other, "containsNull": True}
    fields = [mapped("s", inner, 1, "col-s"), mapped("l", many, 2, "col-l")]
    made = HandMade(folder, fields, versions=(2, 5), **{"delta.columnMapping.mode": "name"})
    made.add(pa.table({"col-s": [{"col-x": 5}], "col-l": [[{"col-y": 6}]]}))
    made.commit()
    assert every_way(lake) == [({"x": 5}, [{"x": 6}])]


def test_columns_and_struct_fields_that_came_later_are_null_in_older_files(lake, folder):
    inner = {"type": "struct", "fields": [field("x", "long"), field("y", "string")]}
    made = HandMade(folder, [field("a", "long"), field("s", inner), field("new", "string")])
    made.add(pa.table({"a": [1], "s": [{"x": 1}]}))
    made.add(pa.table({"s": [{"y": "q", "x": 2}], "new": ["n"], "a": [2]}))
    made.commit()
    assert every_way(lake) == [(1, {"x": 1, "y": None}, None), (2, {"x": 2, "y": "q"}, "n")]


@pytest.mark.parametrize("kind", [pd.DataFrame, pa.Table, pa.RecordBatchReader, duckdb.DuckDBPyRelation])
def test_an_asset_gets_the_rows_of_its_partition_from_a_mapped_table_with_deleted_rows(kind, lake, folder, materialise):
    made = HandMade(
        folder, MAPPED, ["day"], features=["columnMapping", "deletionVectors"],
        **{"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "3"},
    )  # fmt: skip
    for day in (D1, D2):
        rows = _with_ids(["col-a", "col-b"], pa.array([1, 2, 3]), pa.array(["x", "y", "z"]))
        file = made.add(rows, {"col-d": str(day)}, path=f"{day}.parquet")
    made.commit()
    made.delete_rows(file, [1])
    made.commit()
    upstream = dg.AssetSpec("foreign", partitions_def=DAYS, metadata={"partition_expr": "day"})
    seen = []

    @dg.asset(partitions_def=DAYS)
    def reader(foreign: kind) -> None:
        table = foreign if isinstance(foreign, pa.Table) else None
        if isinstance(foreign, pd.DataFrame):
            table = pa.Table.from_pandas(foreign)
        elif isinstance(foreign, pa.RecordBatchReader):
            table = foreign.read_all()
        elif table is None:
            table = foreign.to_arrow_table()
        seen.extend(sorted(zip(table["id"].to_pylist(), table["my name"].to_pylist(), strict=True)))

    materialise(reader, "2024-01-02", others=[upstream])
    assert seen == [(1, "x"), (3, "z")]
