"""From ticks that fail to facts: one incident for each sensor or schedule, over when a tick of it succeeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from lakehouse_assets.operations.alerts.facts import Fact, Kind
from lakehouse_assets.operations.alerts.graph import HEALTH, Graph
from lakehouse_assets.operations.alerts.incidents import Incident

if TYPE_CHECKING:
    from lakehouse_assets.operations.ticks import Ticking

#: How the sensors of use cases are called.
_RETRAINING = "_retraining"


def tick_facts(ticks: Mapping[str, Ticking], known: Iterable[Incident], graph: Graph, now: datetime) -> list[Fact]:
    """Whose ticks fail, and which open incidents of it are over.

    Args:
        ticks: How those do that are on (`operations.ticks.ticking`), but for the sensor of alerts itself.
        known: The incidents so far.
        graph: Whose they are.
        now: When this was seen.
    """
    told = [one.subject for one in known if one.kind is Kind.FAILING_TICK and one.is_open]
    off = "it is switched off, or is no more"
    gone = [Fact(Kind.FAILING_TICK, name, now, True, off) for name in told if name not in ticks]
    well = [
        Fact(Kind.FAILING_TICK, name, ticks[name].at, True, "its last tick did not fail")
        for name in told
        if name in ticks and ticks[name].failing_since is None
    ]
    failing = [
        Fact(Kind.FAILING_TICK, one.name, one.failing_since, False, one.words, about(one.name, graph))
        for one in ticks.values()
        if one.failing_since is not None and one.fails(now)
    ]
    return [*gone, *well, *failing]


def about(name: str, graph: Graph) -> tuple[str, ...]:
    """The asset of whose owner it is: the decisions that a use case's sensor keeps, else the page of health."""
    own = f"monitoring/{name.removesuffix(_RETRAINING)}/decisions"
    kept = own if name.endswith(_RETRAINING) and own in graph.assets else HEALTH
    return (kept,) if kept in graph.assets else ()
