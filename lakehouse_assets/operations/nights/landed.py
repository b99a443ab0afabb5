"""What lies in a domain's landing folder, by the days that its files name. Pure functions over a listing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

from lakehouse_assets.sources.landing import LandingFile
from lakehouse_assets.sources.named_file import NamedFile

Grammar = Callable[[str], NamedFile | None]
"""What a file's name says; None for a name that is none of the domain's."""
#: Where whole histories lie, daily files are awaited if at least so many days of the week before the newest have one.
DAYS_IN_A_WEEK = 3


@dataclass(frozen=True)
class Landed:
    """One domain's landing folder as it was listed."""

    domain: str
    files: Sequence[LandingFile]
    grammar: Grammar

    @cached_property
    def by_day(self) -> Mapping[date, Sequence[LandingFile]]:
        """The daily files of each day."""
        found: dict[date, list[LandingFile]] = {}
        for file, name in self._named:
            if name.day is not None:
                found.setdefault(name.day, []).append(file)
        return found

    @cached_property
    def mark(self) -> str:
        """Another one whenever a file comes, goes, or changes its size or time."""
        return mark_of(self.files)

    def day_mark(self, day: date) -> str:
        """The same of the files that name a day."""
        return mark_of(self.by_day.get(day, ()))

    def mark_between(self, first: date, last: date) -> str:
        """The same of the files that name days from first to last, both included."""
        return mark_of(file for day in sorted(self.by_day) if first <= day <= last for file in self.by_day[day])

    def unchanged_since(self, moment: datetime) -> Landed:
        """The same folder with the files only that did not change after a moment."""
        return replace(self, files=[file for file in self.files if file.modified <= moment])

    def is_late(self, day: date) -> bool:
        """Whether nothing is there that the night of the day waits for.

        A domain that delivers a file a day waits for one that names the day. One that has whole histories only, as the
        publishers' are, waits for nothing: they can hold any day. Where both lie, it delivers daily if it did so when
        it last delivered a day; a daily name that strayed into a folder of histories is awaited on no other day.
        """
        daily = {name.day for _, name in self._named if name.awaited and name.day is not None}
        histories = any(name.awaited and name.day is None for _, name in self._named)
        return day not in daily and not (histories and not _is_daily([one for one in daily if one <= day]))

    def awaits(self, file: LandingFile) -> bool:
        """Whether a night waits for files like this one."""
        name = self.grammar(file.name)
        return name is not None and name.awaited

    def days_of(self, files: Iterable[LandingFile]) -> list[date]:
        """The days that files name, in order; whole histories and unknown names name none."""
        said = (self.grammar(file.name) for file in files)
        return sorted({name.day for name in said if name is not None and name.day is not None})

    @cached_property
    def _named(self) -> list[tuple[LandingFile, NamedFile]]:
        said = ((file, self.grammar(file.name)) for file in self.files)
        return [(file, name) for file, name in said if name is not None]


def _is_daily(days: Sequence[date]) -> bool:
    """Whether days follow each other closely up to the newest of them."""
    newest = max(days, default=date.min)
    return sum((newest - one).days < 7 for one in days) >= DAYS_IN_A_WEEK


def mark_of(files: Iterable[LandingFile]) -> str:
    """A short text that is another whenever a name, a size or a time of change is."""
    told = "\n".join(f"{file.name}\t{file.size}\t{file.modified_ns}" for file in files)
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
