"""One DuckDB file whose views show the lake's tables to any SQL client.

The file is built beside its place and put there by one rename: a client that has it open keeps what it opened, a new
one gets the whole new file, and neither waits for the other. What the views answer does not depend on when the file was
made (see ``view``); making it again adds new tables and columns, and makes queries fast again.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lakehouse_assets.lake.errors import LakeError, StorageError, UnreadableTableError
from lakehouse_assets.lake.partitioning.predicate import quoted, quoted_text
from lakehouse_assets.lake.sql.view import view_source, view_sql
from lakehouse_assets.lake.storage import is_local, open_table

if TYPE_CHECKING:
    import duckdb

#: The zones that people query. Raw holds what a source delivered, personal data in clear text included.
ZONES = ("harmonized", "distilled", "delivery")

#: Making the file takes seconds; one that was begun and is this old belongs to a process that was killed.
ABANDONED_S = 3600


@dataclass(frozen=True)
class TableNotes:
    """What a table's contract says of it: its purpose, and the meaning of its columns."""

    purpose: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Views:
    """What a file of views shows: view name to table key, and table key to why it is not shown."""

    shown: dict[str, tuple[str, ...]]
    refused: dict[tuple[str, ...], str]


def write_sql_views(lake_uri: str, file: Path, notes: Mapping[tuple[str, ...], TableNotes] | None = None) -> Views:
    """Makes the DuckDB file with a view ``<zone>.<the key's other parts joined by _>`` for each table.

    A table that DuckDB would read wrong gets a view that says so when it is queried.

    Raises:
        StorageError: when the lake lies in an object store, or the file cannot be written.
        LakeError: when two tables would have one name.
    """
    import duckdb

    if not is_local(lake_uri):
        raise StorageError(
            f"No SQL views for {lake_uri}: DuckDB reads an object store only with its httpfs extension, which is not "
            "installed. Use the lake's reader, or a copy of the tables in a folder."
        )
    lake = Path(lake_uri.removeprefix("file://")).absolute()
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.name}.{uuid.uuid4().hex}")
    try:
        with contextlib.closing(duckdb.connect(str(beside))) as connection:
            views = _write(connection, lake, notes or {})
        beside.replace(file)
    except (duckdb.Error, OSError) as error:
        raise StorageError(
            f"The file of SQL views {file} could not be written; the old one is as it was: {error}"
        ) from error
    finally:
        for left in file.parent.glob(f"{beside.name}*"):
            left.unlink()
    _remove_what_killed_makers_left(file)
    return views


def _remove_what_killed_makers_left(file: Path) -> None:
    for left in file.parent.glob(f".{file.name}.*"):
        with contextlib.suppress(FileNotFoundError):  # another maker's, done in this moment
            if left.stat().st_mtime < time.time() - ABANDONED_S:
                left.unlink()


def tables_below(lake: Path) -> Iterator[tuple[str, ...]]:
    """The keys of the tables in the zones that people query, sorted."""
    for zone in ZONES:
        for log in sorted((lake / zone).rglob("_delta_log")):
            yield tuple(unquote(part) for part in log.parent.relative_to(lake).parts)


def _write(connection: duckdb.DuckDBPyConnection, lake: Path, notes: Mapping[tuple[str, ...], TableNotes]) -> Views:
    shown: dict[str, tuple[str, ...]] = {}
    refused: dict[tuple[str, ...], str] = {}
    for zone in ZONES:
        connection.execute(f"CREATE SCHEMA {quoted(zone)}")
    for key in tables_below(lake):
        name = f"{quoted(key[0])}.{quoted('_'.join(key[1:]))}"
        if name in shown:
            raise LakeError(f"The tables {'/'.join(shown[name])} and {'/'.join(key)} would both be {name} in SQL.")
        shown[name] = key
        _create(connection, lake, key, name, notes.get(key), refused)
    return Views({name: key for name, key in shown.items() if key not in refused}, refused)


def _create(
    connection: duckdb.DuckDBPyConnection,
    lake: Path,
    key: tuple[str, ...],
    name: str,
    notes: TableNotes | None,
    refused: dict[tuple[str, ...], str],
) -> None:
    try:
        source = view_source(open_table(str(lake.joinpath(*key)), None))
    except UnreadableTableError as error:
        refused[key] = str(error)
        connection.execute(f"CREATE VIEW {name} AS SELECT error({quoted_text(str(error))}) AS not_readable")
        return
    connection.execute(f"CREATE VIEW {name} AS {view_sql(source)}")
    if notes is None:
        return
    connection.execute(f"COMMENT ON VIEW {name} IS {quoted_text(notes.purpose)}")
    for column in source.schema.names:
        if text := notes.columns.get(column):
            connection.execute(f"COMMENT ON COLUMN {name}.{quoted(column)} IS {quoted_text(text)}")
