"""Few large files in place of many small ones, sorted by the columns that people filter by. The rows stay the rows.

A commit of it (``OPTIMIZE``) changes no row, so no data version: nothing downstream turns stale. It names its table's
asset and ``lakehouse.maintenance``, and has no ``lakehouse.rows_version`` and no partitions, by which who reads the
history knows that it wrote nothing.

It gives way: when a writer changed the same files meanwhile, the engine refuses the commit and it is tried again on
what is there then, a few times. A writer that loses against it writes again by itself (``commit.retried``).
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError

from lakehouse_assets.lake.errors import MissingSettingError
from lakehouse_assets.lake.layout import writer_properties
from lakehouse_assets.lake.maintenance.files import ActiveFile, active_files
from lakehouse_assets.lake.reading.protocol import rewrites_rows
from lakehouse_assets.lake.reading.read import table_schema
from lakehouse_assets.lake.storage import StorageOptions, open_table
from lakehouse_assets.lake.writing.commit import Provenance, commit_properties

ATTEMPTS = 4
PAUSE_S = 0.5

Partition = tuple[Any, ...]


@dataclass(frozen=True)
class CompactionRule:
    """How much there has to be to do. A partition below both limits is left alone.

    A file below ``small_bytes`` is small; ``min_small_files`` of them in a partition are made into files of up to
    ``target_bytes``. A partition of a table with columns to sort by is sorted once it has ``sort_from_bytes``, and
    again when files came to it since.
    """

    min_small_files: int = 4
    small_bytes: int = 16 << 20
    target_bytes: int = 128 << 20
    sort_from_bytes: int = 8 << 20


@dataclass(frozen=True)
class Plan:
    """The partitions to compact and those to sort, by their values; both empty when there is nothing to do."""

    compact: tuple[Partition, ...] = ()
    sort: tuple[Partition, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.compact or self.sort)


@dataclass(frozen=True)
class Compacted:
    """What was done to a table, or in ``skipped`` why nothing."""

    partitions: int = 0
    files_before: int = 0
    files_after: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    rows: int | None = None
    version_before: int = 0
    version_after: int = 0
    skipped: str = ""


def plan(table: DeltaTable, rule: CompactionRule, sort_by: Sequence[str]) -> Plan:
    """Which partitions have enough to do."""
    by_partition: dict[Partition, list[ActiveFile]] = defaultdict(list)
    for file in active_files(table):
        by_partition[file.partition].append(file)
    sorted_at = _sorted_at(table, sort_by) if sort_by else {}
    compact, sort = [], []
    for partition, files in by_partition.items():
        crowded = sum(file.size < rule.small_bytes for file in files) >= max(2, rule.min_small_files)
        large = sum(file.size for file in files) >= rule.sort_from_bytes
        came_since = any(file.written_ms > sorted_at.get(_text(partition), -1) for file in files)
        if sort_by and (crowded or (large and came_since)):
            sort.append(partition)
        elif crowded:
            compact.append(partition)
    return Plan(tuple(compact), tuple(sort))


def compact(
    uri: str, options: StorageOptions, rule: CompactionRule, sort_by: Sequence[str], provenance: Provenance
) -> Compacted:
    """Compacts and sorts a table's partitions that have enough to do.

    Args:
        uri: the table.
        options: storage options for it.
        rule: how much there has to be to do.
        sort_by: the columns that people filter by; one sorts, several interleave (z-order). Empty: files keep the order
            of their rows.
        provenance: who, for the commits.

    Raises:
        MissingSettingError: the table has no such column, or is partitioned by it.
    """
    table = open_table(uri, options)
    before, version = active_files(table), int(table.version())
    if rewrites_rows(table):
        return Compacted(skipped="has deletion vectors or column mapping: its own writer must keep it")
    _check_columns(table, sort_by, uri)
    done: set[Partition] = set()
    refusal = ""
    for number in range(ATTEMPTS):
        if number:
            time.sleep(PAUSE_S * number)
        table = open_table(uri, options)
        todo = plan(table, rule, sort_by)
        if not todo:
            break
        try:
            _carry_out(table, todo, rule, sort_by, provenance, done)
            break
        except CommitFailedError as error:
            refusal = f"writers changed the same partitions during each of {number + 1} attempts: {error}"
    if done:
        return _done(open_table(uri, options), before, version, len(done))
    skipped = refusal or _nothing(before, rule, sort_by)
    return Compacted(skipped=skipped, version_before=version, version_after=version)


def _carry_out(
    table: DeltaTable,
    todo: Plan,
    rule: CompactionRule,
    sort_by: Sequence[str],
    provenance: Provenance,
    done: set[Partition],
) -> None:
    """Commits group by group, and notes in ``done`` what is through."""
    columns = table.metadata().partition_columns
    properties = writer_properties(table_schema(table))
    for filters, partitions in _filters(columns, todo.compact):
        table.optimize.compact(
            partition_filters=filters,
            target_size=rule.target_bytes,
            writer_properties=properties,
            commit_properties=commit_properties(provenance, {"maintenance": "compaction"}),
        )
        done.update(partitions)
    for filters, partitions in _filters(columns, todo.sort):
        layout = json.dumps({"columns": list(sort_by), "partitions": [_text(one) for one in partitions]})
        table.optimize.z_order(
            list(sort_by),
            partition_filters=filters,
            target_size=rule.target_bytes,
            writer_properties=properties,
            commit_properties=commit_properties(provenance, {"maintenance": "compaction", "layout": layout}),
        )
        done.update(partitions)


def _filters(
    columns: Sequence[str], partitions: Sequence[Partition]
) -> list[tuple[list[tuple[str, str, Any]] | None, list[Partition]]]:
    """As few commits as the engine's filters allow: one for all values of the last column, beside equal others.

    A null cannot stand in a list, and is asked for as the empty text (deltalake 1.6.6).
    """
    if not partitions:
        return []
    if not columns:
        return [(None, list(partitions))]
    groups: dict[tuple[Any, ...], list[Partition]] = defaultdict(list)
    for partition in partitions:
        groups[(*partition[:-1], partition[-1] is None)].append(partition)
    found: list[tuple[list[tuple[str, str, Any]] | None, list[Partition]]] = []
    for members in groups.values():
        equal = [(column, "=", _or_empty(value)) for column, value in zip(columns[:-1], members[0], strict=False)]
        last = [member[-1] for member in members]
        final = (columns[-1], "=", "") if last[0] is None else (columns[-1], "in", last)
        found.append(([*equal, final], members))
    return found


def _or_empty(value: Any) -> Any:
    return "" if value is None else value


def _sorted_at(table: DeltaTable, sort_by: Sequence[str]) -> dict[str, int]:
    """When each partition was last sorted by these columns, by its text, in milliseconds since 1970."""
    found: dict[str, int] = {}
    for commit in table.history():
        layout = json.loads(commit.get("lakehouse.layout", "{}"))
        if layout.get("columns") == list(sort_by):
            for partition in layout["partitions"]:
                found.setdefault(partition, int(commit["timestamp"]))
    return found


def _text(partition: Partition) -> str:
    return json.dumps([None if value is None else str(value) for value in partition])


def _check_columns(table: DeltaTable, sort_by: Sequence[str], uri: str) -> None:
    names, partitioned = table_schema(table).names, table.metadata().partition_columns
    for column in sort_by:
        if column not in names or column in partitioned:
            found = "is a partition column" if column in partitioned else "is not a column"
            raise MissingSettingError(
                f"Table {uri} is to be sorted by {column!r}, which {found} of it. Its columns: {', '.join(names)}; "
                f"partitioned by {', '.join(partitioned) or 'none'}. Correct filteredBy in its contract."
            )


def _done(table: DeltaTable, before: list[ActiveFile], version: int, partitions: int) -> Compacted:
    after = active_files(table)
    rows = [file.rows for file in after]
    return Compacted(
        partitions=partitions,
        files_before=len(before),
        files_after=len(after),
        bytes_before=sum(file.size for file in before),
        bytes_after=sum(file.size for file in after),
        rows=None if None in rows else sum(row or 0 for row in rows),
        version_before=version,
        version_after=int(table.version()),
    )


def _nothing(files: list[ActiveFile], rule: CompactionRule, sort_by: Sequence[str]) -> str:
    partitions = len({file.partition for file in files})
    limits = f"none of {partitions} partitions has {rule.min_small_files} files below {rule.small_bytes >> 20} MB"
    if sort_by:
        limits += f", or {rule.sort_from_bytes >> 20} MB not yet sorted by {', '.join(sort_by)}"
    return f"nothing to do: {limits}"
