"""How the nights are: whether the daemon lives, which nights nobody asked for, and whose files do not come."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import dagster as dg

from lakehouse_assets.operations.nights import asked
from lakehouse_assets.operations.nights.awaited import awaited
from lakehouse_assets.operations.nights.calendar import tick_of
from lakehouse_assets.operations.nights.missed import Missed, missed_nights
from lakehouse_assets.operations.ticks import ALERTS, Ticking, is_off, ticking
from lakehouse_assets.sources.daily import NIGHT_TAG

if TYPE_CHECKING:
    from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

    from lakehouse_assets.sources.resource import LandingZone

#: The daemon's threads that nights need write every half minute that they live.
THREADS = ("SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR")
SILENT = timedelta(minutes=5)
#: Runs read at a time, the newest first.
PAGE = 50


@dataclass(frozen=True)
class Undelivered:
    """A domain whose file was not there for its last nights."""

    first: date
    nights: int
    since: datetime


@dataclass(frozen=True)
class NightFacts:
    """All of it.

    Attributes:
        heartbeat: When the daemon was last seen to live, by the thread that was seen longest ago; None: never.
        silent: Whether that is too long ago, or was never although nights are on.
        last: The last night that was asked for.
        missed: The nights that nobody asked for.
        undelivered: By domain, of those that have a folder or had one.
        gone: Of these, those whose folder is gone.
        failing: The sensors and schedules whose ticks fail.
        untold: Whether the sensor that tells people is switched off.
    """

    heartbeat: datetime | None = None
    silent: bool = False
    last: date | None = None
    missed: Missed | None = None
    undelivered: Mapping[str, Undelivered] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    failing: tuple[Ticking, ...] = ()
    untold: bool = False

    @property
    def words(self) -> str:
        """In a line."""
        seen = f"last seen {self.heartbeat:%Y-%m-%d %H:%M} UTC" if self.heartbeat else "never seen"
        last = f"the last one asked for is of {self.last}" if self.last else "none was asked for yet"
        return f"nights: {last}; daemon: {seen}"


def night_facts(
    instance: dg.DagsterInstance,
    assets: BaseAssetGraph,  # type: ignore[type-arg]
    landing: LandingZone,
    zone: ZoneInfo,
    now: datetime,
    watched: Collection[str] = (),
) -> NightFacts:
    """What is known now.

    Args:
        instance: Where runs, ticks and heartbeats are.
        assets: What lands, and from which day on.
        landing: Which domains have a folder.
        zone: The plant's clocks.
        now: When this is, in UTC.
        watched: The sensors and schedules whose ticks count (`ticks.watched`).
    """
    last, missed = asked.last_night(instance, now.date()), missed_nights(instance, zone, now)
    heartbeat = _heartbeat(instance)
    silent = (last is not None or missed is not None) if heartbeat is None else now - heartbeat > SILENT
    late = undelivered(instance, awaited(instance, assets, landing), zone)
    gone = frozenset(domain for domain in late if not landing.has_folder(domain))
    failing = tuple(one for one in ticking(instance, watched).values() if one.fails(now))
    return NightFacts(heartbeat, silent, last, missed, late, gone, failing, is_off(instance, ALERTS))


def undelivered(instance: dg.DagsterInstance, starts: Mapping[str, date], zone: ZoneInfo) -> dict[str, Undelivered]:
    """The domains that the last nights were made without, each since the first of these nights.

    Args:
        instance: Where the runs are.
        starts: The domains that deliver, each with its first day.
        zone: The plant's clocks.
    """
    nights, taken = _nights(instance, starts)
    found = {}
    for domain, start in starts.items():
        open_days = [day for day in nights if day >= start and day > taken.get(domain, date.min)]
        if open_days:
            found[domain] = Undelivered(min(open_days), len(open_days), tick_of(min(open_days), zone))
    return found


def _nights(instance: dg.DagsterInstance, domains: Collection[str]) -> tuple[set[date], dict[str, date]]:
    """The newest nights, and by domain the newest day that a run was asked for with its files.

    As many as it takes to find that day for every domain: of one that never delivered, all.
    """
    nights: set[date] = set()
    taken: dict[str, date] = {}
    cursor: str | None = None
    wanted = dg.RunsFilter(tags={asked.PART: [asked.WHOLE, asked.LATE]})
    while runs := instance.get_runs(wanted, cursor=cursor, limit=PAGE):
        cursor = runs[-1].run_id
        for run in runs:
            day = date.fromisoformat(run.tags[NIGHT_TAG])
            if run.tags[asked.PART] == asked.WHOLE:
                nights.add(day)
            for domain in domains:
                if f"{asked.DOMAIN_PREFIX}{domain}" in run.tags:
                    taken[domain] = max(day, taken.get(domain, day))
        if taken.keys() == set(domains) and min([*nights, date.max]) <= min([*taken.values(), date.max]):
            break
    return nights, taken


def _heartbeat(instance: dg.DagsterInstance) -> datetime | None:
    beats = instance.get_daemon_heartbeats()
    seen = [beats[thread].timestamp for thread in THREADS if thread in beats]
    return datetime.fromtimestamp(min(seen), UTC) if seen else None
