"""Tables that keep each key's past (scd2), against a dictionary of lists that does the same."""

import tempfile

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakehouse_assets.lake.errors import SchemaChangedError
from lakehouse_assets.lake.settings import MergeType, WriteMode, WriteSettings
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lake.writing.rows import Rows
from lakehouse_assets.lake.writing.write import Target, write_rows
from lakehouse_assets_tests.lake.makers import asset_of, day, rows_of
from lakehouse_assets_tests.lake.writing.merging_rows import changing


def test_a_history_keeps_what_was_and_when(lake, materialise):
    now = {"rows": [("a", 1), ("b", 1)]}
    table = asset_of(
        lambda _: pd.DataFrame(now["rows"], columns=["id", "value"]),
        write_mode="merge",
        merge_keys=["id"],
        merge_type="scd2",
    )
    materialise(table)
    now["rows"] = [("a", 2), ("c", 1)]
    materialise(table)
    materialise(table)
    history = rows_of(lake.read(["table"]), "id", "value", "is_current")
    assert history == [("a", 1, False), ("a", 2, True), ("b", 1, True), ("c", 1, True)]
    by_row = {(row["id"], row["value"]): row for row in lake.read(["table"]).to_pylist()}
    assert by_row["a", 1]["valid_to"] == by_row["a", 2]["valid_from"]
    assert by_row["a", 2]["valid_to"] is None
    assert by_row["b", 1]["valid_from"] == by_row["a", 1]["valid_from"]


def test_a_history_stays_in_its_partition(lake, materialise):
    table, now = changing([(1, 10)], merge_type="scd2", merge_keys=["id"])
    materialise(table, "2024-01-01")
    materialise(table, "2024-01-02")
    now["rows"] = [(1, 11)]
    materialise(table, "2024-01-02")
    assert rows_of(lake.read(["table"]), "day", "value", "is_current") == [
        (day("2024-01-01"), 10, True),
        (day("2024-01-02"), 10, False),
        (day("2024-01-02"), 11, True),
    ]


def test_a_history_of_many_partitions_streams_compares_and_keeps_null_and_equal_rows(lake, materialise, monkeypatch):
    """Rows on disk, keys of two columns, a changed value, a value that became null, and one that was always null."""
    import lakehouse_assets.lake.writing.rows as rows_module

    monkeypatch.setattr(rows_module, "KEPT_IN_MEMORY", 100)
    names = ["site", "id", "value"]
    now = {"rows": [("n", 1, "a"), ("n", 2, None), ("s", 1, "c"), ("s", 2, "d")] + [("x", i, "k") for i in range(500)]}

    def make(_):
        schema = pa.schema([("site", pa.string()), ("id", pa.int64()), ("value", pa.string())])
        rows = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in now["rows"]], schema)
        return pa.RecordBatchReader.from_batches(schema, rows.to_batches(max_chunksize=7))

    table = asset_of(make, write_mode="merge", merge_keys=["site", "id"], merge_type="scd2")
    materialise(table)
    now["rows"][0], now["rows"][3], now["rows"][10] = ("n", 1, "b"), ("s", 2, None), ("y", 1, "new")
    materialise(table)
    before = lake.content_version(["table"])
    materialise(table)
    assert lake.content_version(["table"]) == before
    changes = [row for row in rows_of(lake.read(["table"]), *names, "is_current") if row[0] != "x"]
    assert changes == sorted(
        [("n", 1, "a", False), ("n", 1, "b", True), ("n", 2, None, True), ("s", 1, "c", True), ("s", 2, "d", False),
         ("s", 2, None, True), ("y", 1, "new", True)], key=repr,
    )  # fmt: skip
    assert lake.row_count(["table"], where={"site": "x", "is_current": True}) == 500


def test_a_new_column_of_a_history_opens_successors_only_where_it_has_a_value(lake, materialise):
    now = {"rows": pd.DataFrame({"id": [1, 2], "value": [1, 1]})}
    table = asset_of(
        lambda _: now["rows"], write_mode="merge", merge_keys=["id"], merge_type="scd2", schema_mode="merge"
    )
    materialise(table)
    now["rows"] = now["rows"].assign(unit=["mm", None])
    materialise(table)
    assert rows_of(lake.read(["table"]), "id", "unit", "is_current") == [
        (1, "mm", True),
        (1, None, False),
        (2, None, True),
    ]


def test_a_history_refuses_rows_that_bring_their_own_validity(lake, materialise):
    table = asset_of(
        lambda _: pd.DataFrame({"id": [1], "valid_from": [1]}),
        write_mode="merge",
        merge_keys=["id"],
        merge_type="scd2",
    )
    with pytest.raises(SchemaChangedError, match="valid_from"):
        materialise(table)
    assert not lake.exists(["table"])


def test_a_table_without_a_history_refuses_to_keep_one_in_words(lake, materialise):
    table = asset_of(lambda _: pd.DataFrame({"id": [1], "value": [1]}), write_mode="merge", merge_keys=["id"])
    materialise(table)
    with pytest.raises(SchemaChangedError, match="keeps no history: it has no column valid_from, valid_to, is_current"):
        materialise(table, tags={"lakehouse/merge_type": "scd2"})
    assert lake.open(["table"]).version() == 0


HISTORY = st.lists(
    st.dictionaries(st.integers(0, 4), st.none() | st.integers(0, 2), max_size=5), min_size=1, max_size=4
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HISTORY)
def test_any_sequence_of_states_leaves_the_history_that_a_dictionary_of_lists_does(states):
    schema = pa.schema([("id", pa.int64()), ("value", pa.int64())])
    oracle: dict[int, list[int | None]] = {}
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        for state in states:
            for one, value in state.items():
                if one not in oracle or oracle[one][-1] != value:
                    oracle.setdefault(one, []).append(value)
            rows = pa.Table.from_pylist([{"id": one, "value": state[one]} for one in state], schema)
            wanted = WriteSettings(write_mode=WriteMode.MERGE, merge_keys=("id",), merge_type=MergeType.SCD2)
            write_rows(Rows(rows), Target(lake.table_uri(["t"]), None), wanted, Provenance("t"), {})
        history = sorted(lake.read(["t"]).to_pylist(), key=lambda row: (row["id"], row["valid_from"]))
        found: dict[int, list[int | None]] = {}
        for row in history:
            found.setdefault(row["id"], []).append(row["value"])
        assert found == oracle
        assert sum(row["is_current"] for row in history) == len(oracle)
        assert all((row["valid_to"] is None) == row["is_current"] for row in history)
