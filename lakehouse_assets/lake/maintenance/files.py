"""The files below a table: those that a version consists of, and those that lie in the storage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.fs as pafs
from deltalake import DeltaTable
from deltalake.fs import DeltaStorageHandler

from lakehouse_assets.lake.storage import StorageOptions


@dataclass(frozen=True)
class ActiveFile:
    """A data file of one version of a table: its place, its partition's values, bytes, rows, and when it was written.

    ``partition`` has one value a partition column, in the table's order; ``rows`` is ``None`` where the writer kept no
    statistics. ``written_ms`` counts from 1970 in UTC.
    """

    path: str
    partition: tuple[Any, ...]
    size: int
    rows: int | None
    written_ms: int


def active_files(table: DeltaTable) -> list[ActiveFile]:
    """The data files of the opened version."""
    columns = table.metadata().partition_columns
    actions = pa.table(table.get_add_actions(flatten=True)).to_pylist()
    return [
        ActiveFile(
            path=unquote(action["path"]),
            partition=tuple(action[f"partition.{column}"] for column in columns),
            size=action["size_bytes"],
            rows=action.get("num_records"),
            written_ms=action["modification_time"],
        )
        for action in actions
    ]


def file_system(table: DeltaTable, options: StorageOptions) -> pafs.FileSystem:
    """The storage below the table, with paths relative to it; the same for a folder and an object store."""
    return pafs.PyFileSystem(DeltaStorageHandler(table.table_uri, options))


def stored_sizes(table: DeltaTable, paths: Sequence[str], options: StorageOptions) -> list[int]:
    """Bytes of each of these files that lies in the storage; those that have gone are left out."""
    found = file_system(table, options).get_file_info(list(paths)) if paths else []
    return [info.size or 0 for info in found if info.type == pafs.FileType.File]


def stored_files(table: DeltaTable, options: StorageOptions) -> set[str]:
    """The paths of all files that lie below the table, its log included."""
    found = file_system(table, options).get_file_info(pafs.FileSelector("", recursive=True, allow_not_found=True))
    return {info.path for info in found if info.type == pafs.FileType.File}


def missing_files(table: DeltaTable, stored: set[str]) -> list[str]:
    """The files of the opened version that do not lie in the storage any more."""
    return sorted(file.path for file in active_files(table) if file.path not in stored)
