"""Whether the days that a repair is asked for are there to be made. Pure; standard library only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from lakehouse_assets.operations.alerts.days import span_words
from lakehouse_assets.operations.alerts.graph import Graph
from lakehouse_assets.operations.repairs.plan import RepairRequestError, Rerun


def within_days(
    graph: Graph, table: str, again: Rerun, days_of: Callable[[str], tuple[str, str]], today: date
) -> Rerun:
    """What is made again, without what lies downstream and does not have all of the days, which is said instead.

    A run over a day that an asset does not have fails when it has begun; one that has not ended would keep the night of
    that day waiting for it.

    Args:
        graph: All assets.
        table: The broken one, its key joined by /.
        again: What is asked for (`plan.plan_rerun`).
        days_of: First and last day that an asset has now; empty texts where none has ended yet.
        today: The present day in UTC.

    Raises:
        RepairRequestError: the broken asset does not have the days, or they have not ended.
    """
    if not again.first:
        return again
    broken, span = graph.assets[table], span_words(again.first, again.last)
    if broken.daily and not _has(days_of(table), again):
        there = span_words(*days_of(table)) or "none that has ended in UTC"
        raise RepairRequestError(
            f"{table} has no such days: expected days among {there}, found {span}. Correct first_day and last_day. "
            "Nothing was changed."
        )
    if again.last >= today.isoformat():
        raise RepairRequestError(
            f"{table}: expected days that have ended in UTC, so before {today}, found {span}. Correct first_day and "
            "last_day. Nothing was changed."
        )
    left_out = {
        key: f"of these days it does not have all, only {span_words(*days_of(key)) or 'none'}"
        for key in again.assets
        if key not in (table, *broken.made_with) and graph.assets[key].daily and not _has(days_of(key), again)
    }
    kept = tuple(key for key in again.assets if key not in left_out)
    return replace(again, assets=kept, left_out={**again.left_out, **left_out})


def _has(days: tuple[str, str], again: Rerun) -> bool:
    return bool(days[0]) and days[0] <= again.first and again.last <= days[1]
