"""Reading tables: only the columns and the partitions asked for, and never nulls in place of what was not understood.

Rows are read by delta-rs' own engine (``DeltaTable.scan``), which applies column mapping and deletion vectors; other
ways return nulls or deleted rows there. A few files to which nothing of that applies are read without it (``direct``).
How DuckDB reads is in ``relation``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lakehouse_assets.lake.columns.delta_types import delta_schema
from lakehouse_assets.lake.errors import LakeError, MissingTableError, StorageError, UnreadableTableError
from lakehouse_assets.lake.failures import advice, cause, told
from lakehouse_assets.lake.partitioning.predicate import Condition, sql_of
from lakehouse_assets.lake.reading.direct import direct_batches
from lakehouse_assets.lake.reading.protocol import check_readable


def table_schema(table: DeltaTable) -> pa.Schema:
    """A table's columns with the Arrow types in which its rows are read."""
    return delta_schema(pa.schema(table.schema().to_arrow()))


def checked_columns(table: DeltaTable, columns: Sequence[str] | None, asset: str) -> list[str]:
    """The columns to read: those asked for, or all.

    Raises:
        MissingTableError: when the table has no such column.
    """
    names = list(pa.schema(table.schema().to_arrow()).names)
    if columns is None:
        return names
    absent = [column for column in columns if column not in names]
    if absent:
        raise MissingTableError(
            f"{asset} asks for column {', '.join(absent)} of table {table.table_uri} (version {table.version()}), "
            f"which has: {', '.join(names)}."
        )
    return list(columns)


def read_stream(
    table: DeltaTable, columns: Sequence[str] | None, condition: Condition | str | None, reader: str = ""
) -> pa.RecordBatchReader:
    """The rows of a condition (SQL, if it is text) as a stream, in the types of ``table_schema``.

    ``reader`` says in errors who reads what.

    Raises:
        UnreadableTableError: when the table would be read wrong, or a file of it is damaged (also while streaming).
        MissingTableError: when a file of this version is gone (also while streaming).
        StorageError: when the storage cannot be read.
    """
    check_readable(table)
    wanted = table_schema(table)
    if columns is not None:
        wanted = pa.schema([wanted.field(column) for column in columns])
    batches = direct_batches(table, wanted, condition)
    if batches is None:
        batches = _scanned(table, wanted, condition, reader)
    return pa.RecordBatchReader.from_batches(wanted, _told_batches(batches, table, reader))


def _scanned(
    table: DeltaTable, wanted: pa.Schema, condition: Condition | str | None, reader: str
) -> Iterator[pa.RecordBatch]:
    try:
        source = pa.RecordBatchReader.from_stream(table.scan(columns=wanted.names, predicate=sql_of(condition)))
    except (DeltaError, OSError, ValueError) as error:
        raise unread(error, table, reader) from cause(error)
    return iter(source.cast(wanted) if source.schema != wanted else source)


def _told_batches(batches: Iterator[pa.RecordBatch], table: DeltaTable, reader: str) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches
    except (DeltaError, OSError, ValueError) as error:
        raise unread(error, table, reader) from cause(error)


def unread(error: Exception, table: DeltaTable, reader: str) -> LakeError:
    """The engine's refusal to read, with who wanted what, and what to do."""
    said = told(error)
    kinds = (("is gone", MissingTableError), ("damaged", UnreadableTableError))
    what = advice(said)
    kind = next((kind for word, kind in kinds if word in what), StorageError)
    who = f"{reader} " if reader else ""
    return kind(
        f"{who}Table {table.table_uri} (version {table.version()}) could not be read. {what} The storage said: {said}"
    )


def read_table(
    table: DeltaTable, columns: Sequence[str] | None, condition: Condition | str | None, reader: str = ""
) -> pa.Table:
    """The rows as an Arrow table, in the types of ``table_schema``."""
    return read_stream(table, columns, condition, reader).read_all()


def to_pandas(rows: pa.Table) -> Any:
    """The rows as a pandas frame that can be written again as it is.

    Text is ``str``, a date is ``datetime.date`` (so it stays a date when written again), an instant is
    ``datetime64[us, UTC]``. Decimals, lists and structs stay Arrow-backed columns, since pandas would turn their whole
    numbers into floats. Whole numbers and truth values that have nulls are ``Int64`` and ``boolean``: as floats they
    would lose digits above 2**53.
    """
    import pandas as pd

    nullable: dict[str, Any] = {}
    for field, column in zip(rows.schema, rows.columns, strict=True):
        if column.null_count and pa.types.is_integer(field.type):
            nullable[field.name] = f"Int{field.type.bit_width}"
        elif column.null_count and pa.types.is_boolean(field.type):
            nullable[field.name] = "boolean"
    plain = [name for name in rows.schema.names if name not in nullable]
    frame = rows.select(plain).to_pandas(date_as_object=True, types_mapper=_arrow_backed)
    for name, dtype in nullable.items():
        frame[name] = (
            pd.array(rows[name].to_pylist(), dtype=dtype) if dtype == "boolean" else _masked(rows[name], dtype)
        )
    return frame[rows.schema.names]


def _arrow_backed(kind: pa.DataType) -> Any:
    import pandas as pd

    return pd.ArrowDtype(kind) if pa.types.is_decimal(kind) or pa.types.is_nested(kind) else None


def _masked(column: pa.ChunkedArray, dtype: str) -> Any:
    import pandas as pd

    values = column.fill_null(0).to_numpy()
    mask = column.is_null().to_numpy()
    return pd.arrays.IntegerArray(values.astype(dtype.lower()), mask)
