"""By how much windows differ more than the rows' dependence explains, because a column's spread lasts.

A machine idles for a day, two products alternate, noise swells and fades: the mean hardly moves, and an autoregression
of normal scores sees next to nothing of it. What a distance between distributions is made of does: the share of rows
below a level, whose long-run variance is looked at here, level by level, beside that of series drawn from the fit.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lakehouse_assets.monitoring.windows.cycle import Cycled
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


class DailyMeans:
    """A series averaged over the days of its rows: what is slower than the longest lag of rows shows there."""

    def __init__(self, days: npt.NDArray[np.int64]) -> None:
        _, self._codes, self._counts = np.unique(days, return_inverse=True, return_counts=True)

    @property
    def how_many(self) -> int:
        """Days with rows."""
        return len(self._counts)

    def long_run_variance(self, series: Floats) -> float:
        """Of a series' rows."""
        return self._of_means(np.bincount(self._codes, series) / self._counts)

    def long_run_variances(self, series: Floats, levels: Floats) -> list[float]:
        """Of whether rows lie at or below each of the levels, which are in order."""
        places = np.searchsorted(levels, series)
        cells = np.bincount(self._codes * (len(levels) + 1) + places, minlength=self.how_many * (len(levels) + 1))
        below = cells.reshape(self.how_many, -1)[:, :-1].cumsum(axis=1) / self._counts[:, None]
        return [self._of_means(means) for means in below.T]

    def _of_means(self, means: Floats) -> float:
        daily = fit_dependence(means, most_lags=min(len(means) // 7, 10)).rows_per_value
        return daily * float(means.var()) * float(self._counts.mean())


def as_levels_say(
    values: Floats, scores: Floats, days: DailyMeans, fitted: Dependence | Cycled, random: np.random.Generator
) -> float:
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

    half, at = LEVELS[0] / 2, np.quantile(scores, LEVELS)
    shares = np.searchsorted(np.sort(scores), at, side="right") / len(scores)
    tell = (shares > LEAST_SHARE) & (shares < 1 - LEAST_SHARE)
    apart = (np.quantile(values, LEVELS + half) - np.quantile(values, LEVELS - half))[tell]

    def told(series: Floats, levels: Floats) -> float:
        return float(apart @ np.sqrt(days.long_run_variances(series, levels)))

    # Where many rows say the same, fewer or more than a level's share lie below: so they do in what is drawn.
    drawn = fitted.simulate(random, DRAWN, len(scores))
    found, explained = told(scores, at[tell]), [told(series, ndtri(shares[tell])) for series in drawn]
    # How much a cycle swells moves no mean at all: it counts though it might be chance.
    usual = np.mean(explained) if isinstance(fitted, Cycled) else max(explained)
    if not tell.any() or found <= usual:
        return 1.0
    larger = float((found / np.mean(explained)) ** 2)
    # Of what the fit does not explain.
    return larger + (TOGETHER - 1) * (larger - 1)
