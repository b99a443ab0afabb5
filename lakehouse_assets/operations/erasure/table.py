"""Erasing a person from one Delta table: from its rows now, from the files of its past, from its log.

Order matters: rows are rewritten first, then the table says which of its versions are lost, then their files go. Killed
anywhere, it can be run again: what is left to do is found by looking, never remembered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import reduce
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, write_deltalake

from lakehouse_assets.contracts.personal.pseudonyms import PERSONAL
from lakehouse_assets.lake.layout import writer_properties
from lakehouse_assets.lake.partitioning.predicate import Point, all_of, any_of, column_condition
from lakehouse_assets.lake.reading.read import read_stream, table_schema
from lakehouse_assets.lake.storage import open_table
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lake.versions.erased_versions import PROPERTY, erased_versions, ranges_text
from lakehouse_assets.lake.writing.commit import Provenance, commit_properties, retried
from lakehouse_assets.operations.erasure.files import Files, file_system, rows_with
from lakehouse_assets.operations.erasure.log import Life, expunge, is_commit, lives_of_files, logs_with, version_of
from lakehouse_assets.operations.erasure.person import Person, blanked_table

#: Columns that hold the digest of the delivery that a row is from, or that a repair is for.
_DIGESTS = ("sha256", "source_sha256")


@dataclass(frozen=True)
class Personal:
    """What a table's contract says of its personal columns."""

    columns: Mapping[str, str] = field(default_factory=dict)
    on_erasure: str = "blank"


