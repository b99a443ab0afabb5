"""Reading tables: only the columns and the partitions asked for, and never nulls in place of what was not understood.

Rows are read by delta-rs' own engine (``DeltaTable.scan``), which applies column mapping and deletion vectors; other
ways return nulls or deleted rows there. DuckDB reads the table's active Parquet files itself, so that its filters reach
into them, but only of tables that have neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import DeltaTable

from lakehouse_assets.lake.errors import MissingTableError, UnreadableTableError
from lakehouse_assets.lake.schema import delta_schema
from lakehouse_assets.lake.storage import is_local

if TYPE_CHECKING:
    import duckdb

UNDERSTOOD = {
    "timestampNtz",
    "columnMapping",
    "deletionVectors",
    "v2Checkpoint",
    "vacuumProtocolCheck",
    "typeWidening",
    "typeWidening-preview",
}
"""Reader features of the Delta protocol that the scan applies; a table with another is refused."""


def table_schema(table: DeltaTable) -> pa.Schema:
    """A table's columns with the Arrow types in which its rows are read."""
    return delta_schema(pa.schema(table.schema().to_arrow()))


def check_readable(table: DeltaTable) -> None:
    """Refuses a table that uses a reader feature which would be read wrong.

    Raises:
        UnreadableTableError: naming the feature.
    """
    unknown = set(table.protocol().reader_features or ()) - UNDERSTOOD
    if unknown:
        raise UnreadableTableError(
            f"Table {table.table_uri} (version {table.version()}) uses the Delta feature {', '.join(sorted(unknown))}, "
            "which this reader does not know and would read wrong. Have its writer drop the feature "
            "(ALTER TABLE … DROP FEATURE in Spark), or write a copy without it."
        )


def rewrites_rows(table: DeltaTable) -> bool:
    """Whether the Parquet files alone do not tell the rows: deleted rows are marked, or columns renamed elsewhere."""
    mapped = table.metadata().configuration.get("delta.columnMapping.mode", "none") != "none"
    return mapped or "deletionVectors" in (table.protocol().reader_features or ())


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


def read_stream(table: DeltaTable, columns: Sequence[str] | None, predicate: str | None) -> pa.RecordBatchReader:
    """The rows as a stream, in the types of ``table_schema``."""
    check_readable(table)
    wanted = table_schema(table)
    if columns is not None:
        wanted = pa.schema([wanted.field(column) for column in columns])
    source = pa.RecordBatchReader.from_stream(table.scan(columns=wanted.names, predicate=predicate))
    return source.cast(wanted) if source.schema != wanted else source


def read_table(table: DeltaTable, columns: Sequence[str] | None, predicate: str | None) -> pa.Table:
    """The rows as an Arrow table, in the types of ``table_schema``."""
    return read_stream(table, columns, predicate).read_all()


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


def to_duckdb(table: DeltaTable, columns: Sequence[str] | None, predicate: str | None) -> duckdb.DuckDBPyRelation:
    """The rows as a lazy DuckDB relation on DuckDB's default connection, so that inputs can be joined by name.

    Over local files DuckDB reads the active files that the predicate leaves, and pushes its own filters and columns
    into them. A table in an object store, or with deletion vectors or column mapping, is read through Arrow.
    The connection's time zone is set to UTC, so that instants mean the same everywhere.
    """
    import duckdb

    check_readable(table)
    connection = duckdb.default_connection()
    connection.execute("SET TimeZone = 'UTC'")
    names = list(columns) if columns is not None else table_schema(table).names
    if rewrites_rows(table) or not is_local(table.table_uri):
        return connection.from_arrow(read_table(table, names, predicate))
    files = table.file_uris(file_pruning_predicate=predicate) if predicate else table.file_uris()
    if not files:
        return connection.from_arrow(pa.schema([table_schema(table).field(name) for name in names]).empty_table())
    return _over_files(connection, table, files, names, predicate)


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
        params=[[file.removeprefix("file://") for file in files]],
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
