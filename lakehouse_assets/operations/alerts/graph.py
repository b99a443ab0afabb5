"""What an incident needs to know of the assets: whose they are, where they belong, what lies downstream of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

#: The page of health, which tells of the platform itself.
HEALTH = "monitoring/platform/health"


@dataclass(frozen=True)
class Asset:
    """An asset as people are told of it; keys are joined by /.

    Attributes:
        group: The domain or use case that it belongs to.
        zone: First part of its key.
        use_case: The use case, empty for an asset of none.
        parents: What it is made from.
        promises_freshness: Whether its contract says how old it may be.
        cadence: When it is made (`sources.daily.CADENCE`), empty: every night.
        daily: Whether it has a partition a day.
        made_by_runs: Whether a run makes it; jobs keep the platform's own tables.
        made_with: Others that its step makes, and cannot leave out.
        looks_back: Inputs of which it reads days before its own, itself among them, each with how many.
    """

    key: str
    owner: str = ""
    group: str = ""
    zone: str = ""
    use_case: str = ""
    domain: str = ""
    parents: tuple[str, ...] = ()
    promises_freshness: bool = False
    cadence: str = ""
    daily: bool = False
    made_by_runs: bool = True
    made_with: tuple[str, ...] = ()
    looks_back: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Graph:
    """The assets by key, and what each check promises, by `<asset> <check>`."""

    assets: Mapping[str, Asset]
    checks: Mapping[str, str] = field(default_factory=dict)

    def owners(self, keys: Iterable[str]) -> list[str]:
        """Who answers for these assets, each once."""
        found = [self.assets[key].owner for key in keys if key in self.assets]
        return list(dict.fromkeys(owner for owner in found if owner))

    def downstream(self, keys: Iterable[str]) -> list[str]:
        """All that is made from these assets, by way of whatever lies between; the assets themselves are left out."""
        start = set(keys)
        children: dict[str, list[str]] = {}
        for asset in self.assets.values():
            for parent in asset.parents:
                children.setdefault(parent, []).append(asset.key)
        return sorted(_reached(start, children) - start)

    def upstream(self, key: str) -> set[str]:
        """All that an asset is made from."""
        parents = {one.key: list(one.parents) for one in self.assets.values()}
        return _reached({key}, parents) - {key}


def _reached(start: set[str], edges: Mapping[str, list[str]]) -> set[str]:
    seen, ahead = set(start), list(start)
    while ahead:
        for other in edges.get(ahead.pop(), ()):
            if other not in seen:
                seen.add(other)
                ahead.append(other)
    return seen
