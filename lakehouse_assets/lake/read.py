"""Reading tables: only the columns and the partitions asked for, and never nulls in place of what was not understood.

Rows are read by delta-rs' own engine (``DeltaTable.scan``), which applies column mapping and deletion vectors; other
ways return nulls or deleted rows there. DuckDB reads the table's active Parquet files itself, so that its filters reach
into them, but only of tables whose files tell everything (``protocol.files_tell_rows``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lakehouse_assets.lake.errors import LakeError, MissingTableError, StorageError, UnreadableTableError
from lakehouse_assets.lake.failures import advice, cause, told
from lakehouse_assets.lake.protocol import check_readable, files_tell_rows
from lakehouse_assets.lake.schema import delta_schema
from lakehouse_assets.lake.storage import is_local, local_files

if TYPE_CHECKING:
    import duckdb


def table_schema(table: DeltaTable) -> pa.Schema:
    """A table's columns with the Arrow types in which its rows are read."""
    return delta_schema(pa.schema(table.schema().to_arrow()))


def checked_columns(table: DeltaTable, columns: Sequence[str] | None, asset: str) -> list[str]:
    """The columns to read: those asked for, or all.

    Raises:
        MissingTableError: when the table has no such column.
    """
    names = list(table_schema(table).names)
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
    table: DeltaTable, columns: Sequence[str] | None, predicate: str | None, reader: str = ""
) -> pa.RecordBatchReader:
    """The rows as a stream, in the types of ``table_schema``. ``reader`` says in errors who reads what.

    Raises:
        UnreadableTableError: when the table would be read wrong, or a file of it is damaged (also while streaming).
        MissingTableError: when a file of this version is gone (also while streaming).
        StorageError: when the storage cannot be read.
    """
    check_readable(table)
    wanted = table_schema(table)
    if columns is not None:
        wanted = pa.schema([wanted.field(column) for column in columns])
    try:
        source = pa.RecordBatchReader.from_stream(table.scan(columns=wanted.names, predicate=predicate))
    except (DeltaError, OSError, ValueError) as error:
        raise unread(error, table, reader) from cause(error)
    stream = source.cast(wanted) if source.schema != wanted else source
    return pa.RecordBatchReader.from_batches(wanted, _told_batches(stream, table, reader))


def _told_batches(stream: pa.RecordBatchReader, table: DeltaTable, reader: str) -> Iterator[pa.RecordBatch]:
    try:
        yield from stream
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


def read_table(table: DeltaTable, columns: Sequence[str] | None, predicate: str | None, reader: str = "") -> pa.Table:
    """The rows as an Arrow table, in the types of ``table_schema``."""
    return read_stream(table, columns, predicate, reader).read_all()


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


def to_duckdb(
    table: DeltaTable, columns: Sequence[str] | None, predicate: str | None, reader: str = ""
) -> duckdb.DuckDBPyRelation:
    """The rows as a lazy DuckDB relation on DuckDB's default connection, so that inputs can be joined by name.

    Over local files DuckDB reads the active files that the predicate leaves, and pushes its own filters and columns
    into them. A table in an object store (DuckDB's reader for it is a download), or one whose files do not tell
    everything, is streamed through Arrow, again each time the relation is evaluated: so it need not fit into memory.
    The connection's time zone is set to UTC, so that instants mean the same everywhere.
    """
    import duckdb

    check_readable(table)
    connection = duckdb.default_connection()
    connection.execute("SET TimeZone = 'UTC'")
    names = list(columns) if columns is not None else table_schema(table).names
    if not is_local(table.table_uri) or not files_tell_rows(table):
        return connection.from_arrow(_Rescanned(table, names, predicate, reader))
    files = table.file_uris(file_pruning_predicate=predicate) if predicate else table.file_uris()
    if not files:
        return connection.from_arrow(pa.schema([table_schema(table).field(name) for name in names]).empty_table())
    return _over_files(connection, table, files, names, predicate)


@dataclass(frozen=True)
class _Rescanned:
    """Rows that are scanned anew each time somebody asks for their Arrow stream."""

    table: DeltaTable
    columns: Sequence[str]
    predicate: str | None
    reader: str

    def __arrow_c_schema__(self) -> Any:
        whole = table_schema(self.table)
        return pa.schema([whole.field(column) for column in self.columns]).__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        stream = read_stream(self.table, self.columns, self.predicate, self.reader)
        return stream.__arrow_c_stream__(requested_schema)


def _over_files(
    connection: duckdb.DuckDBPyConnection,
    table: DeltaTable,
    files: list[str],
    names: list[str],
    predicate: str | None,
) -> duckdb.DuckDBPyRelation:
    import duckdb

    from lakehouse_assets.lake.duckdb_types import duckdb_type
    from lakehouse_assets.lake.predicate import quoted

    relation = connection.sql(
        "SELECT * FROM read_parquet(?, hive_partitioning = true, hive_types_autocast = false, union_by_name = true)",
        params=[local_files(table, files)],
    )
    schema = table_schema(table)
    present = set(relation.columns)
    if predicate is not None:
        typed = [_typed(duckdb, field, present, quoted(field.name), duckdb_type(field.type)) for field in schema]
        relation = relation.select(*typed).filter(duckdb.SQLExpression(predicate))
        return relation.select(*[duckdb.ColumnExpression(name) for name in names])
    fields = [schema.field(name) for name in names]
    return relation.select(*[_typed(duckdb, one, present, quoted(one.name), duckdb_type(one.type)) for one in fields])


def _typed(module: Any, field: pa.Field, present: set[str], name: str, kind: str) -> Any:
    value = name if field.name in present else "NULL"
    return module.SQLExpression(f"CAST({value} AS {kind})").alias(field.name)
