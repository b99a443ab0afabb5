"""From the tables that are late to facts: one incident a domain or use case, told where the lateness begins.

An outage makes every table late that promises freshness. People are told of the places where it begins; what is late
only because its inputs are late belongs to the same incident, which is over when nothing of it is late any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from lakehouse_assets.operations.alerts.facts import Fact, Kind
from lakehouse_assets.operations.alerts.graph import Graph
from lakehouse_assets.operations.alerts.incidents import Incident


def late_facts(
    late: Mapping[str, datetime], known: Iterable[Incident], graph: Graph, now: datetime, paused: Collection[str] = ()
) -> list[Fact]:
    """What is late now, and which open incidents of lateness are over.

    Args:
        late: The tables that break their promise, and since when.
        known: The incidents so far.
        graph: What they are made from.
        now: When this was seen.
        paused: Use cases whose tables nobody waits for.
    """
    late = {key: since for key, since in late.items() if key in graph.assets and _waited_for(graph, key, paused)}
    known_open = [one for one in known if one.kind is Kind.BROKEN_FRESHNESS and one.is_open]
    behind = {one.subject: {*one.assets, *graph.downstream(one.assets)} for one in known_open}
    ended = [
        Fact(Kind.BROKEN_FRESHNESS, group, now, ok=True, summary="every table of it is fresh again")
        for group, keys in behind.items()
        if not keys & late.keys()
    ]
    covered: set[str] = set().union(*behind.values()) if behind else set()
    return [*ended, *(_begun(late, key_group, graph) for key_group in _roots(late, covered, graph).items())]


def _waited_for(graph: Graph, key: str, paused: Collection[str]) -> bool:
    return graph.assets[key].use_case not in paused


def _roots(late: Mapping[str, datetime], covered: set[str], graph: Graph) -> dict[str, list[str]]:
    """The late tables of no open incident, none of whose own inputs is late, by what they belong to."""
    roots: dict[str, list[str]] = {}
    for key in sorted(late.keys() - covered):
        if not graph.upstream(key) & late.keys():
            roots.setdefault(graph.assets[key].group, []).append(key)
    return roots


def _begun(late: Mapping[str, datetime], group_roots: tuple[str, list[str]], graph: Graph) -> Fact:
    group, keys = group_roots
    since = min(late[key] for key in keys)
    also = len(set(graph.downstream(keys)) & late.keys())
    told = f"{', '.join(keys)} {_said(keys)}" + (f", and {also} tables made from them" if also else "")
    return Fact(Kind.BROKEN_FRESHNESS, group, since, ok=False, summary=told, assets=tuple(keys))


def _said(keys: Iterable[str]) -> str:
    """What landing files promise nobody can break but by never coming (`never_delivered`)."""
    return "never came" if all(key.startswith("landing/") for key in keys) else "older than promised"
