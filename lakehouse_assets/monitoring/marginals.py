"""A column's own distribution on the grid of normal scores: what simulated scores become when they are its values."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from lakehouse_assets.monitoring.score_grid import CELLS, PROBABILITIES, cell_of, cells_of, edges_of

Floats = npt.NDArray[np.float64]


class Marginal(Protocol):
    """`edges`: CELLS + 1, where the cells begin and end in the column's unit; `centre`: CELLS shares of its values."""

    edges: Floats
    centre: Floats

    def shares(self, scores: npt.NDArray[Any]) -> Floats:
        """Share of the values in each cell: n windows x m scores give n x CELLS."""


def marginal_of(values: Floats) -> Marginal:
    """The distribution of a column's values, all of them finite."""
    return TwoValues(values) if len(np.unique(values[:1000])) <= 2 and len(np.unique(values)) == 2 else Ranks(values)


class Ranks:
    """Any distribution: a value stands where its rank does, so scores depend on each other as the ranks do."""

    centre = PROBABILITIES

    def __init__(self, values: Floats) -> None:
        self.edges = edges_of(values)

    def shares(self, scores: npt.NDArray[Any]) -> Floats:
        """By the cell of each score."""
        return cells_of(cell_of(scores))


class TwoValues:
    """A flag: of it only the share counts, which is a mean.

    Scores that are cut in two depend on each other less than they did before, so windows of cut scores would differ too
    little; the mean of the scores varies as the share does. What is rare comes in few runs, whose number leans to one
    side: so does a gamma variable, which has the share's mean and variance here.
    """

    def __init__(self, values: Floats) -> None:
        smaller, larger = float(values.min()), float(values.max())
        self._share = float((values == larger).mean())
        self.edges = np.where(np.arange(CELLS + 1) < CELLS // 2, smaller, larger)
        self.centre = self._as_cells(np.array([self._share]))[0]

    def shares(self, scores: npt.NDArray[Any]) -> Floats:
        """By the mean of each window's scores."""
        from scipy.special import gammaincinv, ndtr

        means = scores.mean(axis=1, dtype=np.float64)
        rare, variance = min(self._share, 1 - self._share), float(np.square(means).mean())
        scale = (1 - rare) * variance
        found = np.clip(gammaincinv(rare / scale, ndtr(means / np.sqrt(variance))) * scale, 0.0, 1.0)
        return self._as_cells(found if self._share == rare else 1 - found)

    @staticmethod
    def _as_cells(share: Floats) -> Floats:
        found = np.zeros((len(share), CELLS))
        found[:, 0], found[:, -1] = 1 - share, share
        return found
