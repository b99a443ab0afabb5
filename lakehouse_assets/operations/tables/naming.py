"""Tables by the names that people type. Pure; standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from lakehouse_assets.lake.errors import RequestRefusedError

T = TypeVar("T")


class UnknownTableError(RequestRefusedError):
    """A table that was named is not an asset of the lake. Nothing was changed."""


def named(known: Mapping[str, T], table: str) -> T:
    """What belongs to a table's name.

    Args:
        known: Of every asset, by its key joined by /.
        table: What somebody typed.

    Raises:
        UnknownTableError: with those that are alike.
    """
    if table in known:
        return known[table]
    last = table.rsplit("/", maxsplit=1)[-1]
    alike = sorted(name for name in known if name.endswith(f"/{last}")) or sorted(known)
    raise UnknownTableError(
        f"{table!r} is not an asset of this lake. Name it by its key joined by /, such as {', '.join(alike[:20])}. "
        "Nothing was changed."
    )
