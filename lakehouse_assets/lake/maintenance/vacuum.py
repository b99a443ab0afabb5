"""Removing files that no version which somebody needs consists of.

Needed are: the newest version; every version that was the newest at some moment of the retention window, so that a
reader or a writer that is under way, or a pin that is just being made, loses nothing; and every pinned version.

The engine decides which files go (``DeltaTable.vacuum`` with ``keep_versions``). Before anything is deleted its list is
held against the files of the pinned versions, read one by one: were a pinned file on it, nothing is deleted.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from deltalake import DeltaTable

from lakehouse_assets.lake.errors import LakeError, MissingTableError
from lakehouse_assets.lake.maintenance.files import active_files, stored_sizes
from lakehouse_assets.lake.maintenance.log import commit_times
from lakehouse_assets.lake.reading.protocol import rewrites_rows
from lakehouse_assets.lake.storage import StorageOptions, open_table
from lakehouse_assets.lake.versions.erased_versions import erased_versions
from lakehouse_assets.lake.writing.commit import Provenance, commit_properties

#: Version to who needs it.
Pinned = Mapping[int, Sequence[str]]

_ENGINE_RETENTION_HOURS = 7 * 24
_HOURS_A = {"hour": 1.0, "day": 24.0, "week": 168.0, "minute": 1 / 60, "second": 1 / 3600}


class PinnedFileError(LakeError):
    """A file of a pinned version was about to be deleted. Nothing was."""


@dataclass(frozen=True)
class VacuumRule:
    """What may go, and from how much on: files unneeded for ``retention_hours``, ``min_bytes`` of them at least."""

    retention_hours: int = 7 * 24
    min_bytes: int = 64 << 20


@dataclass(frozen=True)
class Vacuumed:
    """What was done to a table, or in ``skipped`` why nothing. In a dry run ``files`` and ``bytes`` would have gone."""

    files: int = 0
    bytes: int = 0
    versions_kept: tuple[int, ...] = ()
    version_after: int = 0
    skipped: str = ""


def vacuum(
    uri: str,
    options: StorageOptions,
    pins: Callable[[], Pinned],
    rule: VacuumRule,
    provenance: Provenance,
    dry_run: bool = True,
) -> Vacuumed:
    """Removes a table's unneeded files, when they are enough.

    Args:
        uri: the table.
        options: storage options for it.
        pins: asked twice: to plan, and again right before deleting, so that a pin made meanwhile counts.
        rule: what may go.
        provenance: who, for the commits that the engine makes around it.
        dry_run: only tell.

    Raises:
        PinnedFileError: the engine would have deleted a file of a pinned version.
    """
    table = open_table(uri, options)
    if rewrites_rows(table):
        return Vacuumed(skipped="has deletion vectors or column mapping: its own writer must keep it")
    pinned = readable(pins(), table)
    try:
        doomed, keep = _doomed(table, uri, options, pinned, rule)
    except MissingTableError as error:
        return Vacuumed(skipped=f"nothing was removed, since a pinned version cannot be opened: {error}")
    sizes = stored_sizes(table, doomed, options)  # the engine lists files again that an earlier vacuum removed
    told = Vacuumed(len(sizes), sum(sizes), tuple(keep), int(table.version()))
    if not sizes or told.bytes < rule.min_bytes:
        return _skipped(told, f"{told.files} files with {told.bytes:,} bytes may go; the limit is {rule.min_bytes:,}")
    if dry_run:
        return _skipped(told, "dry run: nothing was removed")
    if readable(pins(), table) != pinned:
        return _skipped(told, "nothing was removed, since the pins changed meanwhile; the next run knows them")
    table.vacuum(
        retention_hours=rule.retention_hours,
        dry_run=False,
        enforce_retention_duration=False,
        full=True,
        keep_versions=keep,
        commit_properties=commit_properties(provenance, {"maintenance": "vacuum"}),
    )
    return Vacuumed(told.files, told.bytes, told.versions_kept, int(open_table(uri, options).version()))


def readable(pinned: Pinned, newest: DeltaTable) -> dict[int, Sequence[str]]:
    """The pinned versions that can still be read: one that held an erased person is lost already, and keeps nothing."""
    lost = erased_versions(newest)
    return {version: who for version, who in pinned.items() if version not in lost}


def _doomed(
    table: DeltaTable, uri: str, options: StorageOptions, pinned: Pinned, rule: VacuumRule
) -> tuple[list[str], list[int]]:
    """The files that would go, checked against the pinned versions, and the versions that are kept on purpose."""
    needed: dict[str, tuple[int, Sequence[str]]] = {}
    for version, who in pinned.items():
        try:
            opened = open_table(uri, options, version)
        except MissingTableError as error:
            raise MissingTableError(
                f"version {version}, pinned by {', '.join(who)}: {error} End that pin if it belongs to another lake."
            ) from error
        for file in active_files(opened):
            needed[file.path] = (version, who)
    keep = sorted({*pinned, *_window(table, rule.retention_hours)})
    # Full: without it only files that the log since the last checkpoint tells of would be found.
    doomed = table.vacuum(
        retention_hours=rule.retention_hours,
        dry_run=True,
        enforce_retention_duration=False,
        full=True,
        keep_versions=keep,
    )
    for path in doomed:
        if unquote(path) in needed or path in needed:
            version, who = needed.get(path) or needed[unquote(path)]
            raise PinnedFileError(
                f"Table {uri}: the engine would delete {path}, a file of version {version}, which is pinned by "
                f"{', '.join(who)}. Nothing was deleted. Report this with the deltalake version."
            )
    return doomed, keep


def _window(table: DeltaTable, retention_hours: int) -> list[int]:
    """The versions that were the newest within the window, where the engine does not know that by itself.

    It goes by the removals that the log tells of. A checkpoint drops those older than the table's
    ``delta.deletedFileRetentionDuration``, and then only the file's age counts, which is no less but may be more.
    """
    if retention_hours <= _engine_retention_hours(table):
        return []
    cutoff = time.time() * 1000 - retention_hours * 3_600_000
    times = commit_times(table)
    return [version for version in times if times.get(version + 1, float("inf")) >= cutoff]


def _engine_retention_hours(table: DeltaTable) -> float:
    given = table.metadata().configuration.get("delta.deletedFileRetentionDuration", "")
    found = re.fullmatch(r"\s*(?:interval\s+)?(\d+)\s+([a-z]+?)s?\s*", given.lower())
    return int(found[1]) * _HOURS_A.get(found[2], 0.0) if found else float(_ENGINE_RETENTION_HOURS)


def _skipped(told: Vacuumed, why: str) -> Vacuumed:
    return Vacuumed(told.files, told.bytes, told.versions_kept, told.version_after, why)
