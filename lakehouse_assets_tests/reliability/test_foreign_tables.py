"""Tables that others wrote are read right by every way of reading, or refused by every way: never as nulls."""

import datetime as dt
import decimal
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse_assets.lake.errors import StorageError, UnreadableTableError
from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.lake.makers import DAYS, daily
from lakehouse_assets_tests.reliability.delta_by_hand import HandMade, field, mapped

KEY = ["foreign"]
D1, D2 = dt.date(2024, 1, 1), dt.date(2024, 1, 2)


def every_way(lake: Lake, where: dict[str, Any] | None = None, version: int | None = None) -> list[tuple[Any, ...]]:
    """The rows, seen to be the same by every way of reading."""
    read = lake.read(KEY, where=where, version=version)
    names = read.schema.names
    expected = _sorted([tuple(row.values()) for row in read.to_pylist()])
    streamed = lake.stream(KEY, where=where, version=version).read_all()
    assert _sorted([tuple(row.values()) for row in streamed.to_pylist()]) == expected
    assert _sorted([_utc(row) for row in lake.read_duckdb(KEY, where=where, version=version).fetchall()]) == expected
    filtered = lake.read_duckdb(KEY, where=where, version=version).filter(duckdb.ConstantExpression(True))
    assert filtered.aggregate("count(*)").fetchall() == [(len(expected),)]
    frame = lake.read_pandas(KEY, where=where, version=version)
    assert [frame[name].isna().sum() for name in names] == [read[name].null_count for name in names]
    assert lake.row_count(KEY, where=where, version=version) == len(expected)
    for place, name in enumerate(names):
        one = lake.read(KEY, columns=[name], where=where, version=version)
        assert _sorted(one[name].to_pylist()) == _sorted([row[place] for row in expected])
    return expected


def _sorted(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=repr)


def _utc(row: tuple[Any, ...]) -> tuple[Any, ...]:
    zoned = [value.astimezone(dt.UTC) if isinstance(value, dt.datetime) and value.tzinfo else value for value in row]
    return tuple(zoned)


def refused(lake: Lake, match: str) -> None:
    """Refused by every way of reading, with the table's place."""
    for way in (lake.read, lake.stream, lake.read_pandas, lake.read_duckdb, lake.row_count, lake.content_version):
        with pytest.raises((UnreadableTableError, StorageError), match=match) as caught:
            way(KEY)
        assert lake.table_uri(KEY) in str(caught.value)


@pytest.fixture
def folder(lake):
    from pathlib import Path

    return Path(lake.table_uri(KEY))


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


@pytest.mark.parametrize("storage", ["i", "u", "p"], ids=["inline", "beside", "anywhere"])
def test_deleted_rows_stay_deleted(storage, lake, folder):
    made = HandMade(folder, [field("id", "long")], features=["deletionVectors"])
    stats = {"numRecords": 70_010, "minValues": {"id": 0}, "maxValues": {"id": 70_009}, "nullCount": {"id": 0}}
    file = made.add(pa.table({"id": range(70_010)}), stats=stats)
    made.commit()
    deleted = [1, 65_536, 70_008] if storage == "i" else [one for one in range(70_010) if one not in (5, 70_000)]
    made.delete_rows(file, deleted, storage)
    made.commit()
    assert lake.row_count(KEY) == 70_010 - len(deleted)
    gone = set(lake.read(KEY, version=0)["id"].to_pylist()) - set(lake.read(KEY)["id"].to_pylist())
    assert gone == set(deleted)
    if storage == "i":
        assert every_way(lake, {"id": [0, 1, 65_536, 65_537]}) == [(0,), (65_537,)]
    else:
        assert every_way(lake) == [(5,), (70_000,)]