@dataclass(frozen=True)
class Found:
    """Where a person is in a table.

    Attributes:
        table: The table's files.
        rows: Rows of the newest version that mention the person, by column.
        active: Data files of the newest version that mention the person or a digest that is to be replaced.
        past: Files of earlier versions that mention the person.
        unknown: Files of no version (an aborted write) that do, and may go.
        in_flight: The same, but so young that a writer may be about to commit them.
        versions: The versions that are lost when the files of the past go.
        log: Files of the log that mention the person.
        digests: Rows whose delivery's digest is to be replaced.
        named: Data files whose path names the person: the table is partitioned by a column that holds people.
    """

    table: Files
    rows: Mapping[str, int]
    active: tuple[str, ...]
    past: tuple[str, ...]
    unknown: tuple[str, ...]
    in_flight: tuple[str, ...]
    versions: frozenset[int]
    log: tuple[str, ...]
    digests: int = 0
    named: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to do in the table."""
        return bool(self.active or self.past or self.unknown or self.in_flight or self.log or self.named)


def find(
    table: Files, lake: Lake, who: Person, digests: Mapping[str, str], in_flight: timedelta, now: datetime | None = None
) -> Found:
    """Look for a person in all files of a table, of whatever version or of none.

    Args:
        table: Its files.
        lake: Where it lies.
        who: The person.
        digests: SHA-256 of deliveries that are about to change; rows that carry one (`_DIGESTS`) are rewritten too.
        in_flight: How young a file of no version must be for a writer to be about to commit it.
        now: The time; for tests.
    """
    uri = lake.table_uri(table.key)
    files, newest = file_system(uri, lake.storage_options), open_table(uri, lake.storage_options)
    current = _active(newest)
    lives = lives_of_files(table, files)
    data = sorted(path for path in table.data if path.endswith(".parquet"))
    mentions = {path: counts for path in data if (counts := rows_with(files, path, who))}
    delivered = {path: count for path in current if (count := _rows_with_digest(files, path, digests))}
    dead = [path for path in mentions if path not in current]
    past = [path for path in dead if path in lives]
    rows = Counter[str]()
    for path in mentions.keys() & current.keys():
        rows.update(mentions[path])
    limit = (now or datetime.now(UTC)) - in_flight
    young = [path for path in dead if path not in lives and table.data[path] > limit]
    return Found(
        table=table,
        rows=rows,
        active=tuple(path for path in current if path in mentions or path in delivered),
        past=tuple(past),
        unknown=tuple(path for path in dead if path not in lives and path not in young),
        in_flight=tuple(young),
        # Also those of files that are part of the newest version still: once it is rewritten, they are past.
        versions=_versions_of(mentions, lives, newest.version()),
        log=tuple(logs_with(table, files, who)),
        digests=sum(delivered.values()),
        named=tuple(path for path in data if who.is_in(unquote(path).encode())),
    )


def rewrite(found: Found, lake: Lake, who: Person, personal: Personal, digests: Mapping[str, str]) -> None:
    """Take a person out of the newest version: one commit, of the partitions that mention the person.

    Raises:
        WriteConflictError: other writers won every time.
    """
    uri, name = lake.table_uri(found.table.key), found.table.name

    def attempt() -> None:
        table = open_table(uri, lake.storage_options)
        predicate = _partitions_with(table, found.active)
        if predicate == any_of([]):
            return
        schema = table_schema(table)
        stream = read_stream(table, None, predicate)
        batches = (one for batch in stream for one in _without(batch, who, personal, digests).to_batches())
        write_deltalake(
            table,
            pa.RecordBatchReader.from_batches(schema, batches),
            mode="overwrite",
            predicate=predicate,
            writer_properties=writer_properties(schema),
            commit_properties=_properties(name),
        )

    retried(attempt, Provenance(name), uri, lake.storage_options)


def purge(found: Found, lake: Lake, who: Person) -> None:
    """Remove the files of the past that mention a person, after the table says which versions are lost by it."""
    uri = lake.table_uri(found.table.key)
    files = file_system(uri, lake.storage_options)

    def say() -> None:
        table = open_table(uri, lake.storage_options)
        lost = erased_versions(table) | found.versions | _versions_of_checkpoints(found, table)
        if lost != erased_versions(table):
            table.alter.set_table_properties(
                {PROPERTY: ranges_text(lost)},
                raise_if_not_exists=False,
                commit_properties=_properties(found.table.name),
            )

    retried(say, Provenance(found.table.name), uri, lake.storage_options)
    for path in (*found.past, *found.unknown):
        files.delete_file(path)
    if found.log:
        expunge(found.table, uri, lake.storage_options, who)


def _without(batch: pa.RecordBatch, who: Person, personal: Personal, digests: Mapping[str, str]) -> pa.Table:
    """A batch without the person: rows gone or values blanked, as the contract says; digests replaced."""
    rows = pa.Table.from_batches([batch])
    blanked, found = blanked_table(rows, who)
    for name in _DIGESTS if digests else ():
        if name not in rows.column_names:
            continue
        place = rows.column_names.index(name)
        changed = [digests.get(value, value) for value in blanked.column(place).to_pylist()]
        blanked = blanked.set_column(place, rows.schema.field(place), pa.array(changed, rows.schema.field(place).type))
    own = [mask for name, mask in found.items() if personal.columns.get(name) == PERSONAL]
    if personal.on_erasure == "delete_row" and own:
        return blanked.filter(pc.invert(reduce(pc.or_, own)))
    return blanked


def _active(table: DeltaTable) -> dict[str, dict[str, object]]:
    """Path of each data file of a version, as it lies in the folder, with its partition values."""
    columns = table.metadata().partition_columns
    actions = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    return {unquote(one["path"]): {name: one[f"partition.{name}"] for name in columns} for one in actions}


def _partitions_with(table: DeltaTable, paths: tuple[str, ...]) -> str | None:
    """The condition that holds in the partitions of some files; None for the whole of a table without partitions."""
    if not table.metadata().partition_columns:
        return None
    active = _active(table)
    # A file that another writer has replaced since is not among them any more; the last look finds what that wrote.
    wanted = {tuple(active[path].items()) for path in paths if path in active}
    return any_of(
        [all_of([column_condition(name, [Point(value)]) for name, value in one]) for one in sorted(wanted, key=repr)]
    )


def _versions_of(paths: Iterable[str], lives: Mapping[str, Life], newest: int) -> frozenset[int]:
    """The versions that some files have been part of."""
    held: set[int] = set()
    for life in (lives[path] for path in paths if path in lives):
        held.update(range(life.since, newest + 1 if life.until is None else life.until))
    return frozenset(held)


def _versions_of_checkpoints(found: Found, newest: DeltaTable) -> frozenset[int]:
    """The versions that only a checkpoint with the person in it can give: those whose first commits were cleaned up."""
    first = min((version_of(path) for path in found.table.log if is_commit(path)), default=0)
    needed = first > 0 and any(path.endswith(".parquet") for path in found.log)
    return frozenset(range(first, newest.version())) if needed else frozenset()


def _rows_with_digest(files: pafs.FileSystem, path: str, digests: Mapping[str, str]) -> int:
    if not digests:
        return 0
    with files.open_input_file(path) as source:
        parquet = pq.ParquetFile(source)
        held = [name for name in _DIGESTS if name in parquet.schema_arrow.names]
        # deltalake writes what it merged as string views, which Arrow cannot compare.
        columns = [column.cast(pa.string()) for column in parquet.read(columns=held).columns]
        return sum(int(pc.sum(pc.is_in(column, pa.array(list(digests)))).as_py() or 0) for column in columns)


def _properties(name: str) -> CommitProperties:
    return commit_properties(Provenance(name), {"operation": "erasure"})
