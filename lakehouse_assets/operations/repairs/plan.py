"""What a repair would make. Pure; standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from lakehouse_assets.lake.errors import RequestRefusedError
from lakehouse_assets.operations.alerts.days import span_words
from lakehouse_assets.operations.alerts.graph import Asset, Graph
from lakehouse_assets.operations.tables.naming import named
from lakehouse_assets.sources.daily import REPORT, SEARCH, TRAINING


class RepairRequestError(RequestRefusedError):
    """What was asked for cannot be done; nothing was changed."""


@dataclass(frozen=True)
class Rerun:
    """Assets to make again, for days where they have any, and what is left out with the reason."""

    assets: tuple[str, ...]
    first: str
    last: str
    left_out: Mapping[str, str]

    @property
    def words(self) -> str:
        """What would be done."""
        span = span_words(self.first, self.last)
        left = "; ".join(f"{key} ({why})" for key, why in self.left_out.items())
        return f"make again{f' for {span}' if span else ''}: {', '.join(self.assets)}" + (
            f". Left out: {left}" if left else ""
        )


def plan_rerun(
    graph: Graph, table: str, first: str = "", last: str = "", downstream: bool = True, training: bool = False
) -> Rerun:
    """The broken asset and, unless told otherwise, all that is made from it.

    Args:
        graph: All assets.
        table: Asset key joined by /.
        first: First day to make again; empty for an asset without days.
        last: Last day; empty: only the first.
        downstream: Whether to make what lies downstream as well.
        training: Whether what is trained belongs to it; otherwise models stay as they are.

    Raises:
        UnknownTableError: no such asset.
        RepairRequestError: it is made by no run, or the days are none.
    """
    broken = named(graph.assets, table)
    if not broken.made_by_runs:
        raise RepairRequestError(f"{table} is kept by jobs; no run makes it. Nothing was changed.")
    first, last = _days(broken, first, last)
    left_out: dict[str, str] = {}
    wanted = [broken.key, *broken.made_with]
    for key in graph.downstream(wanted) if downstream else ():
        reason = _left_out(graph.assets[key], training, first != last, bool(first))
        if reason:
            left_out[key] = reason
        else:
            wanted += [key, *graph.assets[key].made_with]
    kept = dict.fromkeys(wanted)
    return Rerun(tuple(kept), first, last, {key: why for key, why in left_out.items() if key not in kept})


def plan_retraining(graph: Graph, use_case: str) -> tuple[str, ...]:
    """What a training of the use case makes.

    Raises:
        RepairRequestError: there is no such use case, or nothing of it is trained.
    """
    require_use_case(graph, use_case)
    learned = [one.key for one in graph.assets.values() if (one.use_case, one.cadence) == (use_case, TRAINING)]
    if not learned:
        raise RepairRequestError(f"No asset of {use_case} says that trainings make it. Nothing was changed.")
    return tuple(sorted(learned))


def require_use_case(graph: Graph, use_case: str) -> None:
    """Refuse a name that is no use case.

    Raises:
        RepairRequestError: with those that there are.
    """
    known = sorted({one.use_case for one in graph.assets.values() if one.use_case})
    if use_case not in known:
        raise RepairRequestError(
            f"{use_case!r} is no use case; there are {', '.join(known) or 'none'}. Nothing was changed."
        )


def require_no_longer_pause(holds: str, held_until: datetime, until: datetime, shorten: bool) -> None:
    """Refuse a pause that would end one that holds earlier, unless that is wanted.

    Args:
        holds: The pause that holds, in words.
        held_until: When it ends.
        until: When the new one would end.
        shorten: Whether it may end earlier.

    Raises:
        RepairRequestError: with the pause that holds.
    """
    if until < held_until and not shorten:
        raise RepairRequestError(
            f"{holds} A pause until {until:%Y-%m-%d %H:%M} UTC would end it earlier: expected one that ends later, or "
            "shorten: true. Nothing was changed."
        )


def _days(broken: Asset, first: str, last: str) -> tuple[str, str]:
    if not broken.daily and not first and not last:
        return "", ""
    if last and not first:
        raise RepairRequestError(
            f"last_day is {last!r} and first_day is empty. Say first_day too. Nothing was changed."
        )
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError as error:
        given = (f"{first!r} to {last!r}" if last else repr(first)) if first else "no day"
        has = (
            "has a partition a day: say" if broken.daily else "has no days, what is made from it may: leave out or say"
        )
        raise RepairRequestError(
            f"{broken.key} {has} first_day (and last_day) as 2024-03-05; found {given}. Nothing was changed."
        ) from error
    if end < start:
        raise RepairRequestError(f"The last day {last} lies before the first, {first}. Nothing was changed.")
    return start.isoformat(), end.isoformat()


def _left_out(asset: Asset, training: bool, several: bool, has_days: bool) -> str:
    if not asset.made_by_runs:
        return "kept by jobs"
    if asset.cadence == SEARCH:
        return "a search for settings is started by its own job"
    if asset.cadence == TRAINING and not training:
        return "made by trainings; with_training makes it too"
    if asset.cadence == REPORT and several:
        return "a report is made for one day at a time"
    if asset.daily and not has_days:
        return "has days, and none was said"
    return ""
