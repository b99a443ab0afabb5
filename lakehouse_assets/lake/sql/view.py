"""One Delta table as a DuckDB view that finds the table's present files itself, each time it is queried.

DuckDB cannot make a list of files out of a query, so a view has two branches. The first holds the files of the version
at which the view was made, with the number of their rows and the range of their numbers, which the optimiser would not
know otherwise (25 star-schema queries on plain lists of files: 1.3 times the CPU of DuckDB's own tables with them).
The second replays the commits made since: of the files below the table's folder it reads those that the log says to
be active. Each query takes one branch, by the newest commit that lies in the log when the query is planned.

The answer is one version's, whoever commits meanwhile, because DuckDB lists folders as it binds, left to right: the
newest commit, then the commits to replay, then the data files. A commit's files lie there before it does, so that the
later listing has them all; and where the first listing finds a commit to replay, so does the second.
"""

from __future__ import annotations

import json
import re
import string
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from lakehouse_assets.lake.columns.duckdb_types import columns_by_name, duckdb_type
from lakehouse_assets.lake.errors import UnreadableTableError
from lakehouse_assets.lake.partitioning.predicate import quoted, quoted_text
from lakehouse_assets.lake.reading.protocol import rewrites_rows
from lakehouse_assets.lake.reading.read import table_schema
from lakehouse_assets.lake.storage import is_local, local_folder

if TYPE_CHECKING:
    import pyarrow as pa
    from deltalake import DeltaTable

_NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
_ADVICE = "Materialise delivery/platform/sql_views and open the file again. Seen at "
_PLAIN_FEATURES = ("timestampNtz", "vacuumProtocolCheck", "v2Checkpoint")
"""Reader features under which the Parquet files alone tell the rows."""


@dataclass(frozen=True)
class ViewSource:
    """A table at the version at which its view is made.

    ``ranges`` maps a column to its smallest and largest value and its number of nulls. ``uniform`` says that every file
    has exactly the table's columns, in its types.
    """

    folder: str
    version: int
    schema: pa.Schema
    delta_columns: tuple[tuple[str, str], ...]
    partition_columns: tuple[str, ...]
    files: tuple[str, ...]
    rows: int
    ranges: dict[str, tuple[Any, Any, int]]
    uniform: bool

    @property
    def stored(self) -> list[pa.Field]:
        """The columns that lie in the files; the values of partition columns lie in the files' paths."""
        return [field for field in self.schema if field.name not in self.partition_columns]


def view_source(table: DeltaTable) -> ViewSource:
    """Reads from an open table what its view needs.

    Raises:
        UnreadableTableError: when DuckDB would read its files wrong, with the reason.
    """
    import pyarrow as pa

    folder = local_folder(table.table_uri)
    _refuse_what_files_do_not_tell(table, folder)
    actions = pa.table(table.get_add_actions(flatten=True))
    schema = table_schema(table)
    partitions = tuple(table.metadata().partition_columns)
    paths = actions["path"].to_pylist()
    _refuse_partitions_that_paths_do_not_tell(folder, actions, partitions)
    stored = pa.schema([field for field in schema if field.name not in partitions])
    files = tuple(f"{folder}/{unquote(path)}" for path in paths)
    rows = actions["num_records"] if "num_records" in actions.column_names else pa.chunked_array([[None]])
    return ViewSource(
        folder=folder,
        version=table.version(),
        schema=schema,
        delta_columns=tuple((field.name, _delta_type(field.type)) for field in table.schema().fields),
        partition_columns=partitions,
        files=files,
        rows=sum(rows.to_pylist()) if rows.null_count == 0 else 0,
        ranges=_ranges(actions, stored),
        uniform=_uniform(files, stored),
    )


def view_sql(source: ViewSource) -> str:
    """The view's SELECT statement."""
    template = string.Template((resources.files(__package__) / "view.sql").read_text(encoding="utf-8"))
    columns = ", ".join(f"{_value(source, field)} AS {quoted(field.name)}" for field in source.schema)
    values = {
        "names": ", ".join(quoted(field.name) for field in source.schema),
        "columns": columns,
        "empty_columns": ", ".join(
            ["NULL::VARCHAR AS filename", "false AS __as_made"]
            + [f"NULL::{duckdb_type(one.type)} AS {quoted(one.name)}" for one in source.stored]
        ),
        "replayed_columns": columns_by_name(source.stored, {"__as_made": False}),
        "commits": quoted_text(f"{source.folder}/_delta_log/{'?' * 20}.json"),
        "made_commit": quoted_text(f"{source.folder}/_delta_log/{source.version:020d}.json"),
        "made_version": str(source.version),
        "made_files": _texts(source.files),
        "made_columns": _pairs(source.delta_columns),
        "partition_columns": _texts(source.partition_columns),
        **{name: quoted_text(f"{text} {_ADVICE}") for name, text in _problems(source).items()},
        "path_pattern": quoted_text(_path_pattern(source.partition_columns)),
        "folder_slash": quoted_text(f"{source.folder}/"),
        "data_files": quoted_text(f"{source.folder}/**/*.parquet"),
        "rows": str(max(source.rows, 1)),
    }
    return template.substitute(values, as_made=_as_made(source, columns, columns_by_name(source.stored)))


def _problems(source: ViewSource) -> dict[str, str]:
    """What a query says when it cannot replay a commit: whole texts, since each query has to bind each ``||``."""
    return {
        "gone": f"Commits after version {source.version} are gone from the log of {source.folder}.",
        "changed": f"The columns of {source.folder} have changed since this file of SQL views was made.",
        "unreadable": f"Since this file of SQL views was made, {source.folder} was written in a way that DuckDB may "
        "read wrong (deletion vectors, column mapping, files that lie elsewhere).",
    }


