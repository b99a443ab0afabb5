"""The parts of a night: what is a domain's, what all share, and from which day on each is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

LANDING = "landing"


@dataclass(frozen=True)
class Parts:
    """What a night makes.

    Attributes:
        by_domain: What belongs to each domain, use cases included, with the first day that it has; None: no days.
        shared: What belongs to none, made after all of them.
    """

    by_domain: Mapping[str, Mapping[dg.AssetKey, date | None]]
    shared: Mapping[dg.AssetKey, date | None]

    def selection(self, domains: Collection[str], day: date) -> list[dg.AssetKey] | None:
        """What a night of these domains makes, with what all share; without what begins after the day.

        None if that is all: a job that is cut out of another takes half a second to be made.
        """
        told = [self.shared, *(self.by_domain[name] for name in self.by_domain if name in domains)]
        chosen = sorted(key for part in told for key, first in part.items() if first is None or first <= day)
        return chosen if len(chosen) < len(self.shared) + sum(map(len, self.by_domain.values())) else None

    def of_day(self, day: date) -> list[str]:
        """The domains whose days have begun."""
        begun = {name: [first for first in part.values() if first is not None] for name, part in self.by_domain.items()}
        return [name for name, firsts in begun.items() if any(first <= day for first in firsts)]


def parts_of(assets: BaseAssetGraph, keys: Collection[dg.AssetKey]) -> Parts:  # type: ignore[type-arg]
    """The parts of a job that makes these assets. A domain is what has landing files."""
    domains = sorted(key.path[1] for key in keys if key.path[0] == LANDING)
    found: dict[str, dict[dg.AssetKey, date | None]] = {name: {} for name in domains}
    shared: dict[dg.AssetKey, date | None] = {}
    for key in keys:
        node = assets.get(key)
        days = node.partitions_def
        first = days.start.date() if isinstance(days, dg.DailyPartitionsDefinition) else None
        found.get(node.tags.get("domain", ""), shared)[key] = first
    return Parts(found, shared)
