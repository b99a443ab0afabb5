"""The cycle that every day of a series runs through, told apart from how its rows depend on each other.

An autoregression takes a cycle for chance: for noise that swings about as fast, by an amplitude that wanders from
window to window. Real windows of whole days all hold the same cycle, and thresholds learned from such a fit were up to
seventy times as far off as any of them. So the mean of each place in a day is taken off before the fit and put back
into what is drawn from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from lakehouse_assets.monitoring.windows.dependence import Dependence

Floats = npt.NDArray[np.float64]

#: Days of fewer rows show no cycle, and of fewer days nobody knows whether it is repeated.
LEAST_PLACES, LEAST_DAYS = 4, 30
#: What must be the same on odd and on even days, as a share of the variance. Slow noise comes to a fiftieth.
REPEATED = 0.1


@dataclass(frozen=True)
class Cycle:
    """A day's course of normal scores.

    Attributes:
        course: Mean score at each place of a day, 0 on average.
        of_rows: That of each row.
    """

    course: Floats
    of_rows: Floats


@dataclass(frozen=True)
class Cycled:
    """A series that swings through the course of a day and about it: as `Dependence`, it draws normal scores.

    Attributes:
        noise: What is left without the course, of unit variance.
        spread: Its standard deviation.
        course: Mean score at each row of a day.
    """

    noise: Dependence
    spread: float
    course: Floats

    def simulate(self, random: np.random.Generator, series: int, rows: int) -> npt.NDArray[np.float32]:
        """Draw series x rows scores; each series begins with a day."""
        swings = np.resize(self.course, rows).astype(np.float32)
        drawn = swings + np.float32(self.spread) * self.noise.simulate(random, series, rows)
        return np.interp(drawn, *self._as_normal).astype(np.float32)

    @cached_property
    def _as_normal(self) -> tuple[Floats, Floats]:
        """Sums of course and noise, and their normal scores: a mixture of normals of which each place has one."""
        from scipy.special import ndtr, ndtri

        far = float(np.abs(self.course).max()) + 5 * self.spread
        sums = np.linspace(-far, far, 2001)
        below = ndtr((sums[:, None] - self.course) / self.spread).mean(axis=1)
        return sums, ndtri(np.clip(below, 1e-9, 1 - 1e-9))


def cycle_of(scores: Floats, days: npt.NDArray[np.int64]) -> Cycle | None:
    """The cycle that days repeat; None where they repeat none.

    Args:
        scores: Normal scores in the order of time.
        days: Their days, as numbers, in order.
    """
    _, codes, counts = np.unique(days, return_inverse=True, return_counts=True)
    places = int(np.median(counts)) if len(counts) else 0
    if places < LEAST_PLACES or len(counts) < LEAST_DAYS:
        return None
    # Of a day with more or fewer rows each has its share of the day.
    of_day = np.arange(len(scores)) - (np.cumsum(counts) - counts)[codes]
    place = of_day * places // counts[codes]
    odd, even = (_means(scores[codes % 2 == parity], place[codes % 2 == parity], places) for parity in (0, 1))
    if np.isnan(odd).any() or np.isnan(even).any() or np.cov(odd, even)[0, 1] < REPEATED * scores.var():
        return None
    course = _means(scores, place, places)
    course -= course[place].mean()
    return Cycle(course, course[place])


def _means(scores: Floats, place: npt.NDArray[np.int64], places: int) -> Floats:
    counts = np.bincount(place, minlength=places)
    sums = np.bincount(place, scores, minlength=places)
    found: Floats = np.divide(sums, counts, out=np.full(places, np.nan), where=counts > 0)
    return found


def at_rows(course: Floats, rows: float) -> Floats:
    """A course in about so many rows a day, as it is where only some rows are used; empty where these are few."""
    count = round(rows)
    return course[((np.arange(count) + 0.5) * len(course) / count).astype(np.int64)] if count >= 2 else np.empty(0)
