"""Domains that nights wait for and of which no file ever came: no promise of freshness tells, since nothing was made.

Dagster's watch of freshness begins with a table's first row. A source that was switched on and delivers into another
folder, or under names of another form, would be left out of every night and told to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from lakehouse_assets.operations.alerts.cursor import Cursor
from lakehouse_assets.operations.nights import asked
from lakehouse_assets.operations.nights.calendar import ONE_DAY, tick_of
from lakehouse_assets.operations.nights.parts import LANDING

#: Nights without a file after which people are told: a file that comes in the morning after the first wakes nobody.
NIGHTS = 2


def never_delivered(
    instance: dg.DagsterInstance, awaited: Mapping[str, date], cursor: Cursor, zone: ZoneInfo, now: datetime
) -> dict[str, datetime]:
    """Where their files land, by key joined by /, each with when the first night since began that had none.

    Args:
        instance: Where runs and materialisations are.
        awaited: The domains that nights wait for, each with its first day (`nights.awaited`).
        cursor: Remembers the last night before each was seen to be awaited: nights before its folder was made do not
            count.
        zone: The plant's clocks.
        now: When this is.
    """
    waiting = {domain: start for domain, start in awaited.items() if not _ever_made(instance, domain)}
    last = asked.last_night(instance, now.date()) if waiting else None
    cursor.awaited = {one: cursor.awaited.get(one, last.isoformat() if last else "") for one in waiting}
    if last is None:
        return {}
    begun = {one: max(start, _first(instance, cursor.awaited[one], last)) for one, start in waiting.items()}
    return {
        f"{LANDING}/{one}/files": tick_of(first, zone)
        for one, first in begun.items()
        if (last - first).days + 1 >= NIGHTS
    }


def _first(instance: dg.DagsterInstance, before: str, last: date) -> date:
    """The first night after one; without one, the first that there was."""
    return date.fromisoformat(before) + ONE_DAY if before else asked.first_night(instance) or last


def _ever_made(instance: dg.DagsterInstance, domain: str) -> bool:
    """Whether a run took files of the domain, or is going to."""
    landed = instance.get_latest_materialization_event(dg.AssetKey([LANDING, domain, "files"]))
    return landed is not None or asked.delivered_files(instance, domain)
