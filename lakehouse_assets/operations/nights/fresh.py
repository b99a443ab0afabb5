"""Which files of a landing folder came, or came again, after the night that would have taken them. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lakehouse_assets.operations.nights.landed import Landed
from lakehouse_assets.sources.landing import LandingError, LandingFile

#: File -> size in bytes, time of change, SHA-256: the delivery of it that raw holds (`deliveries.deliveries_in_force`).
Known = Mapping[str, tuple[int, datetime, str]]


def fresh_files(landed: Landed, known: Known) -> list[LandingFile]:
    """The files that raw does not hold with this content. A file that only got another time is not new.

    One that changed and that nobody can read is new: the run that is asked for says so to people.
    """
    return [file for file in landed.files if not _holds(known.get(file.name), file)]


def _holds(entry: tuple[int, datetime, str] | None, file: LandingFile) -> bool:
    if entry is None or entry[0] != file.size:
        return False
    try:
        return entry[1] == file.modified or entry[2] == file.sha256
    except LandingError:
        return False


@dataclass(frozen=True)
class Asked:
    """What was asked for already, as the tags of the runs tell it (`nights.asked`).

    Attributes:
        first: The oldest day whose night was asked for.
        last: The newest one.
        took: Whether exactly these files of a day were there when its newest run was asked for, however it ended.
        under_way: The days whose files a run takes that waits or runs, with their mark when it was asked for.
        queued: Whether a run of the day waits still. Of nights that wait the older goes first.
        made: Whether a run was ever asked for that takes the domain's files of the day.
    """

    first: date
    last: date
    took: Callable[[date], bool]
    under_way: Mapping[date, str]
    queued: Callable[[date], bool]
    made: Callable[[date], bool]


@dataclass(frozen=True)
class Late:
    """The days to make again, each list in order.

    Attributes:
        own: Days that fresh files name.
        later: Days after those that look back on them.
        waiting: Days that fresh files name and that a run under way may take.
        unsettled: Days without fresh files of which a run under way was asked for when other ones lay there. It may
            bring those: a file that is put back as raw holds it, while its correction is taken, is fresh after that.
    """

    own: list[date]
    later: list[date]
    waiting: list[date]
    unsettled: list[date]

    @property
    def days(self) -> list[date]:
        """All that are asked for now."""
        return sorted({*self.own, *self.later})


def late_days(landed: Landed, known: Known, asked: Asked, ahead: int = 0, waited: Collection[date] = ()) -> Late:
    """The days to make again.

    Files of days after the last night are left to their own. So are files of days before the first, unless the ledger
    knows them: they are what lay there when the nights began. A day that a run under way may take is waited for.

    Args:
        landed: The folder.
        known: What the ledger and raw hold of it.
        asked: What was asked for already.
        ahead: How many days after a day look back on it (`reach.days_ahead`).
        waited: Days that were waited for at the last look. Where the run took the file, only later days are left.
    """
    fresh = fresh_files(landed, known)
    named = landed.days_of(one for one in fresh if not _is_before(landed, known, one, asked.first))
    open_days = [day for day in named if day <= asked.last and not asked.took(day)]
    waiting = [day for day in open_days if day in asked.under_way]
    own = [day for day in open_days if day not in waiting]
    # Nights do not wait for the other files, so nothing of a later day rests on them.
    awaited = {*landed.days_of(one for one in fresh if landed.awaits(one))}
    changed = ({*own} & awaited) | ({*waited} - {*waiting})
    reached = {one for day in changed for one in _after(day, ahead, asked.last)} - {*own}
    # One that runs may have read what it looks back on before it changed.
    later = [day for day in sorted(reached) if _is_there(landed, asked, day) and not asked.queued(day)]
    again = {*own, *later}
    unsettled = [day for day, mark in asked.under_way.items() if day in landed.by_day and mark != landed.day_mark(day)]
    return Late(own, later, [day for day in waiting if day not in again], sorted({*unsettled} - {*waiting} - again))


def nobodys(landed: Landed, known: Known, first: date) -> list[str]:
    """The fresh files that no night is for: whole histories, and days before the first night (docs/nights.md)."""
    fresh = [(file, landed.grammar(file.name)) for file in fresh_files(landed, known)]
    return [
        file.name
        for file, name in fresh
        if name is not None and (name.day is None or _is_before(landed, known, file, first))
    ]


def _after(day: date, ahead: int, last: date) -> list[date]:
    return [day + timedelta(days=n) for n in range(1, min(ahead, (last - day).days) + 1)]


def _is_there(landed: Landed, asked: Asked, day: date) -> bool:
    """Whether the domain has the day: a night left out one whose own file is late still."""
    return asked.made(day) or not landed.is_late(day)


def _is_before(landed: Landed, known: Known, file: LandingFile, first: date) -> bool:
    name = landed.grammar(file.name)
    return name is not None and name.day is not None and name.day < first and file.name not in known
