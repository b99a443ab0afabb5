"""The later days that a repair makes again as well: those that look back on its days and were made since. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping
from datetime import date
from graphlib import TopologicalSorter
from itertools import groupby

from lakehouse_assets.contracts.repairing.trial import stretches
from lakehouse_assets.operations.alerts.graph import Graph
from lakehouse_assets.operations.repairs.plan import Rerun
from lakehouse_assets.sources.daily import REPORT, TRAINING

#: Days as their ordinals.
Days = set[int]


def plan_later(graph: Graph, table: str, again: Rerun, made: Callable[[str], Collection[str]]) -> list[Rerun]:
    """One for each stretch of days with the same assets, the earliest first; none where nothing looks back.

    As for files that come late: what reads earlier days is made again, and what is made from that; reports say what was
    seen when it was decided on, and nothing is trained. Days of an asset that were never made are left to their own
    night or file: what domains share has days for which the broken one delivered nothing.

    Args:
        graph: All assets.
        table: The broken one, its key joined by /.
        again: What is made again of its own days (`plan.plan_rerun`).
        made: The days of which an asset has been made.
    """
    if not again.first:
        return []
    there = _rest_on(graph, {table, *graph.assets[table].made_with}, again, made)
    by_day = [
        (day, _of_day(graph, again, there, day)) for day in sorted({one for days, _ in there.values() for one in days})
    ]
    found = []
    for assets, days in groupby(by_day, key=lambda one: one[1]):
        spans = stretches([date.fromordinal(day) for day, _ in days])
        found += [Rerun(assets, first.isoformat(), end.isoformat(), {}) for first, end in spans]
    return found


def _rest_on(
    graph: Graph, broken: Collection[str], again: Rerun, made: Callable[[str], Collection[str]]
) -> dict[str, tuple[Days, Days]]:
    """Of each asset that has later days which rest on what is made again: these, and all later days it was made of."""
    first, last = date.fromisoformat(again.first).toordinal(), date.fromisoformat(again.last).toordinal()
    span, found = list(range(first, last + 1)), {}
    changed = dict.fromkeys(broken, span)
    for key, looks_back in _daily_inputs_first(graph, {*again.assets}):
        reached = {one: back for one, back in looks_back.items() if one in changed and one != key}
        if key in broken or not reached:
            continue
        later = {day for one in made(key) if (day := date.fromisoformat(one).toordinal()) > last}
        # One that reads earlier days of itself carries what changed on to all of them.
        carried = looks_back.get(key, 0) > 0
        rest = {day for day in later if carried or any(_within(changed[one], day, reached[one]) for one in reached)}
        changed[key] = [*span, *sorted(rest)]
        if rest:
            found[key] = (rest, later)
    return found


def _within(days: list[int], day: int, back: int) -> bool:
    """Whether one of the days, in order, is that one or lies at most so many days before it."""
    place = bisect_right(days, day)
    return place > 0 and day - days[place - 1] <= back


def _of_day(graph: Graph, again: Rerun, there: Mapping[str, tuple[Days, Days]], day: int) -> tuple[str, ...]:
    """What is made again of a later day, with all that its steps make.

    That is each asset that was made of it, also where it rests on none of the changed days: so that the same are made
    of many days in one run.
    """
    daily = {key for key, (_, made) in there.items() if day in made}
    without_days = {key for key in graph.downstream(daily) if not graph.assets[key].daily}
    wanted = [
        key
        for key in again.assets
        if key in daily or (key in without_days and graph.assets[key].cadence not in (REPORT, TRAINING))
    ]
    return tuple(dict.fromkeys(one for key in wanted for one in (key, *graph.assets[key].made_with)))


def _daily_inputs_first(graph: Graph, keys: Collection[str]) -> list[tuple[str, dict[str, int]]]:
    own = {key: asset for key, asset in graph.assets.items() if key in keys and asset.daily and asset.cadence != REPORT}
    order = TopologicalSorter({key: {*asset.parents} & own.keys() - {key} for key, asset in own.items()})
    return [
        (key, {one: dict(own[key].looks_back).get(one, 0) for one in own[key].parents}) for key in order.static_order()
    ]
