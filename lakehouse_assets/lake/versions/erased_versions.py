"""Versions of a table that held an erased person: their files are gone, and who asks for one is told so.

The table says which they are in a property of its own, as ranges: ``3-17,20``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lakehouse_assets.lake.errors import ErasedVersionError

if TYPE_CHECKING:
    from deltalake import DeltaTable

PROPERTY = "lakehouse.erasedVersions"


def erased_versions(newest: DeltaTable) -> frozenset[int]:
    """The versions that cannot be read any more, as the table's newest version says."""
    return parse_ranges(newest.metadata().configuration.get(PROPERTY) or "")


def check_not_erased(newest: DeltaTable, version: int) -> None:
    """Refuses a version that held an erased person.

    Raises:
        ErasedVersionError: naming the nearest versions that can be read.
    """
    gone = erased_versions(newest)
    if version not in gone:
        return
    after = next(number for number in range(version, newest.version() + 1) if number not in gone)
    before = next((number for number in range(version, -1, -1) if number not in gone), None)
    earlier = "no earlier version can be read" if before is None else f"the last one before it is version {before}"
    raise ErasedVersionError(
        f"Table {newest.table_uri} cannot be read at version {version}: it held a person who was erased, and its files "
        f"were removed (versions {ranges_text(gone)}). The first version without that person is {after}; {earlier}. "
        "Read one of these, or train the model that is pinned to it again; monitoring/platform/audit says who asked."
    )


def ranges_text(versions: Iterable[int]) -> str:
    """Versions as ranges: ``3-17,20``."""
    ranges: list[list[int]] = []
    for version in sorted(set(versions)):
        if ranges and version == ranges[-1][1] + 1:
            ranges[-1][1] = version
        else:
            ranges.append([version, version])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


def parse_ranges(text: str) -> frozenset[int]:
    """The versions in a text of ranges."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        low, _, high = part.partition("-")
        found.update(range(int(low), int(high or low) + 1))
    return frozenset(found)
