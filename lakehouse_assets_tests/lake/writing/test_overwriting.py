import datetime as dt

import pandas as pd
import pytest
from dagster._core.errors import DagsterExecutionHandleOutputError

from lakehouse_assets.lake.errors import OutsidePartitionError
from lakehouse_assets_tests.lake.makers import asset_of, daily, daily_frame, day, rows_of


def test_writing_a_partition_replaces_exactly_it(lake, materialise):
    value = {"now": 1}
    table = daily(lambda context: daily_frame([context.partition_key], value=value["now"]))
    materialise(table, "2024-01-01")
    materialise(table, "2024-01-02")
    value["now"] = 2
    materialise(table, "2024-01-02")
    assert rows_of(lake.read(["table"]), "day", "id", "value") == [
        (day("2024-01-01"), 0, 1),
        (day("2024-01-01"), 1, 1),
        (day("2024-01-02"), 0, 2),
        (day("2024-01-02"), 1, 2),
    ]


def test_an_empty_frame_empties_its_partition_and_no_other(lake, materialise):
    rows = {"now": 2}
    table = daily(lambda context: daily_frame([context.partition_key], rows=2).iloc[: rows["now"]])
    materialise(table, "2024-01-01")
    materialise(table, "2024-01-02")
    rows["now"] = 0
    materialise(table, "2024-01-01")
    assert set(lake.read_pandas(["table"])["day"]) == {day("2024-01-02")}


def test_a_first_empty_frame_with_types_makes_an_empty_table(lake, materialise):
    import pyarrow as pa

    schema = pa.schema([("day", pa.date32()), ("id", pa.int64())])
    materialise(daily(lambda _: schema.empty_table()), "2024-01-01")
    assert lake.read(["table"]).schema == schema
    assert lake.row_count(["table"]) == 0


def test_rows_outside_the_partition_are_refused_with_their_values_and_nothing_is_written(lake, materialise):
    materialise(daily(lambda context: daily_frame([context.partition_key])), "2024-01-01")
    before = lake.version(["table"])
    stray = daily(lambda context: daily_frame([context.partition_key, "2024-01-09"]))
    with pytest.raises((OutsidePartitionError, DagsterExecutionHandleOutputError)) as caught:
        materialise(stray, "2024-01-02")
    text = str(caught.value.__cause__ or caught.value)
    for part in ("table", "2024-01-02", "2024-01-09", "2 rows", "Nothing was written"):
        assert part in text
    assert lake.version(["table"]) == before


def test_a_row_with_no_partition_value_is_refused(materialise):
    def make(_):
        return pd.DataFrame({"day": [day("2024-01-01"), None], "id": [1, 2]})

    with pytest.raises(OutsidePartitionError, match="None"):
        materialise(daily(make), "2024-01-01")


def test_a_range_in_one_run_is_one_commit_and_twice_gives_the_same_table(lake, materialise):
    table = daily(lambda context: daily_frame(context.partition_keys))
    materialise(table, span=("2024-01-01", "2024-01-05"))
    first, version = rows_of(lake.read(["table"])), lake.version(["table"])
    assert version == 0
    materialise(table, span=("2024-01-01", "2024-01-05"))
    assert lake.version(["table"]) == version + 1
    assert rows_of(lake.read(["table"])) == first
    assert len(first) == 10


def test_a_range_leaves_the_partitions_around_it(lake, materialise):
    value = {"now": 1}
    table = daily(lambda context: daily_frame(context.partition_keys, rows=1, value=value["now"]))
    materialise(table, span=("2024-01-01", "2024-01-05"))
    value["now"] = 2
    materialise(table, span=("2024-01-02", "2024-01-04"))
    assert [row[1] for row in rows_of(lake.read(["table"]), "day", "value")] == [1, 2, 2, 2, 1]


def test_a_range_empties_the_partitions_that_it_has_no_rows_for(lake, materialise):
    keys = {"now": slice(None)}
    table = daily(lambda context: daily_frame(context.partition_keys[keys["now"]]))
    materialise(table, span=("2024-01-01", "2024-01-03"))
    keys["now"] = slice(0, 1)
    materialise(table, span=("2024-01-01", "2024-01-03"))
    assert set(lake.read_pandas(["table"])["day"]) == {day("2024-01-01")}


def test_an_unpartitioned_table_is_replaced_whole(lake, materialise):
    numbers = {"now": [1, 2, 3]}
    table = asset_of(lambda _: pd.DataFrame({"n": numbers["now"]}))
    materialise(table)
    numbers["now"] = [9]
    materialise(table)
    assert rows_of(lake.read(["table"])) == [(9,)]


def test_a_timestamp_partition_is_not_laid_out_as_a_folder_for_each_instant(lake, materialise):
    def make(context):
        start = pd.Timestamp(context.partition_key, tz="UTC")
        return pd.DataFrame({"at": [start, start + pd.Timedelta(hours=23)], "n": [1, 2]})

    table = daily(make, partition_expr="at")
    for key in ("2024-01-01", "2024-01-02", "2024-01-01"):
        materialise(table, key)
    assert lake.open(["table"]).metadata().partition_columns == []
    assert len(lake.open(["table"]).file_uris()) == 2
    assert lake.row_count(["table"], where={"at": (dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None)}) == 4


def test_overwriting_one_day_of_a_timestamp_table_keeps_the_rows_that_share_its_file(lake, materialise):
    def make(context):
        starts = [pd.Timestamp(key, tz="UTC") for key in context.partition_keys]
        return pd.DataFrame({"at": [one + pd.Timedelta(hours=5) for one in starts], "keys": len(starts)})

    table = daily(make, partition_expr="at")
    materialise(table, span=("2024-01-01", "2024-01-03"))
    assert len(lake.open(["table"]).file_uris()) == 1
    materialise(table, "2024-01-02")
    assert [row[1] for row in rows_of(lake.read(["table"]), "at", "keys")] == [3, 1, 3]
