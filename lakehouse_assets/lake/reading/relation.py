"""A table's rows as a lazy DuckDB relation.

DuckDB reads the active Parquet files itself, so that its filters and columns reach into them, but only of tables whose
files tell everything (``protocol``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import DeltaTable

from lakehouse_assets.lake.columns.duckdb_types import columns_by_name, duckdb_type
from lakehouse_assets.lake.partitioning.predicate import Condition, literal, quoted, sql_of
from lakehouse_assets.lake.reading.protocol import check_readable, folders_tell_partitions, rewrites_rows
from lakehouse_assets.lake.reading.read import read_stream, table_schema
from lakehouse_assets.lake.reading.selection import local_paths, possible_files, selected_files
from lakehouse_assets.lake.storage import is_local

if TYPE_CHECKING:
    import duckdb

_PATTERN = set("*?[")
"""What DuckDB takes for a pattern in a path."""


def to_duckdb(
    table: DeltaTable, columns: Sequence[str] | None, condition: Condition | str | None, reader: str = ""
) -> duckdb.DuckDBPyRelation:
    """The rows of a condition (SQL, if it is text) as a lazy relation on DuckDB's default connection.

    Inputs can so be joined by name. Over local files DuckDB reads the active files that the condition leaves, and
    pushes its own filters and columns into them. A table in an object store (DuckDB's reader for it is a download), or
    one whose files do not tell everything, is streamed through Arrow, again each time the relation is evaluated: so it
    need not fit into memory. The connection's time zone is set to UTC, so that instants mean the same everywhere.
    """
    import duckdb

    check_readable(table)
    connection = duckdb.default_connection()
    connection.execute("SET TimeZone = 'UTC'")
    names = list(columns) if columns is not None else table_schema(table).names
    source = _over_files(connection, table, names, condition)
    if source is not None:
        return source
    return connection.from_arrow(_Rescanned(table, names, condition, reader))


def _over_files(
    connection: duckdb.DuckDBPyConnection, table: DeltaTable, names: list[str], condition: Condition | str | None
) -> duckdb.DuckDBPyRelation | None:
    """The rows straight from the files; ``None`` where these do not tell everything."""
    if not is_local(table.table_uri) or rewrites_rows(table):
        return None
    schema = table_schema(table)
    files, left = selected_files(table, condition), None
    if files is None:
        left = sql_of(condition)
        files = possible_files(table, left)
    paths = local_paths(table, files) if files is not None else None
    if files is None or paths is None or _PATTERN & set("".join(paths)) or not folders_tell_partitions(table, files):
        return None
    needed = pa.schema([schema.field(name) for name in names]) if left is None else schema
    if not paths:
        return connection.from_arrow(needed.empty_table().select(names))
    rows = _of_one_partition(table, files, needed) or _of_partitions(connection, paths, needed)
    where = f" WHERE {left}" if left is not None else ""
    return connection.sql(f"SELECT {', '.join(map(quoted, names))} FROM ({rows}){where}", params=[paths])  # noqa: S608


@dataclass(frozen=True)
class _Rescanned:
    """Rows that are scanned anew each time somebody asks for their Arrow stream."""

    table: DeltaTable
    columns: Sequence[str]
    condition: Condition | str | None
    reader: str

    def __arrow_c_schema__(self) -> Any:
        whole = table_schema(self.table)
        return pa.schema([whole.field(column) for column in self.columns]).__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        stream = read_stream(self.table, self.columns, self.condition, self.reader)
        return stream.__arrow_c_stream__(requested_schema)


def _of_one_partition(table: DeltaTable, files: pa.Table, needed: pa.Schema) -> str | None:
    """SQL over files that share their partition, whose values the log has; ``None`` when they do not share it."""
    partitions = table.metadata().partition_columns
    stored = [field for field in needed if field.name not in partitions]
    values = {one: files[f"partition.{one}"].unique().to_pylist() for one in partitions if one in needed.names}
    if not stored or any(len(found) > 1 for found in values.values()):
        return None
    told = {one: _constant(found[0]) for one, found in values.items()}
    columns = [
        f"CAST({told.get(one.name, quoted(one.name))} AS {duckdb_type(one.type)}) AS {quoted(one.name)}"
        for one in needed
    ]
    option = "" if _is_in_the_only_file(files, stored) else f", schema = {columns_by_name(stored)}"
    return f"SELECT {', '.join(columns)} FROM read_parquet(?, hive_partitioning = false{option})"  # noqa: S608 - quoted


def _is_in_the_only_file(files: pa.Table, stored: list[pa.Field]) -> bool:
    """Whether there is one file, which has all of these columns: the log counts the nulls of those that it has.

    Otherwise DuckDB has to be told the columns, so that one which a file lacks is null; that costs it a mapping.
    """
    counts = [f"null_count.{field.name}" for field in stored]
    if files.num_rows != 1 or not set(counts) <= set(files.schema.names):
        return False
    return not any(files[name].null_count for name in counts)


def _constant(value: Any) -> str:
    return "NULL" if value is None else literal(value)


def _of_partitions(connection: duckdb.DuckDBPyConnection, paths: list[str], needed: pa.Schema) -> str:
    """SQL over files of several partitions, which DuckDB takes from their paths, opening all to see their columns."""
    reader = "FROM read_parquet(?, hive_partitioning = true, hive_types_autocast = false, union_by_name = true)"
    present = set(connection.sql(reader, params=[paths]).columns)
    columns = [
        f"CAST({quoted(one.name) if one.name in present else 'NULL'} AS {duckdb_type(one.type)}) AS {quoted(one.name)}"
        for one in needed
    ]
    return f"SELECT {', '.join(columns)} {reader}"
