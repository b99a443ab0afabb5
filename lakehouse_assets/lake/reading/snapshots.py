"""Opening a table to read it: its log is not replayed again by a process that has done so, until somebody commits.

Opening costs more than reading a day's two columns does (1.2 CPU-ms for a log of one commit, 35 ms for 5,000 files),
and the steps of an in-process run, sensors and services open the same tables again and again. Delta makes the question
cheap: a table is as it was while its newest entry is the same file and the next one is not there.

What is remembered is shared and must only be read. Who writes uses ``storage.open_table``.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from lakehouse_assets.lake.storage import StorageOptions, is_local, local_folder, open_table

if TYPE_CHECKING:
    from deltalake import DeltaTable

KEPT_TABLES = 16
SETTLED_NS = 50_000_000
"""A file's time is that of the last tick of the kernel's clock (4 or 10 ms): only an entry older than this when the
table was opened is surely the one that was read, and not one of a table made anew in its place."""

Mark = tuple[int, int, int]


@dataclass(frozen=True)
class _Snapshot:
    """An open table, and what its newest log entry and its last checkpoint looked like."""

    table: DeltaTable
    log: Path
    entry: Mark
    checkpoint: Mark | None

    def is_newest(self) -> bool:
        version = self.table.version()
        return (
            _mark(self.log / f"{version:020d}.json") == self.entry
            and not (self.log / f"{version + 1:020d}.json").exists()
            # A log is cleaned up behind a checkpoint: without a new one, a commit since would still be there.
            and _mark(self.log / "_last_checkpoint") == self.checkpoint
        )


_kept: OrderedDict[str, _Snapshot] = OrderedDict()
_lock = Lock()


def open_to_read(uri: str, options: StorageOptions, version: int | str | dt.datetime | None = None) -> DeltaTable:
    """The table at ``uri`` as ``storage.open_table`` gives it, with its errors. Only to be read: others share it."""
    if version is not None or options or not is_local(uri):
        return open_table(uri, options, version)
    with _lock:
        known = _kept.get(uri)
    if known is not None and known.is_newest():
        return known.table
    began = time.time_ns()
    table = open_table(uri, options)
    snapshot = _snapshot(table, Path(local_folder(table.table_uri), "_delta_log"), began)
    with _lock:
        _kept.pop(uri, None)
        if snapshot is not None:
            _kept[uri] = snapshot
        while len(_kept) > KEPT_TABLES:
            _kept.popitem(last=False)
    return table


def _snapshot(table: DeltaTable, log: Path, began: int) -> _Snapshot | None:
    entry = _mark(log / f"{table.version():020d}.json")
    checkpoint = _mark(log / "_last_checkpoint")
    if entry is None or max(entry[0], checkpoint[0] if checkpoint else 0) > began - SETTLED_NS:
        return None
    return _Snapshot(table, log, entry, checkpoint)


def _mark(file: Path) -> Mark | None:
    """When a file was last changed, how long it is and which one it is; ``None`` when it is not there."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
