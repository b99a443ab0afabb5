"""From nights that nobody asked for to facts: one incident for all that are missed at a time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lakehouse_assets.operations.alerts.cursor import Cursor
from lakehouse_assets.operations.alerts.facts import Fact, Kind
from lakehouse_assets.operations.alerts.graph import HEALTH, Graph
from lakehouse_assets.operations.alerts.incidents import Incident

if TYPE_CHECKING:
    from lakehouse_assets.operations.nights.missed import Missed

#: What a missed night is about: the job.
NIGHTLY = "nightly"
#: After an outage of the daemon its sensors may look before its schedules have made up what they missed.
MADE_UP_WITHIN = timedelta(minutes=10)


def missed_facts(
    missed: Missed | None, known: Iterable[Incident], graph: Graph, cursor: Cursor, now: datetime
) -> list[Fact]:
    """That nights are missed, or that the open incident of it is over.

    An incident names its nights: the next one that is missed may have been due before they were all asked for, and is
    no part of what is over.

    Args:
        missed: What is missing now.
        known: The incidents so far.
        graph: Whose files the nights would have taken.
        cursor: Remembers since when nights were seen to be missing.
        now: When this was seen.
    """
    told = any(one.kind is Kind.MISSED_NIGHT and one.is_open for one in known)
    if missed is None:
        cursor.missed_since = ""
        return [Fact(Kind.MISSED_NIGHT, NIGHTLY, now, True, "every night that is due was asked for")] if told else []
    cursor.missed_since = cursor.missed_since or now.isoformat()
    if told or now - datetime.fromisoformat(cursor.missed_since) < MADE_UP_WITHIN:
        return []
    first, last = missed.first.isoformat(), missed.last.isoformat()
    return [Fact(Kind.MISSED_NIGHT, NIGHTLY, missed.since, False, missed.words, _not_made(graph), first, last)]


def _not_made(graph: Graph) -> tuple[str, ...]:
    """What a night begins with; the platform's page of health first, since the night is the platform's."""
    landed = sorted(key for key, asset in graph.assets.items() if asset.zone == "landing" and asset.daily)
    return (*([HEALTH] if HEALTH in graph.assets else []), *landed)
