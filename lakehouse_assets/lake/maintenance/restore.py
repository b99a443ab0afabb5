"""Bringing an earlier version back, of a whole table or of some partitions, as a new commit: nothing is lost by it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
from deltalake import DeltaTable

from lakehouse_assets.lake.columns.schema import cast_batch, reconciled
from lakehouse_assets.lake.errors import MissingTableError, SchemaChangedError
from lakehouse_assets.lake.maintenance.files import missing_files, stored_files
from lakehouse_assets.lake.maintenance.log import commit_times, keep_the_log
from lakehouse_assets.lake.maintenance.trial import require_taken
from lakehouse_assets.lake.partitioning.partitions import PartitionScope, physical_columns
from lakehouse_assets.lake.reading.read import read_stream, table_schema
from lakehouse_assets.lake.settings import SchemaMode, WriteMode, WriteSettings
from lakehouse_assets.lake.storage import StorageOptions, open_table
from lakehouse_assets.lake.writing.commit import Provenance, commit_properties, retried
from lakehouse_assets.lake.writing.inspection import Inspection, inspect
from lakehouse_assets.lake.writing.rows import Rows
from lakehouse_assets.lake.writing.write import Target, write_rows

Moment = int | dt.datetime


@dataclass(frozen=True)
class Restorable:
    """An earlier version that can be brought back, and what its rows are, partition by partition."""

    version: int
    newest: int
    contents: Inspection
    schema_change: str


def restorable(
    uri: str,
    options: StorageOptions,
    to: Moment,
    scope: PartitionScope | None,
    provenance: Provenance,
    partly: bool = False,
    fill_new_columns: bool = False,
) -> Restorable:
    """Looks at an earlier version without changing anything.

    Args:
        uri: the table.
        options: storage options for it.
        to: a version, or a time, which means the version that was the newest then.
        scope: the partitions whose rows are looked at; ``None`` for an unpartitioned table.
        provenance: who, for errors.
        partly: whether these partitions alone are to be restored, so that files of the others may be gone, and their
            columns of then have to fit those of now.
        fill_new_columns: as for `restore_partitions`.

    Raises:
        MissingTableError: there was no table then, or the version's log or files are gone; names the versions that can
            be brought back.
        SchemaChangedError: partitions' columns or values of then do not fit the columns of now.
        PromiseBrokenError: partitions' rows of then break a constraint that the table has now.
    """
    newest = open_table(uri, options)
    table = _at(newest, uri, options, to)
    stored = stored_files(table, options)
    predicate = scope.predicate() if scope is not None else None
    gone = missing_files(table, stored)
    if partly and gone:
        needed = {file.rsplit("/", maxsplit=1)[-1] for file in table.file_uris(file_pruning_predicate=predicate)}
        gone = [path for path in gone if path.rsplit("/", maxsplit=1)[-1] in needed]
    if gone:
        raise MissingTableError(
            f"Table {uri} cannot be restored to version {table.version()}: {len(gone)} of its files are gone, for "
            f"example {gone[0]}. They were vacuumed. Nothing was changed. Versions that are whole: "
            f"{_ranges(whole_versions(uri, options, stored))}."
        )
    if partly and scope is not None:
        with _telling_of(scope, uri, int(table.version())):
            schema = _columns(table, newest, fill_new_columns, provenance, uri)
            then = read_stream(table, None, predicate)
            require_taken(newest, schema, (cast_batch(batch, schema, provenance.asset, uri) for batch in then))
    contents = inspect(read_stream(table, None, predicate), scope, provenance, uri)
    return Restorable(int(table.version()), int(newest.version()), contents, _schema_change(table, newest))


def restore_all(uri: str, options: StorageOptions, version: int, provenance: Provenance) -> int:
    """Makes a version the newest again, with its columns; gives the new version. No data file is written."""

    def attempt() -> int:
        table = open_table(uri, options)
        if table.version() == version:
            return version  # the engine refuses to restore to what is
        extra = {"maintenance": "restore", "restored_from": str(version)}
        table.restore(version, commit_properties=commit_properties(provenance, extra))
        return int(open_table(uri, options).version())

    restored = retried(attempt, provenance, uri, options)
    # The engine brings the old version's table properties back too.
    keep_the_log(uri, options, provenance)
    return restored


def restore_partitions(
    uri: str,
    options: StorageOptions,
    version: int,
    scope: PartitionScope,
    fill_new_columns: bool,
    provenance: Provenance,
) -> int:
    """Replaces the rows of some partitions by those that they had at a version; gives the new version.

    Args:
        uri: the table.
        options: storage options for it.
        version: the version to take the rows from.
        scope: the partitions.
        fill_new_columns: whether columns that the table got since may be null in the restored rows.
        provenance: who, for the commit.

    Raises:
        SchemaChangedError: the rows of then do not fit the columns of now. Nothing was changed.
    """
    then = open_table(uri, options, version)
    with _telling_of(scope, uri, version):
        schema = _columns(then, open_table(uri, options), fill_new_columns, provenance, uri)
        with Rows.from_stream(
            schema,
            (cast_batch(batch, schema, provenance.asset, uri) for batch in read_stream(then, None, scope.predicate())),
        ) as rows:
            contents = inspect(rows.batches(), scope, provenance, uri)
            columns = {str(place): column for place, column in enumerate(scope.columns)}
            target = Target(uri, options, layout=physical_columns(columns, schema), scope=scope)
            settings = WriteSettings(write_mode=WriteMode.OVERWRITE)
            extra = {
                "maintenance": "restore",
                "restored_from": str(version),
                "rows_version": contents.total.version(),
            }
            return write_rows(rows, target, settings, provenance, extra).version


def _columns(then: DeltaTable, now: DeltaTable, fill_new_columns: bool, provenance: Provenance, uri: str) -> pa.Schema:
    """The columns in which rows of then are written to the table of now."""
    old, new = table_schema(then), table_schema(now)
    dropped = [name for name in old.names if name not in new.names]
    if dropped:
        raise SchemaChangedError(f"column {', '.join(dropped)} was dropped since.")
    mode = SchemaMode.MERGE if fill_new_columns else SchemaMode.STRICT
    return reconciled(old, new, mode, provenance.asset, uri)[0]


@contextmanager
def _telling_of(scope: PartitionScope, uri: str, version: int) -> Iterator[None]:
    """Says of columns that do not fit what was to be restored, and the ways out."""
    try:
        yield
    except SchemaChangedError as error:
        raise SchemaChangedError(
            f"Partitions {scope.describe()} of table {uri} cannot be restored to version {version}: {error} "
            "Nothing was changed. Columns that were added since can be left null (fill_new_columns); for all else "
            "restore the whole table, which brings its old columns back."
        ) from error


def version_at(uri: str, options: StorageOptions, to: Moment) -> int:
    """The version that a number or a time means.

    Raises:
        MissingTableError: there is no such version, or was none then.
    """
    return int(_at(open_table(uri, options), uri, options, to).version())


def whole_versions(uri: str, options: StorageOptions, stored: set[str]) -> list[int]:
    """The versions that the log tells of and whose files are all there."""
    found = []
    for version in sorted(commit_times(open_table(uri, options))):
        try:
            table = open_table(uri, options, version)
        except MissingTableError:
            continue  # its commit is there, the log before it is not
        if not missing_files(table, stored):
            found.append(version)
    return found


def _at(newest: DeltaTable, uri: str, options: StorageOptions, to: Moment) -> DeltaTable:
    times = commit_times(newest)
    if isinstance(to, dt.datetime):
        # The engine gives the oldest version for a time before it, which would be a guess.
        moment = to if to.tzinfo is not None else to.replace(tzinfo=dt.UTC)
        then = [version for version, made in times.items() if made <= moment.timestamp() * 1000]
        if not then:
            first = dt.datetime.fromtimestamp(min(times.values()) / 1000, dt.UTC)
            raise MissingTableError(
                f"Table {uri} has no version of {moment.isoformat()}: the oldest that its log tells of was made on "
                f"{first.isoformat()}. Nothing was changed."
            )
        to = max(then)
    if to > newest.version():
        raise MissingTableError(
            f"Table {uri} has no version {to}: its newest is {newest.version()}. Nothing was changed."
        )
    return open_table(uri, options, to)


def _schema_change(then: DeltaTable, now: DeltaTable) -> str:
    old, new = table_schema(then), table_schema(now)
    parts = [f"{name} goes" for name in new.names if name not in old.names]
    parts += [f"{name} comes back" for name in old.names if name not in new.names]
    parts += [
        f"{name} becomes {old.field(name).type} (is {new.field(name).type})"
        for name in old.names
        if name in new.names and old.field(name).type != new.field(name).type
    ]
    return "; ".join(parts) or "none"


def _ranges(versions: Sequence[int]) -> str:
    """Numbers for people: ``0, 3 to 7, 9``."""
    groups: list[list[int]] = []
    for version in versions:
        if groups and version == groups[-1][-1] + 1:
            groups[-1].append(version)
        else:
            groups.append([version])
    return ", ".join(str(one[0]) if len(one) == 1 else f"{one[0]} to {one[-1]}" for one in groups) or "none"
