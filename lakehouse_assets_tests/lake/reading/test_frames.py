"""Whatever an asset returns is stored as it is, and what it gets when loading can be written again."""

import datetime as dt
import json
import subprocess
import sys
from decimal import Decimal

import dagster as dg
import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from lakehouse_assets.lake.errors import UnsupportedTypeError
from lakehouse_assets.lake.writing.rows import Rows
from lakehouse_assets_tests.lake.makers import asset_of, rows_of

EVERYTHING = pa.table(
    {
        "int8": pa.array([1, None], pa.int8()),
        "int64": pa.array([2**53 + 1, None], pa.int64()),
        "float": pa.array([1.5, None], pa.float32()),
        "bool": pa.array([True, None]),
        "text": pa.array(["é", None]),
        "bytes": pa.array([b"\x00", None]),
        "date": pa.array([dt.date(2024, 1, 1), None]),
        "instant": pa.array([dt.datetime(2024, 1, 1, 5, tzinfo=dt.UTC), None], pa.timestamp("us", "UTC")),
        "wall": pa.array([dt.datetime(2024, 1, 1, 5), None], pa.timestamp("us")),
        "money": pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)),
        "list": pa.array([[1, 2], None], pa.list_(pa.int64())),
        "struct": pa.array([{"a": 1}, None], pa.struct([("a", pa.int64())])),
    }
)


@pytest.mark.parametrize("nulls", [True, False], ids=["with nulls", "without"])
@pytest.mark.parametrize("kind", [pd.DataFrame, pa.Table, pa.RecordBatchReader, duckdb.DuckDBPyRelation])
def test_what_is_loaded_can_be_written_again_and_is_the_same(kind, nulls, lake, materialise):
    rows = EVERYTHING if nulls else EVERYTHING.slice(0, 1)
    table = asset_of(lambda _: rows)

    @dg.asset
    def copy(table: kind) -> kind:
        return table

    materialise(table)
    materialise(copy, others=[table])
    assert lake.content_version(["copy"]) == lake.content_version(["table"])
    assert [str(one.type) for one in lake.schema(["copy"])] == [str(one.type) for one in lake.schema(["table"])]
    materialise(copy, others=[table])


def test_pandas_indexes_are_kept_when_they_have_a_name_and_dropped_when_not(lake, materialise):
    frame = pd.DataFrame({"x": [1, 2]}, index=[7, 8])
    materialise(asset_of(lambda _: frame, name="plain"))
    materialise(asset_of(lambda _: frame.rename_axis("machine"), name="named"))
    levels = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["site", "unit"])
    materialise(asset_of(lambda _: frame.set_axis(levels), name="levels"))
    assert rows_of(lake.read(["plain"])) == [(1,), (2,)]
    assert rows_of(lake.read(["named"]), "machine", "x") == [(7, 1), (8, 2)]
    assert rows_of(lake.read(["levels"]), "site", "unit", "x") == [("a", 1, 1), ("b", 2, 2)]


def test_an_index_that_is_a_column_too_is_stored_once_and_refused_if_they_differ(lake, materialise):
    frame = pd.DataFrame({"x": [1, 2], "y": [3, 4]})
    materialise(asset_of(lambda _: frame.set_index("x", drop=False)))
    assert rows_of(lake.read(["table"]), "x", "y") == [(1, 3), (2, 4)]
    levels = pd.MultiIndex.from_arrays([[1, 2], ["a", "b"]], names=["x", "site"])
    materialise(asset_of(lambda _: frame.set_axis(levels), name="levels"))
    assert rows_of(lake.read(["levels"]), "x", "y", "site") == [(1, 3, "a"), (2, 4, "b")]
    with pytest.raises(UnsupportedTypeError, match="index 'x' differs from its column 'x'"):
        materialise(asset_of(lambda _: frame.set_axis(pd.Index([7, 8], name="x"))))


