"""How sure a metric is: its interval over resampled groups of rows, and whether one model is worse than another.

Source: Efron and Tibshirani 1993, *An introduction to the bootstrap*, chapters 13 (percentile interval) and 8 (blocks);
Cameron, Gelbach and Miller 2008 on resampling whole groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Measure = Callable[[npt.NDArray[np.float64], npt.NDArray[np.float64]], float]

RESAMPLES = 1000
COVERAGE = 0.95


@dataclass(frozen=True)
class Interval:
    """A metric on all rows and between which values it lies over resamples; ``resamples`` gave a finite value."""

    value: float
    low: float
    high: float
    resamples: int

    def __str__(self) -> str:
        """The value with its interval, to three places."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def metric_interval(
    metric: Measure,
    predicted: npt.ArrayLike,
    truth: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    seed: int = 1,
    resamples: int = RESAMPLES,
    coverage: float = COVERAGE,
) -> Interval:
    """The metric and its percentile interval.

    Args:
        metric: Of predictions and truth.
        predicted: n predictions, or n rows of several.
        truth: n truths.
        groups: n names; rows of one group (engine, day) depend on each other and are drawn together. Left out, each
            row is a group. For a time series name its blocks, such as the week.
        seed: Any integer.
        resamples: How often to draw as many groups as there are, with replacement.
        coverage: Share of the resamples inside the interval.

    Raises:
        ValueError: The lengths differ, or there are fewer than two groups.
    """
    p, y = np.asarray(predicted, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    names = _names(len(y), groups, len(p))
    return interval_of(metric(p, y), [metric(p[rows], y[rows]) for rows in draws(names, seed, resamples)], coverage)


def paired_difference(
    metric: Measure,
    candidate: npt.ArrayLike,
    champion: npt.ArrayLike,
    truth: npt.ArrayLike,
    groups: npt.ArrayLike | None = None,
    seed: int = 1,
    resamples: int = RESAMPLES,
    coverage: float = COVERAGE,
) -> Interval:
    """The candidate's metric less the champion's, both on the same rows in every resample.

    Pairing takes out what makes rows hard for both, so the interval is far narrower than those of the two metrics.
    Arguments as in :func:`metric_interval`.
    """
    a, b = np.asarray(candidate, dtype=np.float64), np.asarray(champion, dtype=np.float64)
    y = np.asarray(truth, dtype=np.float64)
    names = _names(len(y), groups, len(a), len(b))
    differences = [metric(a[rows], y[rows]) - metric(b[rows], y[rows]) for rows in draws(names, seed, resamples)]
    return interval_of(metric(a, y) - metric(b, y), differences, coverage)


def is_worse(difference: Interval, lower_is_better: bool, margin: float = 0.0) -> bool:
    """Whether the candidate is worse than the champion by more than ``margin`` and beyond the interval's doubt."""
    return difference.low > margin if lower_is_better else difference.high < -margin


def draws(groups: npt.ArrayLike, seed: int, resamples: int) -> Iterator[npt.NDArray[np.intp]]:
    """The rows of each resample: as many groups as there are, drawn with replacement, each with all its rows.

    Args:
        groups: One name per row; rows of one name are drawn together.
        seed: Any integer.
        resamples: How many.

    Raises:
        ValueError: There are fewer than two groups.
    """
    _, place = np.unique(np.asarray(groups), return_inverse=True)
    sizes = np.bincount(place)
    if len(sizes) < 2:
        raise ValueError(f"bootstrap: {len(sizes)} groups; how sure a metric is cannot be told from fewer than two")
    return _drawn(np.argsort(place, kind="stable"), sizes, seed, resamples)


def _drawn(
    order: npt.NDArray[np.intp], sizes: npt.NDArray[np.intp], seed: int, resamples: int
) -> Iterator[npt.NDArray[np.intp]]:
    """Without a loop over groups: where each row is its own, there are as many groups as rows."""
    random = np.random.default_rng(seed)
    begins = np.cumsum(sizes) - sizes
    for _ in range(resamples):
        chosen = random.integers(0, len(sizes), len(sizes))
        size = sizes[chosen]
        moved = begins[chosen] - (np.cumsum(size) - size)
        yield order[np.repeat(moved, size) + np.arange(size.sum())]


def interval_of(value: float, resampled: npt.ArrayLike, coverage: float = COVERAGE) -> Interval:
    """The percentile interval of a figure from its values over resamples; those that are not finite are left out."""
    every = np.asarray(resampled, dtype=np.float64)
    finite = every[np.isfinite(every)]
    if not len(finite):
        return Interval(value, float("nan"), float("nan"), 0)
    low, high = np.quantile(finite, [(1 - coverage) / 2, (1 + coverage) / 2])
    return Interval(value, float(low), float(high), len(finite))


def _names(n: int, groups: npt.ArrayLike | None, *others: int) -> npt.NDArray[Any]:
    """The rows' groups, each row its own where none are given."""
    names = np.arange(n) if groups is None else np.asarray(groups)
    if {n, len(names), *others} != {n}:
        raise ValueError(f"bootstrap: {others} predictions, {n} truths and {len(names)} groups; n of each are needed")
    return names
