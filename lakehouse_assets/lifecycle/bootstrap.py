"""How sure a metric is: its interval over resampled groups of rows, and whether one model is worse than another.

Source: Efron and Tibshirani 1993, *An introduction to the bootstrap*, chapters 13 (percentile interval) and 8 (blocks);
Cameron, Gelbach and Miller 2008 on resampling whole groups.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Metric = Callable[[npt.NDArray[np.float64], npt.NDArray[np.float64]], float]

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
    metric: Metric,
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
    draws = _draws(len(y), groups, seed, resamples, len(p))
    return _interval(metric(p, y), [metric(p[rows], y[rows]) for rows in draws], coverage)


def paired_difference(
    metric: Metric,
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
    draws = _draws(len(y), groups, seed, resamples, len(a), len(b))
    differences = [metric(a[rows], y[rows]) - metric(b[rows], y[rows]) for rows in draws]
    return _interval(metric(a, y) - metric(b, y), differences, coverage)


def is_worse(difference: Interval, lower_is_better: bool, margin: float = 0.0) -> bool:
    """Whether the candidate is worse than the champion by more than ``margin`` and beyond the interval's doubt."""
    return difference.low > margin if lower_is_better else difference.high < -margin


def _draws(
    n: int, groups: npt.ArrayLike | None, seed: int, resamples: int, *others: int
) -> list[npt.NDArray[np.int64]]:
    """Row numbers of each resample."""
    names = np.arange(n) if groups is None else np.asarray(groups)
    if {n, len(names), *others} != {n}:
        raise ValueError(f"bootstrap: {others} predictions, {n} truths and {len(names)} groups; n of each are needed")
    _, place = np.unique(names, return_inverse=True)
    count = int(place.max(initial=-1)) + 1
    if count < 2:
        raise ValueError(f"bootstrap: {count} groups; how sure a metric is cannot be told from fewer than two")
    order = np.argsort(place, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(place))[:-1])
    random = np.random.default_rng(seed)
    return [np.concatenate([members[g] for g in random.integers(0, count, count)]) for _ in range(resamples)]


def _interval(value: float, resampled: list[float], coverage: float) -> Interval:
    finite = np.array([one for one in resampled if np.isfinite(one)])
    if not len(finite):
        return Interval(value, float("nan"), float("nan"), 0)
    low, high = np.quantile(finite, [(1 - coverage) / 2, (1 + coverage) / 2])
    return Interval(value, float(low), float(high), len(finite))