@pytest.mark.parametrize(
    ("frame", "part"),
    [
        (pd.DataFrame({"x": [1, "a"]}), "column x"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"]), "Duplicate column names"),
        (pd.DataFrame({"x": [1]})["x"], r"pandas\.Series"),
    ],
)
def test_a_frame_that_cannot_be_stored_is_told_with_asset_and_column(frame, part, materialise):
    with pytest.raises(UnsupportedTypeError, match=rf"Asset table.*{part}"):
        materialise(asset_of(lambda _: frame))


def test_arrow_types_that_delta_has_otherwise_are_stored_as_their_values(lake, materialise):
    rows = pa.table(
        {
            "runs": pa.compute.run_end_encode(pa.array(["a", "a", "b"])),
            "id": pa.array([bytes(16)] * 3, pa.binary(16)).cast(pa.uuid()),
            "view": pa.array(["x", "y", None], pa.string_view()),
            "money": pa.array([1, 2, None], pa.decimal32(5, 2)),
        }
    )
    materialise(asset_of(lambda _: rows))
    assert lake.read(["table"])["runs"].to_pylist() == ["a", "a", "b"]
    assert lake.read(["table"])["id"].to_pylist() == [bytes(16)] * 3
    assert lake.schema(["table"]).field("money").type == pa.decimal128(5, 2)


def test_pandas_types_of_every_kind_are_stored(lake, materialise):
    frame = pd.DataFrame(
        {
            "category": pd.Categorical(["a", "b"]),
            "nullable": pd.array([1, None], dtype="Int32"),
            "truth": pd.array([True, None], dtype="boolean"),
            "arrow": pd.array(["x", None], dtype=pd.ArrowDtype(pa.large_string())),
            "instant": pd.to_datetime(["2024-01-01 01:00", None]).tz_localize("Europe/Berlin"),
            "unsigned": np.array([1, 255], dtype="uint8"),
            "period": pd.to_datetime(["2024-01-01", "2024-01-02"]),
        }
    )
    materialise(asset_of(lambda _: frame))
    read = lake.read_pandas(["table"])
    assert list(read["category"]) == ["a", "b"]
    assert read["nullable"].dtype == "Int32"
    assert read["truth"].dtype == "boolean"
    assert read["instant"][0] == pd.Timestamp("2024-01-01 00:00", tz="UTC")
    assert list(read["unsigned"]) == [1, 255]


def test_a_stream_longer_than_memory_allows_is_put_on_disk_and_written_whole(lake, materialise, monkeypatch):
    import lakehouse_assets.lake.writing.rows as rows

    monkeypatch.setattr(rows, "KEPT_IN_MEMORY", 100_000)
    schema = pa.schema([("n", pa.int64())])

    def make(_):
        batches = (pa.record_batch({"n": list(range(start, start + 1000))}) for start in range(0, 100_000, 1000))
        return pa.RecordBatchReader.from_batches(schema, batches)

    materialise(asset_of(make))
    assert lake.row_count(["table"]) == 100_000
    assert sum(lake.read(["table"])["n"].to_pylist()) == sum(range(100_000))


def test_rows_on_disk_can_be_read_again():
    import lakehouse_assets.lake.writing.rows as module

    batches = [pa.record_batch({"n": [number] * 10}) for number in range(5)]
    kept, module.KEPT_IN_MEMORY = module.KEPT_IN_MEMORY, 100
    try:
        with Rows.from_stream(batches[0].schema, iter(batches)) as rows:
            assert rows.in_memory is None
            assert rows.num_rows == 50
            assert rows.reader().read_all() == rows.reader().read_all() == pa.Table.from_batches(batches)
    finally:
        module.KEPT_IN_MEMORY = kept


def test_a_stream_that_breaks_off_writes_nothing(lake, materialise):
    def broken():
        yield pa.record_batch({"n": [1]})
        raise ValueError("the source went away")

    table = asset_of(lambda _: pa.RecordBatchReader.from_batches(pa.schema([("n", pa.int64())]), broken()))
    with pytest.raises(ValueError, match="the source went away"):
        materialise(table)
    assert not lake.exists(["table"])


def test_none_writes_nothing(lake, materialise):
    materialise(asset_of(lambda _: None))
    assert not lake.exists(["table"])


def test_another_type_is_refused_with_the_known_ones(materialise):
    with pytest.raises(UnsupportedTypeError, match=r"builtins\.dict.*pandas\.DataFrame"):
        materialise(asset_of(lambda _: {"a": 1}))


def test_writing_a_stream_takes_less_memory_than_the_stream_is_long(tmp_path):
    """600 MB here; `benchmarks/stream.py` writes 5 GB. The peak counts content version and report too."""
    command = [sys.executable, "-W", "ignore", "-m", "lakehouse_assets_tests.lake.writing.stream_writer"]
    done = subprocess.run(
        [*command, str(tmp_path / "lake"), "duckdb", "600000000"], capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found["rows"] == 7_500_000
    assert found["peak, MB"] - found["before the write, MB"] < 450
