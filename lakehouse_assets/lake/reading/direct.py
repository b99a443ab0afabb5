"""Reading a few Parquet files of a table straight away, where the engine would give the same rows at twice the cost.

Planning a scan costs the engine more than reading one day of a table does: 3.4 CPU-ms against 0.9 for two columns of
250,000 rows. Of many or large files both take the same time, so those are left to the engine.

Only files that say of themselves that nothing is to be done to their values are read so: plain tables, whose columns
lie in each file by their names and in their types. Older files without a later column, times of other engines (INT96),
widened types: all that is the engine's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from lakehouse_assets.lake.layout import ROW_GROUP_ROWS
from lakehouse_assets.lake.partitioning.predicate import Condition
from lakehouse_assets.lake.reading.protocol import rewrites_rows
from lakehouse_assets.lake.reading.selection import local_paths, selected_files
from lakehouse_assets.lake.storage import is_local

MOST_FILES = 16
"""Files that are opened before the first row is given; a partition has one or a few."""


@dataclass(frozen=True)
class _File:
    """An opened file, and the one value that each partition column has in it."""

    parquet: Any
    values: dict[str, Any]


def direct_batches(
    table: DeltaTable, wanted: pa.Schema, condition: Condition | str | None
) -> Iterator[pa.RecordBatch] | None:
    """The rows of a condition in the columns and types of ``wanted``, or ``None`` where the engine has to read them.

    Files are opened at once and read as the batches are asked for, which may raise what Arrow raises.
    """
    if not is_local(table.table_uri) or rewrites_rows(table):
        return None
    actions = selected_files(table, condition)
    if actions is None or actions.num_rows > MOST_FILES:
        return None
    paths = local_paths(table, actions)
    if paths is None:
        return None
    laid_out = [name for name in wanted.names if name in table.metadata().partition_columns]
    stored = [field for field in wanted if field.name not in laid_out]
    files = []
    for path, row in zip(paths, actions.select([f"partition.{name}" for name in laid_out]).to_pylist(), strict=True):
        parquet = _opened(path, stored)
        if parquet is None:
            return None
        files.append(_File(parquet, {name: row[f"partition.{name}"] for name in laid_out}))
    return _batches(files, wanted, [field.name for field in stored])


def _opened(path: str, stored: list[pa.Field]) -> Any:
    """The file, or ``None`` when it is not there, is damaged, or a column of it needs the engine."""
    import pyarrow.parquet as pq

    try:
        # Without reading ahead: the engine's own way for object stores, which copies what lies in a local file.
        parquet = pq.ParquetFile(path, pre_buffer=False)
    except (OSError, pa.ArrowInvalid):
        return None  # the engine fails on it too, and says so in the words that people are advised by
    found = parquet.schema_arrow
    for field in stored:
        place = found.get_field_index(field.name)  # -1 also where two have this name
        if place < 0 or "." in field.name or not _same(found.field(place).type, field.type):
            return None
    return parquet


def _same(found: pa.DataType, wanted: pa.DataType) -> bool:
    both_text = pa.types.is_large_string(found) and pa.types.is_string(wanted)
    return bool(both_text or found == wanted)


def _batches(files: list[_File], wanted: pa.Schema, stored: list[str]) -> Iterator[pa.RecordBatch]:
    for file in files:
        # Made once a file: to repeat a value a row costs as much as to read a column.
        longest = min(file.parquet.metadata.num_rows, ROW_GROUP_ROWS)
        same = {one: pa.repeat(pa.scalar(value, wanted.field(one).type), longest) for one, value in file.values.items()}
        for batch in _stored_batches(file.parquet, stored):
            columns = [
                same[field.name].slice(0, batch.num_rows)
                if field.name in same
                else batch.column(field.name).cast(field.type)
                for field in wanted
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=wanted)


def _stored_batches(parquet: Any, stored: list[str]) -> Iterator[pa.RecordBatch]:
    # A thread a column: for one column it would only be woken.
    return parquet.iter_batches(ROW_GROUP_ROWS, columns=stored, use_threads=len(stored) > 1)  # type: ignore[no-any-return]
