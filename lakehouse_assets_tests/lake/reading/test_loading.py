"""What an input is: the mapped partitions, the named columns, the annotated type; every row and no other."""

from typing import Any, Optional

import dagster as dg
import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from lakehouse_assets.lake.errors import MissingTableError, UnsupportedTypeError
from lakehouse_assets_tests.lake.makers import DAYS, ONE_RUN, asset_of, daily, daily_frame, day, rows_of

SPAN = ("2024-01-01", "2024-01-10")


def _days(seen: dict) -> list[str]:
    return sorted({str(one) for one in seen["frame"]["day"]})


def _reader(mapping: dg.PartitionMapping | None, seen: dict, partitions: dg.PartitionsDefinition | None = DAYS):
    @dg.asset(
        partitions_def=partitions,
        ins={"table": dg.AssetIn(partition_mapping=mapping)},
        backfill_policy=ONE_RUN if partitions else None,
    )
    def reader(table: pd.DataFrame) -> None:
        seen["frame"] = table

    return reader


@pytest.fixture
def ten_days(materialise):
    table = daily(lambda context: daily_frame(context.partition_keys))
    materialise(table, span=SPAN)
    return table


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        (None, ["2024-01-05"]),
        (dg.TimeWindowPartitionMapping(start_offset=-2), ["2024-01-03", "2024-01-04", "2024-01-05"]),
        (dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1), ["2024-01-04"]),
        (dg.SpecificPartitionsPartitionMapping(["2024-01-02", "2024-01-09"]), ["2024-01-02", "2024-01-09"]),
        (dg.AllPartitionMapping(), [f"2024-01-{number:02d}" for number in range(1, 11)]),
        (dg.LastPartitionMapping(), []),
    ],
    ids=["same", "window", "day-before", "subset", "all", "last"],
)
def test_a_mapping_loads_exactly_its_partitions(mapping, expected, ten_days, materialise):
    seen: dict = {}
    reader = _reader(mapping, seen)
    if not expected:
        with pytest.raises(MissingTableError, match=r"2024-01-31.*Materialise that partition"):
            materialise(reader, "2024-01-05", others=[ten_days])
        return
    materialise(reader, "2024-01-05", others=[ten_days])
    assert _days(seen) == expected
    assert len(seen["frame"]) == 2 * len(expected)


def test_a_range_run_loads_the_range(ten_days, materialise):
    seen: dict = {}
    materialise(_reader(None, seen), span=("2024-01-03", "2024-01-05"), others=[ten_days])
    assert _days(seen) == ["2024-01-03", "2024-01-04", "2024-01-05"]


def test_an_unpartitioned_asset_loads_all_partitions(ten_days, materialise):
    seen: dict = {}
    materialise(_reader(None, seen, partitions=None), others=[ten_days])
    assert len(seen["frame"]) == 20


def test_a_week_loads_its_days(ten_days, materialise):
    seen: dict = {}
    weeks = dg.WeeklyPartitionsDefinition(start_date="2024-01-01", end_date="2024-02-01", day_offset=1)
    materialise(_reader(None, seen, partitions=weeks), "2024-01-01", others=[ten_days])
    assert _days(seen) == [f"2024-01-{number:02d}" for number in range(1, 8)]


@pytest.mark.parametrize(
    ("frame", "optional"),
    [(pd.DataFrame, False), (pd.DataFrame, True), (pa.Table, False), (duckdb.DuckDBPyRelation, True)],
)
def test_a_self_dependent_asset_works_from_its_first_partition(frame, optional, lake, materialise):
    seen = []
    yesterday = dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=-1)
    annotation = Optional[frame] if optional else frame  # noqa: UP045 - built at run time

    @dg.asset(
        partitions_def=DAYS, metadata={"partition_expr": "day"}, ins={"total": dg.AssetIn(partition_mapping=yesterday)}
    )
    def total(context: dg.AssetExecutionContext, total: annotation) -> pd.DataFrame:
        if total is None:
            seen.append(None)
            before = 0
        else:
            table = total.to_arrow_table() if hasattr(total, "to_arrow_table") else total
            table = table if isinstance(table, pa.Table) else pa.Table.from_pandas(table)
            seen.append(table.num_rows)
            before = table["sum"][0].as_py() if table.num_rows else 0
        return pd.DataFrame({"day": [day(context.partition_key)], "sum": [before + 1]})

    for key in ("2024-01-01", "2024-01-02", "2024-01-03", "2024-01-01"):
        materialise(total, key)
    assert seen == [None if optional else 0, 1, 1, 0]
    assert rows_of(lake.read(["total"]), "sum") == [(1,), (2,), (3,)]


def test_named_columns_and_one_day_read_no_other_file_and_no_other_column(ten_days, lake, materialise):
    seen: dict[str, Any] = {}

    @dg.asset(partitions_def=DAYS, ins={"table": dg.AssetIn(metadata={"columns": ["value", "id"]})})
    def reader(table: pa.Table) -> None:
        seen["table"] = table

    from pathlib import Path

    for uri in lake.open(["table"]).file_uris():
        if "day=2024-01-03" not in uri:
            Path(uri).unlink()  # reading any of these would now fail
    materialise(reader, "2024-01-03", others=[ten_days])
    assert seen["table"].schema.names == ["value", "id"]
    assert seen["table"].num_rows == 2


def test_a_column_that_is_not_there_is_told_with_those_that_are(ten_days, materialise):
    @dg.asset(partitions_def=DAYS, ins={"table": dg.AssetIn(metadata={"columns": ["vlaue"]})})
    def reader(table: pa.Table) -> None: ...

    with pytest.raises(MissingTableError, match=r"vlaue.*day, id, value"):
        materialise(reader, "2024-01-03", others=[ten_days])