def _as_made(source: ViewSource, columns: str, by_name: str) -> str:
    if not source.files:
        return ""
    options = [f"schema = {by_name}"]
    if source.uniform:
        kinds = ", ".join(f"{quoted_text(one.name)}: {quoted_text(duckdb_type(one.type))}" for one in source.stored)
        options = ["hive_partitioning = false", f"bound_schema = {{{kinds}}}"]
        if source.ranges:
            options.append(f"column_statistics = MAP{{{', '.join(_statistics(source))}}}")
    if source.rows:
        options.append(f"explicit_cardinality = {source.rows}")
    reader = f"read_parquet({_texts(source.files)}, {', '.join(options)})"
    return f"SELECT true AS __as_made, {columns} FROM {reader} UNION ALL"  # noqa: S608 - names and texts are quoted


def _statistics(source: ViewSource) -> list[str]:
    return [
        f"{quoted_text(quoted(column))}: MAP{{'min': '{low}', 'max': '{high}', 'null_count': '{nulls}'}}"
        for column, (low, high, nulls) in source.ranges.items()
    ]


def _value(source: ViewSource, field: pa.Field) -> str:
    """A column's value: from the file, or for a partition column from its path (``…/day=2024-01-31/…``)."""
    import pyarrow as pa

    if field.name not in source.partition_columns:
        return quoted(field.name)
    text = f"regexp_extract(filename, {quoted_text(f'/{re.escape(field.name)}=([^/]*)/')}, 1)"
    value = f"nullif(url_decode({text}), '{_NULL_PARTITION}')"
    if pa.types.is_timestamp(field.type) and field.type.tz:
        value = f"rtrim({value}, 'Z') || '+00'"
    return f"CAST({value} AS {duckdb_type(field.type)})"


def _refuse_what_files_do_not_tell(table: DeltaTable, folder: str) -> None:
    reason = ""
    if not is_local(table.table_uri):
        reason = "it lies in an object store, which DuckDB reads only with an extension that is not installed"
    elif {"filename", "__as_made"} & {field.name for field in table.schema().fields}:
        reason = "it has a column filename or __as_made, a name that the view needs for itself"
    elif set(folder) & set("*?[]"):
        reason = "its folder's name holds one of * ? [ ], which DuckDB takes for a pattern"
    else:
        unknown = set(table.protocol().reader_features or ()) - set(_PLAIN_FEATURES)
        if unknown or rewrites_rows(table):
            reason = f"it uses {', '.join(sorted(unknown)) or 'columnMapping'}, so that its files do not tell its rows"
    if reason:
        raise UnreadableTableError(f"Table {folder} cannot be shown in SQL: {reason}. Read it with the lake's reader.")


def _refuse_partitions_that_paths_do_not_tell(folder: str, actions: pa.Table, partitions: tuple[str, ...]) -> None:
    for path in actions["path"].to_pylist():
        # The log's paths are encoded once more than the folders' names are.
        parts = dict(part.partition("=")[::2] for part in unquote(path).split("/")[:-1])
        if "://" in path or path.startswith("/") or not set(partitions) <= set(parts):
            raise UnreadableTableError(
                f"Table {folder} cannot be shown in SQL: the path {path} does not tell the file's partition "
                f"({', '.join(partitions) or 'none'}), or lies outside of the table. Rewrite the table in place."
            )


def _ranges(actions: pa.Table, stored: pa.Schema) -> dict[str, tuple[Any, Any, int]]:
    """What all files together say of whole numbers and days. Texts are cut and instants rounded in the log."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = {}
    for field in stored:
        names = [f"{what}.{field.name}" for what in ("min", "max", "null_count")]
        whole = pa.types.is_integer(field.type) or pa.types.is_date(field.type)
        if not whole or not set(names) <= set(actions.column_names):
            continue
        low, high, nulls = (actions[name] for name in names)
        if len(low) and not low.null_count and not high.null_count and not nulls.null_count:
            found[field.name] = (pc.min(low).as_py(), pc.max(high).as_py(), pc.sum(nulls).as_py())
    return found


def _uniform(files: tuple[str, ...], stored: pa.Schema) -> bool:
    """Whether every file has exactly these columns: then DuckDB needs no mapping, and takes the statistics."""
    import pyarrow.parquet as pq

    wanted = [(field.name, str(field.type).replace("large_", "")) for field in stored]
    for file in files:
        found = pq.read_schema(file)
        if [(field.name, str(field.type).replace("large_", "")) for field in found] != wanted:
            return False
    return True


def _delta_type(kind: Any) -> str:
    parsed = json.loads(kind.to_json())
    return parsed if isinstance(parsed, str) else json.dumps(parsed, separators=(",", ":"))


def _path_pattern(partition_columns: tuple[str, ...]) -> str:
    """What the log's path of a file has to look like: below the table's folder, its partition in it."""
    return "".join(f"(?:[^/:]*/)*{re.escape(column)}=[^/]*/" for column in partition_columns) + "(?:[^/:]+/)*[^/:]+"


def _pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    listed = ", ".join(f"({quoted_text(first)}, {quoted_text(second)})" for first, second in pairs)
    return f"[{listed}]"


def _texts(texts: tuple[str, ...]) -> str:
    return "[" + ", ".join(quoted_text(text) for text in texts) + "]::VARCHAR[]"
