"""Slices of the data that alone lose performance: which, by how much, and since when. Standard library only."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from lakehouse_assets.monitoring.days import as_date

#: The slice that is all of the data.
ALL = "all"
WORSE = "worse than expected"


@dataclass(frozen=True)
class WorseSlice:
    """A slice that is worse than expected, with enough outcomes to tell; `since` the first day in a row."""

    name: str
    metric: str
    value: float
    interval: tuple[float, float]
    expected: tuple[float, float]
    rows: int
    since: date

    @property
    def words(self) -> str:
        """The slice, its figure, what was expected, and since when."""
        low, high = self.interval
        return (
            f"{self.name}: {self.metric} {self.value:.4g} ({low:.4g} to {high:.4g}) of {self.rows} outcomes, expected "
            f"{self.expected[0]:.4g} to {self.expected[1]:.4g}, since {self.since}"
        )


def worse_slices(
    rows: Iterable[Mapping[str, Any]], metrics: Iterable[str], day: date | None = None
) -> list[WorseSlice]:
    """The slices that a day's report says are worse, by name.

    Args:
        rows: Of monitoring/<use case>/performance, of one model, in any order.
        metrics: Those that decide.
        day: The day; None: the newest on which anything could be measured.
    """
    wanted = set(metrics)
    own = [row for row in rows if row["metric"] in wanted and _measured(row)]
    days = sorted({as_date(row["day"]) for row in own}, reverse=True)
    newest = day or max(days, default=None)
    bad = {(str(row["slice"]), str(row["metric"]), as_date(row["day"])) for row in own if row["verdict"] == WORSE}
    of_day = [row for row in own if as_date(row["day"]) == newest]
    whole = {row["metric"]: row.get("rows") for row in of_day if row["slice"] == ALL}
    found = []
    for row in sorted(of_day, key=lambda one: str(one["slice"])):
        name, metric = str(row["slice"]), str(row["metric"])
        # A slice that holds all rows is no other figure.
        if row["verdict"] != WORSE or name == ALL or row["rows"] == whole.get(metric):
            continue
        interval, expected = (row["low"], row["high"]), (row["expected_low"], row["expected_high"])
        before = itertools.takewhile(
            lambda one: (name, metric, one) in bad,  # noqa: B023 - used up within the turn
            (one for one in days if newest is None or one <= newest),
        )
        found.append(WorseSlice(name, metric, row["value"], interval, expected, row["rows"], min(before)))
    return found


def in_words(slices: Sequence[WorseSlice]) -> str:
    """All of them in a sentence; nothing of none."""
    return f"{WORSE} in {'; '.join(one.words for one in slices)}" if slices else ""


def _measured(row: Mapping[str, Any]) -> bool:
    value = row["value"]
    return value is not None and not math.isnan(value)
