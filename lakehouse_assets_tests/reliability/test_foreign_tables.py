"""Tables that others wrote are read right by every way of reading, or refused by every way: never as nulls."""

import datetime as dt

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse_assets.lake.errors import StorageError, UnreadableTableError
from lakehouse_assets_tests.lake.makers import daily
from lakehouse_assets_tests.reliability.delta_by_hand import HandMade, field
from lakehouse_assets_tests.reliability.foreign_reading import D1, KEY, every_way, refused


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
        lambda context: pd.DataFrame({"day": [D1], "at": [pd.Timestamp(D1)], "run": [context.run.run_id]}), name="wall"
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
