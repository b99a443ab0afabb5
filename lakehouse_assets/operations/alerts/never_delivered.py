"""Domains that nights wait for and of which no file ever came: no promise of freshness tells, since nothing was made.

Dagster's watch of freshness begins with a table's first row. A source that was switched on and delivers into another
folder, or under names of another form, would be left out of every night and told to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from lakehouse_assets.operations.nights import asked
from lakehouse_assets.operations.nights.calendar import tick_of
from lakehouse_assets.operations.nights.parts import LANDING

#: Nights without a file after which people are told: a file that comes in the morning after the first wakes nobody.
NIGHTS = 2


def never_delivered(instance: dg.DagsterInstance, awaited: Mapping[str, date], zone: ZoneInfo) -> dict[str, datetime]:
    """Where their files land, by key joined by /, each with when the first night began that had waited for one in vain.

    The nights say themselves for whom they waited: those before a domain's folder was made do not count, and no cursor
    that is lost counts anew.

    Args:
        instance: Where runs and materialisations are.
        awaited: The domains that nights wait for, each with its first day (`nights.awaited`).
        zone: The plant's clocks.
    """
    waiting = [domain for domain in awaited if not _ever_made(instance, domain)]
    nights = {domain: asked.nights_without(instance, domain, NIGHTS) for domain in waiting}
    return {f"{LANDING}/{one}/files": tick_of(days[0], zone) for one, days in nights.items() if len(days) == NIGHTS}


def _ever_made(instance: dg.DagsterInstance, domain: str) -> bool:
    """Whether a run took files of the domain, or is going to."""
    landed = instance.get_latest_materialization_event(dg.AssetKey([LANDING, domain, "files"]))
    return landed is not None or asked.delivered_files(instance, domain)
