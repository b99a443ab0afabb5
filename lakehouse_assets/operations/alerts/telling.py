"""What is still to be told to whom: each incident once a channel when it begins, and once when it is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from lakehouse_assets.operations.alerts.incidents import Incident, remembered

#: How long a notice is worth telling.
NOTICED = timedelta(days=1)
#: How long a channel that did not answer is told what it missed; of what was over earlier, the table tells.
MADE_UP_FOR = timedelta(days=7)
BEGAN, OVER = "began", "over"
#: Not a message: the channel was to be told that it began, and did not answer.
OWED = "owed"
#: Not a message: what belongs to it changed while it was open.
CHANGED = "changed"
#: Channel of what is kept and told to nobody.
NOBODY = "nobody"


@dataclass(frozen=True)
class Telling:
    """An incident in a state, for a channel. `entry` is the key of the row that says that it was told."""

    incident: Incident
    state: str
    channel: str

    @property
    def entry(self) -> str:
        """Follows from what is told to whom, so telling it again is the same row."""
        if self.state == CHANGED:
            return f"{self.channel} {self.state} {self.incident.incident} {self.incident.grown}"
        return f"{self.channel} {self.state} {self.incident.incident}"

    @property
    def as_told(self) -> Incident:
        """The incident as the message is about it: of one that began, the end is not told yet."""
        return self.incident if self.state == OVER else replace(self.incident, over_at=None, over_because="")


def incidents_in(rows: Iterable[Mapping[str, Any]]) -> list[Incident]:
    """The incidents that the table's rows tell of, each as its latest state says.

    Args:
        rows: `details` (a dictionary) and `state` of the rows, in any order.
    """
    found: dict[str, Incident] = {}
    for row in rows:
        one = remembered(row["details"])
        so_far = found.get(one.incident)
        if so_far is None or (one.over_at is not None, one.grown) > (so_far.over_at is not None, so_far.grown):
            found[one.incident] = one
    return list(found.values())


def to_keep(known: Sequence[Incident], changed: Sequence[Incident]) -> list[Telling]:
    """What belongs to known incidents since, of which nobody is told.

    Args:
        known: The incidents of the table.
        changed: What came after them (`incidents.after`).
    """
    before = {one.incident: one for one in known}
    open_still = [one for one in changed if one.is_open and one.incident in before]
    return [Telling(one, CHANGED, NOBODY) for one in open_still if one.grown > before[one.incident].grown]


def to_tell(
    known: Sequence[Incident],
    changed: Sequence[Incident],
    told: frozenset[str],
    channels: Sequence[str],
    now: datetime,
) -> Iterator[Telling]:
    """What each channel was not told yet.

    An end is told only to those who were told the beginning, or are told it now. A channel that did not answer when
    something began is told of it when it answers again, also when it is over by then. A channel that is new is told of
    what is open and of the last day's notices, not of what is over. What is quiet is told to nobody, which is kept.

    Args:
        known: The incidents of the table.
        changed: What came after them (`incidents.after`).
        told: `entry` of all rows of the table.
        channels: Names of the channels.
        now: When this is.
    """
    fresh = {one.incident for one in changed} - {one.incident for one in known}
    latest = {one.incident: one for one in (*known, *changed)}
    for one in sorted(latest.values(), key=lambda one: (one.over_at or one.since, one.incident)):
        for channel in (NOBODY,) if one.quiet else channels:
            began, over = Telling(one, BEGAN, channel), Telling(one, OVER, channel)
            current = one.incident in fresh or one.is_open or (one.is_notice and now - one.since < NOTICED)
            missed = replace(began, state=OWED).entry in told and now - (one.over_at or one.since) < MADE_UP_FOR
            starts = began.entry not in told and (current or missed)
            if starts:
                yield began
            ended = one.over_at is not None and not one.is_notice
            if ended and over.entry not in told and (starts or began.entry in told):
                yield over
