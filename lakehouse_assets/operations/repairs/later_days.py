"""The later days that a repair makes again as well: those that look back on its days and were made since. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from graphlib import TopologicalSorter

from lakehouse_assets.contracts.repair_trial import stretches
from lakehouse_assets.operations.alerts.graph import Graph
from lakehouse_assets.operations.nights.looking_back import days_after
from lakehouse_assets.operations.repairs.plan import Rerun
from lakehouse_assets.sources.daily import REPORT, TRAINING


def plan_later(graph: Graph, table: str, again: Rerun, made: Callable[[str], Collection[str]]) -> list[Rerun]:
    """One for each stretch of days; none where nothing looks back.

    As for files that come late: what reads earlier days is made again, and what is made from that; reports say what was
    seen when it was decided on, and nothing is trained. Days that were never made are left to their own night or file.

    Args:
        graph: All assets.
        table: The broken one, its key joined by /.
        again: What is made again of its own days (`plan.plan_rerun`).
        made: The days of which an asset has been made.
    """
    if not again.first:
        return []
    broken = {table, *graph.assets[table].made_with}
    ahead = days_after(_daily_inputs_first(graph, {*again.assets}), broken)
    looking = [key for key in again.assets if ahead.get(key, 0) > 0]
    if not looking:
        return []
    last, reach = date.fromisoformat(again.last), max(ahead[key] for key in looking)
    known = {date.fromisoformat(day) for key in looking for day in made(key)}
    days = [day for day in known if 0 < (day - last).days <= reach]
    below = {*looking, *graph.downstream(looking)}
    wanted = [key for key in again.assets if key in below and graph.assets[key].cadence not in (REPORT, TRAINING)]
    whole = tuple(dict.fromkeys(one for key in wanted for one in (key, *graph.assets[key].made_with)))
    return [Rerun(whole, first.isoformat(), end.isoformat(), {}) for first, end in stretches(days)]


def _daily_inputs_first(graph: Graph, keys: Collection[str]) -> list[tuple[str, dict[str, int]]]:
    own = {key: asset for key, asset in graph.assets.items() if key in keys and asset.daily and asset.cadence != REPORT}
    order = TopologicalSorter({key: {*asset.parents} & own.keys() - {key} for key, asset in own.items()})
    return [
        (key, {one: dict(own[key].looks_back).get(one, 0) for one in own[key].parents}) for key in order.static_order()
    ]
