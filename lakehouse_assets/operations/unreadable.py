"""Reading tables one by one, so that one which is damaged hides nothing of the others. Standard library only."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from lakehouse_assets.lake.errors import LakeError
from lakehouse_assets.lake.passing import may_pass
from lakehouse_assets.lake.secrets import without_secrets
from lakehouse_assets.lake.storage import is_local, local_folder

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake

T = TypeVar("T")


@dataclass
class Reading:
    """Reads tables, and remembers which of them cannot be read.

    Attributes:
        unreadable: Key joined by / -> why, in words without secrets, of those that stay so until somebody mends them.
        away: Why the lake as a whole cannot be reached, in such words; no table is asked for then. Empty: it can.
    """

    unreadable: dict[str, str] = field(default_factory=dict)
    away: str = ""

    def reach(self, lake: Lake) -> None:
        """Look whether a lake that holds tables is there at all, rather than say the same of each of its tables.

        Raises:
            LakeError: as `of`.
        """
        try:
            if is_local(lake.uri):
                os.scandir(local_folder(lake.uri)).close()
            else:
                lake.exists(["monitoring", "platform", "audit"])
        except OSError as error:
            self.away = f"the lake's folder {lake.uri} cannot be read: {error.strerror}"
        except LakeError as error:
            if may_pass(error):
                self.unanswered(error)
            else:
                self.away = in_words(error)

    def of(self, key: Sequence[str], read: Callable[[], T], otherwise: T) -> T:
        """What is read of a table; something else where the table is damaged.

        Raises:
            LakeError: the store does not answer, which can pass and says nothing of this table.
        """
        if self.away:
            return otherwise
        try:
            return read()
        except LakeError as error:
            if may_pass(error):
                self.unanswered(error)
            else:
                self.unreadable["/".join(key)] = in_words(error)
            return otherwise

    def unanswered(self, error: LakeError) -> None:
        """What is done where the store does not answer: the step or tick ends, and is tried again."""
        raise error

    def exists(self, lake: Lake, key: Sequence[str]) -> bool:
        """Whether a table is there that may be read; something else in its place is told as a table that cannot be."""
        return self.of(key, lambda: lake.exists(key), False)

    def ledgers(self, lake: Lake, tables: Iterable[str]) -> None:
        """Open what domains note their files in: late files of one whose ledger is damaged are asked for by nobody."""
        for key in [one.split("/") for one in tables if re.fullmatch("raw/[^/]+/deliveries", one)]:
            if self.exists(lake, key):
                self.of(key, functools.partial(lake.version, key), 0)


class ReadingNow(Reading):
    """Reads for somebody who asks how it is now: that the store does not answer is what there is to say."""

    def unanswered(self, error: LakeError) -> None:
        """Remember it, and ask for nothing more: each question may take a minute."""
        self.away = in_words(error)


def in_words(error: BaseException) -> str:
    """The first line of an error without secrets and without a full stop, for one line of a page or message."""
    return without_secrets(next(iter(str(error).strip().splitlines()), type(error).__name__)).rstrip(". :")
