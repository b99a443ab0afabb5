"""Opening Delta tables: where they lie, whether they are there, and which version of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from lakehouse_assets.lake.erased_versions import check_not_erased
from lakehouse_assets.lake.errors import MissingTableError, StorageError

if TYPE_CHECKING:
    from deltalake import DeltaTable

StorageOptions = dict[str, str] | None


def table_uri(lake_uri: str, key: Sequence[str]) -> str:
    """Where a table lies: ``<lake_uri>/<asset key joined by />``. A slash inside a part of the key is escaped."""
    parts = [quote(part, safe=" !#$&'()*+,;=@[]{}^~`") if "/" in part or part in (".", "..") else part for part in key]
    return "/".join([lake_uri.rstrip("/"), *parts])


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
    except Exception as error:
        raise StorageError(f"Cannot look for table {uri}: {error}") from error


def open_table(uri: str, options: StorageOptions, version: int | str | dt.datetime | None = None) -> DeltaTable:
    """The table at ``uri``, at a version or a time (ISO text or a datetime) or as it is now.

    Raises:
        MissingTableError: when there is no table, or not that version of it.
        ErasedVersionError: when that version held a person who was erased.
        StorageError: when the storage cannot be read.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import DeltaError, TableNotFoundError

    try:
        table = DeltaTable(uri, version=version if isinstance(version, int) else None, storage_options=options)
        if version is not None and not isinstance(version, int):
            table.load_as_version(version)
    except TableNotFoundError as error:
        raise MissingTableError(f"There is no Delta table at {uri}.") from error
    except (DeltaError, OSError, ValueError) as error:
        if version is not None and exists(uri, options):
            raise MissingTableError(
                f"Table {uri} cannot be read at version or time {version!r}: {error}. Its newest version is "
                f"{DeltaTable(uri, storage_options=options).version()}; older ones may have been vacuumed."
            ) from error
        raise StorageError(f"Table {uri} cannot be opened: {error}") from error
    if version is not None:
        check_not_erased(DeltaTable(uri, storage_options=options), table.version())
    return table


def prepared_location(uri: str) -> str:
    """The location, with its local parent folders made, so that a first write finds them."""
    if is_local(uri):
        Path(uri.removeprefix("file://")).parent.mkdir(parents=True, exist_ok=True)
    return uri