def test_each_type_gets_the_same_rows(ten_days, materialise):
    seen = {}

    def reading(kind: Any, named: str | None = None):
        @dg.asset(name=f"as_{named or kind.__name__}", partitions_def=DAYS,
                  ins={"table": dg.AssetIn(metadata={"type": named} if named else {})})  # fmt: skip
        def reader(context: dg.AssetExecutionContext, table: kind) -> None:
            if isinstance(table, pd.DataFrame):
                table = pa.Table.from_pandas(table, preserve_index=False)
            rows = table.to_arrow_table() if hasattr(table, "to_arrow_table") else table
            rows = rows.read_all() if isinstance(rows, pa.RecordBatchReader) else rows
            seen[context.asset_key.path[-1]] = (rows_of(rows), [str(one) for one in rows.schema.types])

        return reader

    for kind in (pd.DataFrame, pa.Table, pa.RecordBatchReader, duckdb.DuckDBPyRelation):
        materialise(reading(kind), "2024-01-03", others=[ten_days])
    for named in ("pandas", "table", "reader", "duckdb"):
        materialise(reading(Any, named), "2024-01-03", others=[ten_days])
    assert len(seen) == 8
    assert len({repr(one) for one in seen.values()}) == 1, seen


def test_two_duckdb_inputs_can_be_joined_by_their_names(ten_days, lake, materialise):
    names = asset_of(lambda _: pd.DataFrame({"id": [0, 1], "label": ["zero", "one"]}), name="names")
    materialise(names)

    @dg.asset(ins={"events": dg.AssetIn("table")})
    def joined(events: duckdb.DuckDBPyRelation, names: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
        return duckdb.sql("SELECT label, count(*) AS n FROM events JOIN names USING (id) GROUP BY label")

    materialise(joined, others=[ten_days, names])
    assert rows_of(lake.read(["joined"])) == [("one", 10), ("zero", 10)]


def test_a_duckdb_input_pushes_its_filters_into_the_files(ten_days, lake):
    plan = lake.read_duckdb(["table"], where={"day": day("2024-01-03")}).filter("id = 1").explain()
    assert "PARQUET" in plan.upper()
    assert "id=1" in plan.replace(" ", "")


def test_an_unknown_type_is_refused_with_the_known_ones(ten_days, materialise):
    @dg.asset
    def reader(table: dict) -> None: ...

    with pytest.raises(UnsupportedTypeError, match=r"table.*pandas\.DataFrame"):
        materialise(reader, others=[ten_days])


def test_a_missing_upstream_table_names_both_assets_the_place_and_the_way_out(lake, materialise):
    table = daily(lambda _: None)
    with pytest.raises(MissingTableError) as caught:
        materialise(_reader(None, {}), "2024-01-03", others=[table])
    for part in ("reader", "table", "2024-01-03", lake.table_uri(["table"]), "Materialise table first"):
        assert part in str(caught.value)


def test_a_partition_that_was_written_empty_loads_as_no_rows(materialise):
    table = daily(lambda context: daily_frame([context.partition_key]).iloc[: 2 * (context.partition_key != SPAN[0])])
    materialise(table, "2024-01-02")
    materialise(table, "2024-01-01")
    seen: dict = {}
    materialise(_reader(None, seen), "2024-01-01", others=[table])
    assert seen["frame"].empty
    assert list(seen["frame"].columns) == ["day", "id", "value"]


def test_an_empty_partition_is_known_from_the_commits_when_another_instance_wrote_it(lake, materialise):
    from lakehouse_assets.lake.io_manager import DeltaIOManager

    table = daily(lambda context: daily_frame([context.partition_key]).iloc[: 2 * (context.partition_key != SPAN[0])])
    materialise(table, "2024-01-02")
    materialise(table, "2024-01-01")
    seen: dict = {}
    dg.materialize(
        [_reader(None, seen), table],
        selection=["reader"],
        partition_key="2024-01-01",
        instance=dg.DagsterInstance.ephemeral(),
        resources={"io_manager": DeltaIOManager(lake_uri=lake.uri)},
    )
    assert seen["frame"].empty


def test_a_version_a_time_and_a_run_tag_pin_an_input(lake, materialise):
    number = {"now": 1}
    table = asset_of(lambda _: pd.DataFrame({"n": [number["now"]]}))
    materialise(table)
    written = pd.Timestamp.now(tz="UTC").isoformat()
    number["now"] = 2
    materialise(table)
    seen = {}

    def reading(name: str, **metadata: Any):
        @dg.asset(name=name, ins={"table": dg.AssetIn(metadata=metadata)})
        def reader(table: pd.DataFrame) -> None:
            seen[name] = table["n"].item()

        return reader

    materialise(reading("now"), others=[table])
    materialise(reading("version", version=0), others=[table])
    materialise(reading("time", timestamp=written), others=[table])
    materialise(reading("tag"), others=[table], tags={"lakehouse/pin/table": "0"})
    assert seen == {"now": 2, "version": 1, "time": 1, "tag": 1}
    with pytest.raises(MissingTableError, match="newest version is 1"):
        materialise(reading("gone", version=7), others=[table])


def test_endless_numbers_can_be_asked_for_and_nan_is_refused_since_it_equals_nothing(lake, materialise):
    materialise(asset_of(lambda _: pa.table({"v": [float("nan"), 1.0, float("inf"), float("-inf")]})))
    for read in (lake.row_count, lambda key, where: len(lake.read_duckdb(key, where=where).fetchall())):
        assert read(["table"], where={"v": float("inf")}) == 1
        with pytest.raises(TypeError, match="Cannot compare a column with nan"):
            read(["table"], where={"v": float("nan")})
        assert read(["table"], where={"v": (float("-inf"), 2.0)}) == 2
