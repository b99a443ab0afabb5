"""A table's log: kept, so that a pinned version can be opened, and short to read.

A version needs two things to be read: its data files, and the log up to it. deltalake 1.6.6 deletes log entries of its
own accord: whenever a writer makes a checkpoint (every 100 commits), entries older than ``delta.logRetentionDuration``
(30 days) go, and with them every version before, pinned or not. Tables of the lake therefore carry
``delta.enableExpiredLogCleanup = false``, and the log is shortened here only, up to the oldest pin.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from typing import Any

from deltalake import DeltaTable

from lakehouse_assets.lake.maintenance.files import file_system
from lakehouse_assets.lake.storage import StorageOptions, open_table
from lakehouse_assets.lake.writing.commit import Provenance, commit_properties, retried
from lakehouse_assets.lake.writing.properties import TABLE_PROPERTIES

_MS_A_DAY = 86_400_000


def keep_the_log(uri: str, options: StorageOptions, provenance: Provenance) -> bool:
    """Makes writers leave the table's log alone; gives whether that had to be said (one commit, no rows)."""

    def attempt() -> bool:
        table = open_table(uri, options)
        configuration = table.metadata().configuration
        if all(configuration.get(name) == value for name, value in TABLE_PROPERTIES.items()):
            return False
        table.alter.set_table_properties(
            TABLE_PROPERTIES, commit_properties=commit_properties(provenance, {"maintenance": "keep_the_log"})
        )
        return True

    return retried(attempt, provenance, uri, options)


def commits_since_checkpoint(table: DeltaTable, options: StorageOptions) -> int:
    """How many commits have to be read one by one to open the table."""
    try:
        with file_system(table, options).open_input_stream("_delta_log/_last_checkpoint") as stream:
            return int(table.version()) - int(json.loads(stream.read())["version"])
    except FileNotFoundError:
        return int(table.version()) + 1


def checkpoint(table: DeltaTable, options: StorageOptions, after_commits: int) -> bool:
    """Writes a checkpoint when more commits than ``after_commits`` have come since the last one."""
    if commits_since_checkpoint(table, options) < after_commits:
        return False
    table.create_checkpoint()
    return True


def commit_times(table: DeltaTable) -> dict[int, int]:
    """When each version was made, in milliseconds since 1970, of all versions that the log still tells of."""
    commits: list[dict[str, Any]] = table.history()
    return {int(commit["version"]): int(commit["timestamp"]) for commit in commits}


def shorten_log(
    uri: str, options: StorageOptions, pinned: Collection[int], older_than_days: int, provenance: Provenance
) -> str:
    """Removes log entries older than some days that no pinned version needs.

    Returns:
        What was done, or why nothing, in words.
    """
    table = open_table(uri, options)
    times = commit_times(table)
    cutoff = int(time.time() * 1000) - older_than_days * _MS_A_DAY
    old = [version for version, made in times.items() if made < cutoff]
    if len(old) < 2:  # the last of them stays: what follows is opened from its checkpoint
        return f"log kept: no commit before the newest of that time is older than {older_than_days} days"
    needed = sorted(version for version in pinned if times.get(version, 0) < cutoff)
    if needed:
        return f"log kept: version {needed[0]} is pinned and older than {older_than_days} days"
    wanted = {"delta.logRetentionDuration": f"interval {older_than_days} days"}
    if table.metadata().configuration.get("delta.logRetentionDuration") != wanted["delta.logRetentionDuration"]:
        table.alter.set_table_properties(
            wanted, commit_properties=commit_properties(provenance, {"maintenance": "shorten_log"})
        )
    # Whatever follows the boundary is opened from a checkpoint at it; the engine removes what lies before one. The
    # newest version's checkpoint comes last, since the last one that was made is where readers begin.
    open_table(uri, options, max(old)).create_checkpoint()
    newest = open_table(uri, options)
    newest.create_checkpoint()
    newest.cleanup_metadata()
    left = commit_times(open_table(uri, options))
    return f"log shortened: {len(times) - len(set(times) & set(left))} old entries removed"
