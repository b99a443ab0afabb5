"""By how much windows differ more than the rows' dependence explains, because a column's spread lasts.

A machine idles for a day, two products alternate, noise swells and fades: the mean hardly moves, and an autoregression
of normal scores sees next to nothing of it. What a distance between distributions is made of does: the share of rows
below a level, whose long-run variance is looked at here, level by level, beside that of series drawn from the fit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lakehouse_assets.monitoring.windows.dependence import Dependence, fit_dependence

Floats = npt.NDArray[np.float64]

#: Levels that are looked at, as shares of the rows.
LEVELS = np.arange(1, 20) / 20
#: Series drawn from the fit. What is no larger than the largest of these is explained, but for one time in twenty.
DRAWN = 19
#: Shares of rows nearer to none or all than this tell too little of how they come.
LEAST_SHARE = 0.01
#: What lasts moves all levels at once. One in a hundred such errors is 3.23 times as large as they are on average (a
#: normal error's size), where levels that move by themselves add up to 2.40 times as much (the area below a Brownian
#: bridge, Johnson and Killeen 1983). Squared, as variances are.
TOGETHER = (3.23 / 2.40) ** 2


class Days:
    """The days of a series' rows, over which it is averaged."""

    def __init__(self, days: npt.NDArray[np.int64]) -> None:
        _, self._codes, self._counts = np.unique(days, return_inverse=True, return_counts=True)

    @property
    def how_many(self) -> int:
        """Days with rows."""
        return len(self._counts)

    def long_run_variance(self, series: Floats) -> float:
        """Of a series' rows, by its daily means: these tell of what is slower than the longest lag of rows."""
        means = np.bincount(self._codes, series) / self._counts
        daily = fit_dependence(means, most_lags=min(len(means) // 7, 10)).rows_per_value
        return daily * float(means.var()) * float(self._counts.mean())


def as_levels_say(values: Floats, scores: Floats, days: Days, fitted: Dependence, random: np.random.Generator) -> float:
    """By what factor the variance of a window's distances is larger than the fit explains; 1 if not notably.

    A distance adds up the differences of the distribution functions over the column's unit, so each level counts by
    the root of its long-run variance and by how far its neighbours lie apart.

    Args:
        values: The column's rows in the order of time.
        scores: Their normal scores.
        days: Their days.
        fitted: The dependence of the scores, row by row.
        random: Source of chance.
    """
    from scipy.special import ndtri

    half = LEVELS[0] / 2
    apart = np.quantile(values, LEVELS + half) - np.quantile(values, LEVELS - half)
    below = [scores <= at for at in np.quantile(scores, LEVELS)]
    told = [(wide, rows) for wide, rows in zip(apart, below, strict=True) if _tells(rows)]
    found = sum(wide * np.sqrt(days.long_run_variance(rows.astype(np.float64))) for wide, rows in told)
    explained = [
        sum(
            wide * np.sqrt(days.long_run_variance((series <= ndtri(rows.mean())).astype(np.float64)))
            for wide, rows in told
        )
        for series in fitted.simulate(random, DRAWN, len(scores))
    ]
    if not told or found <= max(explained):
        return 1.0
    larger = float((found / np.mean(explained)) ** 2)
    # Of what the fit does not explain.
    return larger + (TOGETHER - 1) * (larger - 1)


def _tells(rows: npt.NDArray[np.bool_]) -> bool:
    return bool(LEAST_SHARE < rows.mean() < 1 - LEAST_SHARE)
