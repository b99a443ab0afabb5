"""Reading tables one by one, so that one which is damaged hides nothing of the others. Standard library only."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from lakehouse_assets.lake.errors import LakeError
from lakehouse_assets.lake.passing import may_pass
from lakehouse_assets.lake.secrets import without_secrets

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake

T = TypeVar("T")


@dataclass
class Reading:
    """Reads tables, and remembers which of them cannot be read.

    Attributes:
        unreadable: Key joined by / -> why, in words without secrets, of those that stay so until somebody mends them.
    """

    unreadable: dict[str, str] = field(default_factory=dict)

    def of(self, key: Sequence[str], read: Callable[[], T], otherwise: T) -> T:
        """What is read of a table; something else where the table is damaged.

        Raises:
            LakeError: the store does not answer, which can pass and says nothing of this table.
        """
        try:
            return read()
        except LakeError as error:
            if may_pass(error):
                raise
            self.unreadable["/".join(key)] = in_words(error)
            return otherwise

    def exists(self, lake: Lake, key: Sequence[str]) -> bool:
        """Whether a table is there that may be read; something else in its place is told as a table that cannot be."""
        return self.of(key, lambda: lake.exists(key), False)

    def ledgers(self, lake: Lake, tables: Iterable[str]) -> None:
        """Open what domains note their files in: late files of one whose ledger is damaged are asked for by nobody."""
        for key in [one.split("/") for one in tables if re.fullmatch("raw/[^/]+/deliveries", one)]:
            if self.exists(lake, key):
                self.of(key, functools.partial(lake.version, key), 0)


def in_words(error: Exception) -> str:
    """The first line of an error without secrets and without a full stop, for one line of a page or message."""
    return without_secrets(next(iter(str(error).strip().splitlines()), type(error).__name__)).rstrip(". :")
