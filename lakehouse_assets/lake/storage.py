"""Opening Delta tables: where they lie, whether they are there, and which version of them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lakehouse_assets.lake.errors import MissingSettingError, MissingTableError, StorageError
from lakehouse_assets.lake.failures import advice, cause, told
from lakehouse_assets.lake.versions.erased_versions import check_not_erased

if TYPE_CHECKING:
    from deltalake import DeltaTable

StorageOptions = dict[str, str] | None


#: In addresses the engine takes %20 for a space, drops a backslash, and aborts at brackets (deltalake 1.6.6): the table
#: would lie elsewhere than its address says, or on another's.
_MISREAD = re.compile(r"%[0-9A-Fa-f]{2}|[\[\]\\]")


def table_uri(lake_uri: str, key: Sequence[str]) -> str:
    """Where a table lies: ``<lake_uri>/<asset key joined by />``.

    Raises:
        MissingSettingError: for a name that would lead elsewhere.
    """
    misread = [part for part in key if "/" in part or part in ("", ".", "..") or _MISREAD.search(part)]
    if misread or (is_local(lake_uri) and not lake_uri.startswith("file://") and _MISREAD.search(lake_uri)):
        what = f"asset key {list(key)}, part {misread[0]!r}" if misread else f"lake {lake_uri}"
        raise MissingSettingError(
            f"There can be no table for {what}: a slash within a part, a backslash, a bracket, or % before two "
            "hexadecimal digits would be read as another address. Choose another name."
        )
    return "/".join([lake_uri.rstrip("/"), *key])


def local_folder(uri: str) -> str:
    """The folder of a local table as the file system knows it. The engine gives addresses: %20 for a space."""
    return unquote(uri.removeprefix("file://")).rstrip("/") if uri.startswith("file://") else uri.rstrip("/")


def local_files(table: DeltaTable, uris: Sequence[str]) -> list[str]:
    """The paths of a local table's files, of which the engine gives addresses.

    Below the table's folder an address is the path: there % stands in the names of the folders themselves.
    """
    root = table.table_uri.removeprefix("file://")
    folder = local_folder(table.table_uri)
    plain = [uri.removeprefix("file://") for uri in uris]
    return [f"{folder}/{path[len(root) :]}" if path.startswith(root) else path for path in plain]


def is_local(uri: str) -> bool:
    """Whether a table lies in a local folder."""
    return "://" not in uri or uri.startswith("file://")


def exists(uri: str, options: StorageOptions) -> bool:
    """Whether a Delta table lies at ``uri``.

    Raises:
        StorageError: when the storage cannot be asked.
    """
    from deltalake import DeltaTable

    try:
        return DeltaTable.is_deltatable(uri, storage_options=options)
    except Exception as error:  # noqa: BLE001 - whatever the engine raises, it is told
        said = told(error, options)
        raise StorageError(f"Cannot look for table {uri}. {advice(said)} The storage said: {said}") from cause(
            error, options
        )


def open_table(uri: str, options: StorageOptions, version: int | str | dt.datetime | None = None) -> DeltaTable:
    """The table at ``uri``, at a version or a time (ISO text or a datetime; UTC where it says no zone) or as it is now.

    A time means the last version whose commit says an earlier or the same time. The commits' own times count and not
    those of the files, which a copy of the table or a backup brought back would change.

    Raises:
        MissingTableError: when there is no table, or not that version of it.
        ErasedVersionError: when that version held a person who was erased.
        StorageError: when the storage cannot be read.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    number = version if isinstance(version, int) else None
    try:
        table = DeltaTable(uri, version=number, storage_options=options)
        if version is not None and not isinstance(version, int):
            table.load_as_version(_version_at(table, version, uri))
    except (DeltaError, OSError, ValueError, OverflowError) as error:
        if isinstance(error, TableNotFoundError) and (number is None or not exists(uri, options)):
            raise MissingTableError(f"There is no Delta table at {uri}.") from cause(error, options)
        if number is not None:
            newest = open_table(uri, options).version()
            raise MissingTableError(
                f"Table {uri} has no version {number} that can be read. Its newest version is {newest}; the log of old "
                f"ones is cleaned up in time. Pin one of those. The storage said: {told(error, options)}"
            ) from cause(error, options)
        said = told(error, options)
        raise StorageError(f"Table {uri} cannot be opened. {advice(said)} The storage said: {said}") from cause(
            error, options
        )
    _check_last_entry(table, uri)
    if version is not None:
        _refuse_erased(table, uri, options)
    return table


def _refuse_erased(table: DeltaTable, uri: str, options: StorageOptions) -> None:
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError

    try:
        newest = DeltaTable(uri, storage_options=options)
    except DeltaError:
        # A log that was damaged after this version does not make it unreadable. Were the version an erased one, its
        # files are gone, and reading it says so in other words.
        return
    check_not_erased(newest, table.version())


def _version_at(table: DeltaTable, when: str | dt.datetime, uri: str) -> int:
    """The last version that was committed at or before a time."""
    try:
        moment = dt.datetime.fromisoformat(when) if isinstance(when, str) else when
    except ValueError as error:
        raise MissingTableError(
            f"Table {uri} cannot be read at {when!r}, which is neither a version number nor an ISO time such as "
            "2024-03-01T12:00:00+00:00."
        ) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    known = [(int(commit["timestamp"]), int(commit["version"])) for commit in table.history() if "timestamp" in commit]
    before = [version for time, version in known if time <= moment.timestamp() * 1000]
    if before:
        return max(before)
    first = min(known, default=(0, 0))
    began = dt.datetime.fromtimestamp(first[0] / 1000, dt.UTC).isoformat()
    raise MissingTableError(
        f"Table {uri} cannot be read at {moment.isoformat()}: its oldest known version is {first[1]} of {began}. "
        "Pin a later time; if the table was made anew since, its past is gone with the folder."
    )


def _check_last_entry(table: DeltaTable, uri: str) -> None:
    """An empty entry of the log (a power cut on a local disk) would be taken for a commit that changed nothing."""
    if not is_local(uri):
        return
    entry = Path(uri.removeprefix("file://"), "_delta_log", f"{table.version():020d}.json")
    if entry.exists() and not entry.stat().st_size:
        raise StorageError(
            f"Table {uri} cannot be opened: the last entry of its log, {entry}, is empty, so that commit is lost. "
            "Bring it back from a backup; or, while nobody writes, remove that file (the table is then at version "
            f"{table.version() - 1}) and run again what wrote it."
        )


def prepared_location(uri: str) -> str:
    """The location, with its local parent folders made, so that a first write finds them."""
    if is_local(uri):
        Path(uri.removeprefix("file://")).parent.mkdir(parents=True, exist_ok=True)
    return uri
