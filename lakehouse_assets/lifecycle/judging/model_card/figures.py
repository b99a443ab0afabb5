"""What the evaluation says of the champion, beside the former champion and the baseline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lakehouse_assets.lifecycle.judging.evaluation import (
    ALL,
    BASELINE,
    CANDIDATE,
    CHAMPION,
    LEAST_GROUPS,
    LEAST_ROWS,
    figure,
)
from lakehouse_assets.lifecycle.judging.model_card.blocks import Grid
from lakehouse_assets.lifecycle.judging.model_card.card import ModelCard

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Figure:
    """One figure and how sure it is."""

    value: float
    low: float
    high: float
    rows: int
    groups: int

    def __str__(self) -> str:
        """In words."""
        return figure(self.value, self.low, self.high)


def headline(card: ModelCard) -> Figure | None:
    """The deciding metric over all rows."""
    return _one(_own(card), card.metric, ALL, _deciding_data(card))


def beside(card: ModelCard, part: str = ALL) -> dict[str, Figure]:
    """The deciding metric of those that the champion is compared with, by "former champion" and "baseline"."""
    compared = {"former champion": _former(card), "baseline": _of(card, BASELINE)}
    found = {name: _one(rows, card.metric, part, _deciding_data(card)) for name, rows in compared.items()}
    return {name: one for name, one in found.items() if one is not None}


def metrics_grid(card: ModelCard) -> Grid:
    """Every metric over all rows of each data."""
    own = _own(card)
    compared = {"This model": own, "Former champion": _former(card), "Baseline": _of(card, BASELINE)}
    whole = own[own["slice"].eq(ALL)]
    rows = []
    for data, metric in whole[["data", "metric"]].itertuples(index=False):
        cells = [_told(_one(part, metric, ALL, data)) for part in compared.values()]
        rows.append([str(data).replace("_", " "), str(metric), *cells])
    strong = [
        n for n, row in enumerate(rows) if row[1] == card.metric and row[0] == _deciding_data(card).replace("_", " ")
    ]
    return Grid(["Measured on", "Metric", *compared], rows, frozenset({2, 3, 4}), strong[0] if strong else None)


def slices_grid(card: ModelCard) -> Grid | None:
    """The deciding metric in each slice; None where there are none."""
    own, data = _own(card), _deciding_data(card)
    parts = own[own["data"].eq(data) & own["metric"].eq(card.metric)]
    if len(parts) < 2:
        return None
    rows = []
    for part in parts["slice"]:
        one = _one(own, card.metric, part, data)
        others = beside(card, part)
        if one is not None:
            cells = [str(one), _told(others.get("former champion")), _told(others.get("baseline"))]
            rows.append([str(part), f"{one.rows:,}", f"{one.groups:,}", *cells])
    head = ["Slice", "Rows", "Groups", "This model", "Former champion", "Baseline"]
    return Grid(head, rows, frozenset({1, 2, 3, 4, 5}), 0)


def found_limits(card: ModelCard) -> Iterator[str]:
    """What the figures themselves say that the model cannot be relied on for."""
    own, data = _own(card), _deciding_data(card)
    whole = headline(card)
    if whole is None:
        yield f"{card.metric} could not be measured: no row is held out yet."
        return
    for part in own.loc[own["data"].eq(data) & own["metric"].eq(card.metric), "slice"]:
        one = _one(own, card.metric, part, data)
        where = "On the whole" if part == ALL else f"In slice {part}"
        if one is None:
            continue
        if one.rows < LEAST_ROWS or one.groups < LEAST_GROUPS:
            yield f"{where} only {one.rows:,} rows of {one.groups:,} groups were measured: {card.metric} is not sure."
        if part != ALL and _worse(one.low, one.high, whole.low, whole.high, card.lower_is_better):
            yield f"{where} it is clearly worse than on the whole: {card.metric} {one} against {whole}."
        against = beside(card, part).get("baseline")
        if against is not None and not _better(one.value, against.value, card.lower_is_better):
            values = f"{figure(one.value)} against {figure(against.value)}"
            yield f"{where} it is no better than the baseline: {card.metric} {values}."


def _deciding_data(card: ModelCard) -> str:
    deciding = card.evaluation.loc[card.evaluation["decides"].astype(bool), "data"]
    return str(deciding.iloc[0]) if len(deciding) else ""


def _own(card: ModelCard) -> pd.DataFrame:
    """The champion's rows once: as the candidate that it was, else as the champion that another was held against."""
    rows = card.evaluation
    mine = rows[rows["model_version"].eq(card.model_version).fillna(False).astype(bool)]
    for role in (CANDIDATE, CHAMPION):
        found = mine[mine["role"].eq(role)]
        if len(found):
            return found
    return mine.iloc[:0]


def _former(card: ModelCard) -> pd.DataFrame:
    rows = _of(card, CHAMPION)
    return rows[rows["model_version"].ne(card.model_version).fillna(True).astype(bool)]


def _of(card: ModelCard, role: str) -> pd.DataFrame:
    return card.evaluation[card.evaluation["role"].eq(role)]


def _one(rows: pd.DataFrame, metric: str, part: str, data: str) -> Figure | None:
    found = rows[rows["metric"].eq(metric) & rows["slice"].eq(part) & rows["data"].eq(data)]
    if found.empty:
        return None
    one = found.iloc[0]
    return Figure(float(one["value"]), float(one["low"]), float(one["high"]), int(one["rows"]), int(one["groups"]))


def _told(one: Figure | None) -> str:
    return "–" if one is None else str(one)


def _worse(low: float, high: float, other_low: float, other_high: float, lower_is_better: bool) -> bool:
    return low > other_high if lower_is_better else high < other_low


def _better(value: float, other: float, lower_is_better: bool) -> bool:
    return value < other if lower_is_better else value > other
