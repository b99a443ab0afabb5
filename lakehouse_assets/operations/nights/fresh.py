"""Which files of a landing folder came, or came again, after the night that would have taken them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from lakehouse_assets.operations.nights.landed import Landed
from lakehouse_assets.sources.landing import LandingFile

#: File -> size in bytes, time of change, SHA-256: what the ledger of deliveries says of its last one.
Known = Mapping[str, tuple[int, datetime, str]]


@dataclass
class Seen:
    """The sensor's memory of the folders: a mark a domain, whatever the number of files.

    Attributes:
        before: The folder's mark at the last look. A folder that still changes is looked at again.
        done: Its mark when everything that had come was asked for.
    """

    before: dict[str, str] = field(default_factory=dict)
    done: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, cursor: str | None) -> Seen:
        """From a cursor; one that is lost or of another form costs one look into the ledgers."""
        try:
            told = json.loads(cursor or "{}")
            return cls(dict(told.get("before", {})), dict(told.get("done", {})))
        except (ValueError, TypeError, AttributeError):
            return cls()

    def written(self) -> str:
        """As a cursor."""
        return json.dumps({"before": self.before, "done": self.done}, sort_keys=True)

    def has_news(self, landed: Landed) -> bool:
        """Whether the folder changed since all was asked for, and has been still since the last look.

        A source renames a file when it is whole; one that writes in place is given a look's time to come to an end.
        """
        still = self.before.get(landed.domain) == landed.mark
        self.before[landed.domain] = landed.mark
        return still and self.done.get(landed.domain) != landed.mark


def fresh_files(landed: Landed, known: Known) -> list[LandingFile]:
    """The files that the ledger does not hold with this content. A file that only got another time is not new."""
    return [file for file in landed.files if not _holds(known.get(file.name), file)]


def _holds(entry: tuple[int, datetime, str] | None, file: LandingFile) -> bool:
    if entry is None or entry[0] != file.size:
        return False
    return entry[1] == file.modified or entry[2] == file.sha256


@dataclass(frozen=True)
class Asked:
    """What was asked for already, as the tags of the runs tell it (`nights.asked`).

    Attributes:
        first: The oldest day whose night was asked for.
        last: The newest one.
        took: Whether a run was asked for when exactly these files of a day were there, however it ended.
        under_way: Whether a run that takes the day's files waits or runs.
    """

    first: date
    last: date
    took: Callable[[date], bool]
    under_way: Callable[[date], bool]


def late_days(landed: Landed, known: Known, asked: Asked) -> tuple[list[date], bool]:
    """The days to make again, in order, and whether everything that came is dealt with.

    Files of days after the last night are left to their own. So are files of days before the first, unless the ledger
    knows them: they are what lay there when the nights began. A day that a run under way may take is waited for.
    """
    fresh = fresh_files(landed, known)
    named = landed.days_of(one for one in fresh if not _is_before(landed, known, one, asked.first))
    open_days = [day for day in named if day <= asked.last and not asked.took(day)]
    waiting = [day for day in open_days if asked.under_way(day)]
    return [day for day in open_days if day not in waiting], not waiting


def nobodys(landed: Landed, known: Known, first: date) -> list[str]:
    """The fresh files that no night is for: whole histories, and days before the first night (docs/nights.md)."""
    fresh = [(file, landed.grammar(file.name)) for file in fresh_files(landed, known)]
    return [
        file.name
        for file, name in fresh
        if name is not None and (name.day is None or _is_before(landed, known, file, first))
    ]


def _is_before(landed: Landed, known: Known, file: LandingFile, first: date) -> bool:
    name = landed.grammar(file.name)
    return name is not None and name.day is not None and name.day < first and file.name not in known