def test_a_damaged_deletion_vector_is_told_and_never_brings_rows_back(lake, folder):
    made = HandMade(folder, [field("id", "long")], features=["deletionVectors"])
    file = made.add(pa.table({"id": [1, 2, 3]}))
    made.commit()
    made.delete_rows(file, [1])
    made.commit()
    (vector,) = folder.glob("deletion_vector_*.bin")
    vector.write_bytes(vector.read_bytes()[:-6] + b"\x09\x09\x00\x00\x00\x00")
    with pytest.raises((UnreadableTableError, StorageError), match="deletion vector of the table is damaged"):
        lake.read(KEY)
    with pytest.raises(duckdb.Error, match="damaged"):
        lake.read_duckdb(KEY).fetchall()


@pytest.mark.parametrize(
    "feature", ["typeWidening", "typeWidening-preview", "variantShredding-preview", "fancyFeature"]
)
def test_a_reader_feature_that_is_not_applied_is_refused_by_name(feature, lake, folder):
    made = HandMade(folder, [field("id", "long")], features=[feature])
    made.add(pa.table({"id": pa.array([1], pa.int32())}))
    made.commit()
    refused(lake, f"(?s)(?=.*{feature})(?=.*copy without it)")


@pytest.mark.parametrize("inside", [False, True], ids=["column", "in a list"])
def test_a_column_of_variants_is_refused(inside, lake, folder):
    kind = {"type": "array", "elementType": "variant", "containsNull": True} if inside else "variant"
    made = HandMade(folder, [field("id", "long"), field("v", kind)], features=["variantType"])
    made.add(pa.table({"id": pa.array([1], pa.int64())}))
    made.commit()
    refused(lake, "variantType")


def test_a_table_that_the_engine_says_has_variants_and_has_none_is_read_and_written(lake, materialise):
    """deltalake 1.6.6 adds that feature to a table with times without a zone whenever a property of it is set."""
    table = daily(
        lambda context: pd.DataFrame({"day": [D1], "at": [pd.Timestamp(D1)], "run": [context.run_id]}), name="wall"
    )
    materialise(table, str(D1))
    lake.open(["wall"]).alter.set_table_properties({"a.property": "1"}, raise_if_not_exists=False)
    assert "variantType" in lake.open(["wall"]).protocol().reader_features
    assert lake.read(["wall"])["at"].to_pylist() == [dt.datetime.combine(D1, dt.time())]
    again = materialise(table, str(D1)).run_id
    assert lake.read_duckdb(["wall"], columns=["run"]).fetchall() == [(again,)]


def test_a_v2_checkpoint_with_sidecars_and_no_older_entries_is_read(lake, folder):
    made = HandMade(folder, [field("a", "long"), field("p", "string")], ["p"], features=["v2Checkpoint"])
    for number, value in enumerate("xy"):
        made.add(pa.table({"a": [number]}), {"p": value}, path=f"p={value}/1.parquet")
        made.commit()
    made.v2_checkpoint()
    made.add(pa.table({"a": [2]}), {"p": None}, path="p=__HIVE_DEFAULT_PARTITION__/1.parquet")
    made.commit()
    assert every_way(lake) == [(0, "x"), (1, "y"), (2, None)]
    assert every_way(lake, {"p": "y"}) == [(1, "y")]
    assert every_way(lake, {"p": None}) == [(2, None)]


ODD = [None, "NULL", "null", "__HIVE_DEFAULT_PARTITION__", "a b", "50%", "%20", "a/b", "é:", "k=v", "'quoted\""]


@pytest.mark.parametrize("layout", ["hive", "nowhere", "lying"])
def test_partition_values_come_from_the_log_and_not_from_folders(layout, lake, folder):
    """Folders are free text in Delta: random prefixes, or what an earlier partition was called."""
    from urllib.parse import quote

    made = HandMade(folder, [field("a", "long"), field("p", "string")], ["p"])
    for number, value in enumerate(ODD):
        hive = "__HIVE_DEFAULT_PARTITION__" if value is None else quote(value, safe=" é'")
        path = {"hive": f"p={hive}/{number}.parquet", "nowhere": f"r{number}/{number}.parquet"}.get(layout)
        path = path or f"p=y/{number}.parquet"
        made.add(pa.table({"a": [number]}), {"p": value}, path=path, logged_path=quote(path, safe="/="))
    made.commit()
    assert every_way(lake) == _sorted(list(enumerate(ODD)))
    for number, value in enumerate(ODD):
        assert every_way(lake, {"p": value}) == [(number, value)]


