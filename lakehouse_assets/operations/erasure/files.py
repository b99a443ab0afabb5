"""The lake as files: which tables lie in it, their data files and logs, and what of a person a data file holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from lakehouse_assets.lake.storage import is_local
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.erasure.person import Person, blanked_table

LOG = "_delta_log"


@dataclass(frozen=True)
class Files:
    """The files below a table's folder, as paths below it, with when each was written."""

    key: tuple[str, ...]
    data: Mapping[str, datetime] = field(repr=False)
    log: Mapping[str, datetime] = field(repr=False)

    @property
    def name(self) -> str:
        """The table's asset key, joined by /."""
        return "/".join(self.key)


def file_system(uri: str, options: dict[str, str] | None) -> pafs.FileSystem:
    """The files below an address, a local folder or an object store's, with paths below it."""
    from deltalake.fs import DeltaStorageHandler

    return pafs.PyFileSystem(DeltaStorageHandler(uri, options))


def tables_in(lake: Lake) -> list[Files]:
    """All Delta tables of the lake, also those that no asset knows (a sandbox, what somebody else put there)."""
    if is_local(lake.uri) and not Path(lake.uri.removeprefix("file://")).is_dir():
        return []
    listed = file_system(lake.uri, lake.storage_options).get_file_info(pafs.FileSelector("", recursive=True))
    found = [(info.path, info.mtime) for info in listed if info.type == pafs.FileType.File]
    roots = {path.split(f"/{LOG}/")[0] for path, _ in found if f"/{LOG}/" in path}
    data: dict[str, dict[str, datetime]] = {root: {} for root in roots}
    logs: dict[str, dict[str, datetime]] = {root: {} for root in roots}
    for path, written in found:
        parts = path.split("/")
        # Tables may lie one below the other; a file belongs to the innermost.
        root = next((r for n in range(len(parts) - 1, 0, -1) if (r := "/".join(parts[:n])) in roots), None)
        if root is None:
            continue
        below = path[len(root) + 1 :]
        (logs if below.startswith(f"{LOG}/") else data)[root][below] = written or datetime.now(UTC)
    return [Files(tuple(root.split("/")), data[root], logs[root]) for root in sorted(roots)]


def rows_with(files: pafs.FileSystem, path: str, who: Person) -> dict[str, int]:
    """Of a Parquet file: how many rows mention the person, in each column that does."""
    counts: dict[str, int] = {}
    for batch in _text_of(files, path):
        _, found = blanked_table(batch, who)
        for name, mask in found.items():
            counts[name] = counts.get(name, 0) + mask.true_count
    return counts


def texts_of(files: pafs.FileSystem, path: str, columns: set[str]) -> Iterator[str]:
    """The different texts in some columns of a Parquet file."""
    for batch in _text_of(files, path):
        for name in columns & set(batch.column_names):
            for value in batch.column(name).unique().to_pylist():
                if value is not None:
                    yield value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _text_of(files: pafs.FileSystem, path: str) -> Iterator[pa.Table]:
    """A Parquet file's columns that can hold text, in pieces."""
    with files.open_input_file(path) as source:
        parquet = pq.ParquetFile(source)
        names = [one.name for one in parquet.schema_arrow if _may_hold_text(one.type)]
        if names:
            for batch in parquet.iter_batches(columns=names):
                yield pa.Table.from_batches([batch])


def _may_hold_text(kind: Any) -> bool:
    types = pa.types
    if types.is_dictionary(kind):
        return _may_hold_text(kind.value_type)
    if types.is_struct(kind):
        return any(_may_hold_text(one.type) for one in kind)
    if types.is_map(kind):
        return _may_hold_text(kind.key_type) or _may_hold_text(kind.item_type)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _may_hold_text(kind.value_type)
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_string_view(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
    )
