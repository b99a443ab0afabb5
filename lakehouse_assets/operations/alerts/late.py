"""From the tables that are late to facts: one incident a domain or use case, told where the lateness begins.

An outage makes every table late that promises freshness. People are told of the places where it begins; what is late
only because its inputs are late belongs to the same incident, and so does what begins to be late in the same domain or
use case meanwhile. It is over when nothing of it and nothing else of its domain or use case is late any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from lakehouse_assets.operations.alerts.facts import Fact, Kind
from lakehouse_assets.operations.alerts.graph import Graph
from lakehouse_assets.operations.alerts.incidents import Incident

_FRESH = "every table of it is fresh again"
_RESTS = "nobody waits for its tables while it is paused"


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
    resting = {graph.assets[key].group for key in late if key in graph.assets and not _waited_for(graph, key, paused)}
    late = {key: since for key, since in late.items() if key in graph.assets and _waited_for(graph, key, paused)}
    told = [one for one in known if one.kind is Kind.BROKEN_FRESHNESS]
    known_open = [one for one in told if one.is_open]
    late_groups = {graph.assets[key].group for key in late}
    behind = {one.subject: {*one.assets, *graph.downstream(one.assets)} for one in known_open}
    ended = [
        Fact(Kind.BROKEN_FRESHNESS, group, now, ok=True, summary=_RESTS if group in resting else _FRESH)
        for group, keys in behind.items()
        if not keys & late.keys() and group not in late_groups
    ]
    covered: set[str] = set().union(*behind.values()) if behind else set()
    roots = _roots(late, covered, graph)
    return [*ended, *(_begun(late, group, keys, told, graph, now) for group, keys in roots.items())]


def _waited_for(graph: Graph, key: str, paused: Collection[str]) -> bool:
    return graph.assets[key].use_case not in paused


def _roots(late: Mapping[str, datetime], covered: set[str], graph: Graph) -> dict[str, list[str]]:
    """The late tables of no open incident, none of whose own inputs is late, by what they belong to."""
    roots: dict[str, list[str]] = {}
    for key in sorted(late.keys() - covered):
        if not graph.upstream(key) & late.keys():
            roots.setdefault(graph.assets[key].group, []).append(key)
    return roots


def _begun(
    late: Mapping[str, datetime],
    group: str,
    keys: Sequence[str],
    earlier: Iterable[Incident],
    graph: Graph,
    now: datetime,
) -> Fact:
    since = min(late[key] for key in keys)
    if any(one.over_at is not None and one.subject == group and one.since <= since <= one.over_at for one in earlier):
        since = now  # it was told to be over in between, such as of a use case that was paused; this is another
    also = len(set(graph.downstream(keys)) & late.keys())
    told = f"{', '.join(keys)} {_said(keys)}" + (f", and {also} tables made from them" if also else "")
    return Fact(Kind.BROKEN_FRESHNESS, group, since, ok=False, summary=told, assets=tuple(keys))


def _said(keys: Iterable[str]) -> str:
    """What landing files promise nobody can break but by never coming (`never_delivered`)."""
    return "never came" if all(key.startswith("landing/") for key in keys) else "older than promised"