def test_an_empty_partition_text_which_means_null_is_refused(lake, folder):
    made = HandMade(folder, [field("a", "long"), field("p", "string")], ["p"])
    made.add(pa.table({"a": [1]}), {"p": ""}, path="p=__HIVE_DEFAULT_PARTITION__/1.parquet")
    made.commit()
    refused(lake, "'p' is an empty text")


@pytest.mark.parametrize(
    ("kind", "texts", "values"),
    [
        ("date", ["2024-01-01", None], [D1, None]),
        ("long", ["7", ""], [7, None]),
        ("boolean", ["true", "false"], [True, False]),
        ("double", ["1.5", "1E-3"], [1.5, 0.001]),
        ("decimal(10,2)", ["1.50", "2.00"], [decimal.Decimal("1.50"), decimal.Decimal("2.00")]),
        (
            "timestamp",
            ["2024-01-01 12:00:00", "2024-01-01T12:00:00.500000Z"],
            [dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC), dt.datetime(2024, 1, 1, 12, 0, 0, 500_000, dt.UTC)],
        ),
    ],
)
def test_partition_values_of_every_type_keep_their_type(kind, texts, values, lake, folder):
    made = HandMade(folder, [field("a", "long"), field("p", kind)], ["p"])
    for number, text in enumerate(texts):
        shown = (text or "__HIVE_DEFAULT_PARTITION__").replace(":", "%3A").replace(" ", "%20")
        made.add(
            pa.table({"a": [number]}), {"p": text}, f"p={shown}/1.parquet", f"p={shown.replace('%', '%25')}/1.parquet"
        )
    made.commit()
    assert every_way(lake) == list(enumerate(values))


def test_times_without_a_zone_are_read_as_such(lake, folder):
    made = HandMade(folder, [field("t", "timestamp_ntz"), field("p", "timestamp_ntz")], ["p"], ["timestampNtz"])
    made.add(pa.table({"t": pa.array([dt.datetime(2024, 3, 31, 2, 30)], pa.timestamp("us"))}),
             {"p": "2024-01-01 12:00:00.123456"}, path="x.parquet")  # fmt: skip
    made.commit()
    assert every_way(lake) == [(dt.datetime(2024, 3, 31, 2, 30), dt.datetime(2024, 1, 1, 12, 0, 0, 123_456))]


def test_int96_times_as_spark_writes_them_are_read(lake, folder):
    moment = dt.datetime(2024, 1, 1, 5, 6, 7, 89, dt.UTC)
    made = HandMade(folder, [field("t", "timestamp")])
    pq.write_table(
        pa.table({"t": pa.array([moment], pa.timestamp("us", "UTC"))}),
        folder / "x",
        use_deprecated_int96_timestamps=True,
    )
    made.enter({"path": "x", "partitionValues": {}, "size": (folder / "x").stat().st_size, "modificationTime": 1,
                "dataChange": True})  # fmt: skip
    made.commit()
    assert every_way(lake) == [(moment,)]
    assert every_way(lake, {"t": moment}) == [(moment,)]


def test_files_without_statistics_are_counted(lake, folder):
    made = HandMade(folder, [field("a", "long")])
    pq.write_table(pa.table({"a": [1, 2]}), folder / "x")
    made.enter({"path": "x", "partitionValues": {}, "size": (folder / "x").stat().st_size, "modificationTime": 1,
                "dataChange": True})  # fmt: skip
    made.add(pa.table({"a": [3]}))
    made.commit()
    assert every_way(lake) == [(1,), (2,), (3,)]


def test_a_shallow_clone_reads_the_files_of_its_source(lake, folder, tmp_path):
    source = HandMade(tmp_path / "the source", [field("a", "long")])
    file = source.add(pa.table({"a": [7]}))
    made = HandMade(folder, [field("a", "long")])
    made.enter({**source.adds[file], "path": (tmp_path / "the source" / file).as_uri()})
    made.commit()
    assert every_way(lake) == [(7,)]


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
