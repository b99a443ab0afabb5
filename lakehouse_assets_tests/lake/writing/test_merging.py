"""Merging by key, against a dictionary that does the same."""

import datetime as dt
import json
import tempfile

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakehouse_assets.lake.errors import MergeKeyError, MissingSettingError
from lakehouse_assets.lake.partitioning.partitions import resolve
from lakehouse_assets.lake.settings import MergeType, WriteMode, WriteSettings
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lake.writing.rows import Rows
from lakehouse_assets.lake.writing.write import Target, write_rows
from lakehouse_assets_tests.lake.makers import DAYS, asset_of, daily, daily_frame, day, rows_of
from lakehouse_assets_tests.lake.writing.merging_rows import MERGE, changing


@pytest.mark.parametrize(
    ("merge_type", "expected"),
    [
        ("upsert", [(1, 10), (2, 22), (3, 33)]),
        ("insert_only", [(1, 10), (2, 20), (3, 33)]),
        ("upsert_delete_unmatched", [(2, 22), (3, 33)]),
    ],
)
def test_each_merge_does_what_its_name_says_in_its_partition_only(merge_type, expected, lake, materialise):
    table, now = changing([(1, 10), (2, 20)], merge_type=merge_type)
    materialise(table, "2024-01-01")
    materialise(table, "2024-01-02")
    now["rows"] = [(2, 22), (3, 33)]
    materialise(table, "2024-01-02")
    assert rows_of(lake.read(["table"], where={"day": day("2024-01-02")}), "id", "value") == expected
    assert rows_of(lake.read(["table"], where={"day": day("2024-01-01")}), "id", "value") == [(1, 10), (2, 20)]


def test_an_empty_frame_with_delete_of_unmatched_empties_its_partition_only(lake, materialise):
    table, now = changing([(1, 10)], merge_type="upsert_delete_unmatched")
    materialise(table, "2024-01-01")
    materialise(table, "2024-01-02")
    now["rows"] = []
    materialise(table, "2024-01-01")
    assert rows_of(lake.read(["table"]), "day", "id") == [(day("2024-01-02"), 1)]


def test_a_merge_rewrites_only_its_partitions_files(lake, materialise):
    table, now = changing([(1, 10), (2, 20)])
    for key in ("2024-01-01", "2024-01-02", "2024-01-03"):
        materialise(table, key)
    before = set(lake.open(["table"]).file_uris())
    now["rows"] = [(1, 11)]
    materialise(table, "2024-01-02")
    gone = before - set(lake.open(["table"]).file_uris())
    assert len(gone) == 1
    assert "day=2024-01-02" in gone.pop()
    assert lake.open(["table"]).history(1)[0]["operationMetrics"]["num_target_files_scanned"] == 1


def test_merging_the_same_rows_twice_changes_nothing(lake, materialise):
    table, _ = changing([(1, 10), (2, 20)])
    materialise(table, "2024-01-01")
    first = rows_of(lake.read(["table"]))
    materialise(table, "2024-01-01")
    assert rows_of(lake.read(["table"])) == first


def test_the_mode_can_be_changed_for_one_run(lake, materialise):
    table, now = changing([(1, 10), (2, 20)])
    materialise(table, "2024-01-01")
    now["rows"] = [(3, 30)]
    materialise(table, "2024-01-01", tags={"lakehouse/write_mode": "overwrite"})
    assert rows_of(lake.read(["table"]), "id") == [(3,)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (pd.DataFrame({"id": [1, 1, 2], "value": [1, 2, 3]}), "1 keys .*more than one row"),
        (
            pd.DataFrame({"id": pd.array([1, None], dtype="Int64"), "value": [1, 2]}),
            "1 rows have no value in merge key",
        ),
        (pd.DataFrame({"other": [1]}), "merge key id is not a column"),
    ],
    ids=["repeated", "null", "absent"],
)
def test_keys_that_do_not_tell_rows_apart_are_refused(rows, message, lake, materialise):
    table = asset_of(lambda _: rows, write_mode="merge", merge_keys=["id"])
    with pytest.raises(MergeKeyError, match=message):
        materialise(table)
    assert not lake.exists(["table"])


def test_a_column_that_the_engine_cannot_merge_is_told(materialise):
    table = daily(
        lambda _: pd.DataFrame({"day": [day("2024-01-01")], "a`b": [1]}), write_mode="merge", merge_keys=["day"]
    )
    with pytest.raises(MergeKeyError, match="a`b has a backtick in its name"):
        materialise(table, "2024-01-01")


def test_a_merge_without_keys_is_refused(materialise):
    with pytest.raises(MissingSettingError, match="merge_keys"):
        materialise(asset_of(lambda _: pd.DataFrame({"id": [1]}), write_mode="merge"))


def test_an_unknown_mode_is_refused_with_the_known_ones(materialise):
    with pytest.raises(MissingSettingError, match="overwrite, append, merge"):
        materialise(asset_of(lambda _: pd.DataFrame({"id": [1]}), write_mode="upsert"))


SCHEMA = pa.schema([("day", pa.date32()), ("id", pa.int64()), ("value", pa.string())])
BATCH = st.dictionaries(st.integers(0, 5), st.text(alphabet="ab'\" \\é", max_size=3), max_size=6)
STEPS = st.lists(
    st.tuples(st.sampled_from(["2024-01-01", "2024-01-02"]), st.sampled_from(list(MergeType)[:3]), BATCH),
    min_size=1,
    max_size=5,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_any_sequence_of_merges_gives_what_a_dictionary_gives(steps):
    with tempfile.TemporaryDirectory() as folder:
        lake = Lake(folder)
        oracle: dict[tuple[dt.date, int], str] = {}
        for key, kind, batch in steps:
            _merge_dictionary(oracle, day(key), kind, batch)
            rows = pa.Table.from_pylist([{"day": day(key), "id": one, "value": batch[one]} for one in batch], SCHEMA)
            scope = resolve([key], DAYS, {"": "day"}, SCHEMA, "t")
            write_rows(
                Rows(rows),
                Target(lake.table_uri(["t"]), None, ["day"], scope),
                WriteSettings(write_mode=WriteMode.MERGE, merge_keys=("id",), merge_type=kind),
                Provenance("t"),
                {},
            )
        assert rows_of(lake.read(["t"])) == sorted(((*key, value) for key, value in oracle.items()), key=repr)


def _merge_dictionary(oracle, date, kind, batch):
    if kind == MergeType.UPSERT_DELETE_UNMATCHED:
        for key in [key for key in oracle if key[0] == date and key[1] not in batch]:
            del oracle[key]
    for one, value in batch.items():
        if kind != MergeType.INSERT_ONLY or (date, one) not in oracle:
            oracle[date, one] = value


def test_the_commit_of_a_merge_names_its_run_and_partition(lake, materialise):
    table, now = changing([(1, 10)])
    materialise(table, "2024-01-01")
    now["rows"] = [(1, 11)]
    result = materialise(table, "2024-01-01")
    commit = lake.open(["table"]).history(1)[0]
    assert commit["lakehouse.run_id"] == result.run_id
    assert json.loads(commit["lakehouse.partitions"]) == ["2024-01-01"]


def test_daily_frames_merge_from_pandas(lake, materialise):
    table = daily(lambda context: daily_frame(context.partition_keys), **MERGE)
    materialise(table, span=("2024-01-01", "2024-01-03"))
    materialise(table, span=("2024-01-02", "2024-01-04"))
    assert lake.row_count(["table"]) == 8
