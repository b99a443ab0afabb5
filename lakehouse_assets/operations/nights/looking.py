"""What lies in the landing folders, and which days are to be made again for what came late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING

import dagster as dg

from lakehouse_assets.lake.errors import LakeError
from lakehouse_assets.lake.passing import may_pass
from lakehouse_assets.operations.nights import asked
from lakehouse_assets.operations.nights.fresh import Asked, late_days, nobodys
from lakehouse_assets.operations.nights.landed import Landed
from lakehouse_assets.operations.nights.parts import LANDING, Parts
from lakehouse_assets.operations.nights.reach import days_ahead
from lakehouse_assets.operations.nights.seen import Seen
from lakehouse_assets.sources.landing import LandingError
from lakehouse_assets.sources.resource import LandingZone

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake


def landed_in(landing: LandingZone, domain: str, warn: Callable[[str], None]) -> Landed | None:
    """What lies in a domain's folder; None where its source is simulated.

    A folder that cannot be listed holds up this domain only: it counts as one in which nothing lies yet.

    Raises:
        AttributeError: the domain's `jobs.py` does not say which day a file names.
        FileNotFoundError: `LANDING` names no folder at all.
    """
    if landing.simulated:
        return None
    grammar = import_module(f"lakehouse_assets.defs.{domain}.jobs").named_file
    try:
        return Landed(domain, landing.listed(domain), grammar)
    except LandingError as error:
        warn(str(error))
        return Landed(domain, (), grammar)


@dataclass
class AskedFor:
    """A day to make again.

    Attributes:
        marks: Whose files it takes, with the mark of those of the day: the run's tags.
        rests_on: Whose, with the mark of all files that its rows rest on, and the run that made the day last: with
            the same it is asked for only once.
    """

    marks: dict[str, str] = field(default_factory=dict)
    rests_on: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """One look into the folders.

    Attributes:
        context: The sensor's.
        lake: Where the ledgers lie.
        parts: What the night makes.
        first: The oldest day whose night was asked for.
        last: The newest one.
        now: When this is, in UTC.
    """

    context: dg.SensorEvaluationContext
    lake: Lake
    parts: Parts
    first: date
    last: date
    now: datetime

    def days(self, landing: LandingZone, seen: Seen) -> Mapping[date, AskedFor]:
        """The days to make again, in order, with the domains that they are made for; ``seen`` is moved on."""
        found: dict[date, AskedFor] = {}
        folders = [landed_in(landing, domain, self.context.log.warning) for domain in self.parts.by_domain]
        for folder in folders:
            landed = seen.news(folder, self.now, self.last) if folder is not None else None
            if landed is not None:
                for day, rests_on in self._news_or_none(landed, seen).items():
                    one = found.setdefault(day, AskedFor())
                    one.marks[landed.domain] = landed.day_mark(day)
                    one.rests_on[landed.domain] = rests_on
        return dict(sorted(found.items()))

    def _news_or_none(self, landed: Landed, seen: Seen) -> dict[date, str]:
        """The same; none of a domain whose ledger or rows nobody can read, which must not hold up the others.

        It is looked at again at every look. People hear of the table (`alerts.look`), and its night fails as well.
        """
        try:
            return self._news(landed, seen)
        except LakeError as error:
            if may_pass(error):
                raise
            self.context.log.warning(f"{landed.domain}: which of its files are new cannot be told. {error}")
            return {}

    def _news(self, landed: Landed, seen: Seen) -> dict[date, str]:
        """The days to make again for a folder, each with the mark of the files that it rests on."""
        from lakehouse_assets.sources.deliveries import deliveries_in_force

        domain, log = landed.domain, self.context.log
        known = deliveries_in_force(self.lake, domain, raw_tables(domain))
        for name in nobodys(landed, known, self.first):
            log.warning(f"no night is made again for {name}: run {domain}_road for its days")
        ahead = self._days_ahead(domain)
        late = late_days(landed, known, self._asked(landed), ahead, seen.waiting_days(domain))
        if late.later:
            log.info(f"{domain}: {_days(late.later)} made again as well: they look back on days whose files came")
        seen.dealt_with(landed, late.waiting, self.last, settled=not late.unsettled)
        return {
            day: f"{landed.mark_between(_before(day, ahead), day)} {self._last_run(domain, day)}" for day in late.days
        }

    def _last_run(self, domain: str, day: date) -> str:
        """Files that were put back as they were have their first mark again; the run before is another."""
        newest = asked.newest_taking(self.context.instance, domain, day)
        return newest.run_id if newest is not None else "first"

    def _asked(self, landed: Landed) -> Asked:
        domain, instance = landed.domain, self.context.instance
        return Asked(
            first=self.first,
            last=self.last,
            took=lambda day: asked.took(instance, domain, day, landed.day_mark(day)),
            under_way=asked.under_way(instance, domain),
            queued=lambda day: asked.is_queued(instance, domain, day),
            made=lambda day: asked.made(instance, domain, day),
        )

    def _days_ahead(self, domain: str) -> int:
        repository = self.context.repository_def
        if repository is None:
            raise dg.DagsterInvariantViolationError("the sensor late_files needs its code location to know the assets")
        keys = {*self.parts.by_domain[domain], *self.parts.shared}
        return days_ahead(repository.asset_graph, keys, [dg.AssetKey([LANDING, domain, "files"])])


def raw_tables(domain: str) -> list[tuple[str, ...]]:
    """A domain's raw tables that hold rows of files, by their contracts."""
    from lakehouse_assets.definitions import contracts

    own = {key: set(one.column_names) for key, one in contracts().items() if key[:2] == ("raw", domain)}
    return [key for key, columns in own.items() if {"file", "sha256", "line"} <= columns and key[-1] != "quarantine"]


def _before(day: date, days: int) -> date:
    return day - timedelta(days=days) if days < day.toordinal() else date.min


def _days(days: list[date]) -> str:
    return f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]} ({len(days)} days)"
