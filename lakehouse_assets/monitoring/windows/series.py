"""Distances between a reference and windows of one time series without drift, by simulating both.

Both are drawn: the reference's own error counts as much as the window's. The series is the fitted autoregression of the
column's normal scores (`dependence`) about the cycle that its days repeat (`cycle`), taken back to the column's own
distribution (an autoregressive-sieve bootstrap, Buehlmann 1997, under a Gaussian copula), and its parameters are drawn
too, for they are estimates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lakehouse_assets.monitoring.windows.cycle import Cycled, at_rows, cycle_of
from lakehouse_assets.monitoring.windows.dependence import (
    Dependence,
    fit_dependence,
    likely_dependences,
    normal_scores,
)
from lakehouse_assets.monitoring.windows.levels import DailyMeans, as_levels_say
from lakehouse_assets.monitoring.windows.marginals import Marginal, TwoValues, marginal_of
from lakehouse_assets.monitoring.windows.score_grid import CELLS, distances_on_grid

Floats = npt.NDArray[np.float64]

#: Parameters drawn, and windows of each; 50 x 100 windows place the threshold within about 3 %.
LIKELY, WINDOWS_EACH = 50, 100
#: Each window is compared with so many drawn references.
PAIRS = 3
#: Windows and references are simulated no longer than this; longer ones differ from it by scale alone.
MOST_ROWS, MOST_REFERENCE_WINDOWS = 1000, 50
#: Rows per independent value above which only every so-manieth row is used: the others say the same.
MOST_ROWS_PER_VALUE = 100
#: How far the daily means' variance must be from what the rows' dependence explains before it counts: its own error.
NOTABLE = 1.5
LEAST_DAYS = 30
#: A window of fewer days than this does not average over what a week repeats.
WHOLE_DAYS = 7


@dataclass(frozen=True)
class SeriesDistances:
    """Simulated distances of windows without drift, and how many independent values the reference holds."""

    distances: Floats
    independent_values: float


@dataclass(frozen=True)
class SeriesErrors:
    """Simulated errors of windows without drift, before they become distances.

    Attributes:
        gaps: n x CELLS: by how much a window's distribution function differs from its reference's at the upper edges of
            the cells of the column's own grid (`score_grid`).
        edges: CELLS + 1: where these cells begin and end, in the column's unit.
        independent_values: That the reference holds.
    """

    gaps: Floats
    edges: Floats
    independent_values: float


def series_distances(
    values: npt.ArrayLike,
    days: npt.NDArray[np.int64],
    window_rows: int,
    sample_rows: int,
    random: np.random.Generator,
) -> SeriesDistances:
    """Simulate distances between reference and window of one column.

    Args:
        values: The reference's rows in the order of time.
        days: Their days, as numbers.
        window_rows: Rows of a window.
        sample_rows: Rows of the sample of the reference that windows are compared with.
        random: Source of chance.
    """
    drawn = _drawn(values, days, window_rows, sample_rows, random)
    if drawn is None:
        return SeriesDistances(np.empty(0), 0.0)
    found = [distances_on_grid(reference, current, drawn.edges) for reference, current in drawn.pairs]
    return SeriesDistances(np.concatenate(found) * drawn.widened, drawn.independent_values)


def series_errors(
    values: npt.ArrayLike,
    days: npt.NDArray[np.int64],
    window_rows: int,
    sample_rows: int,
    random: np.random.Generator,
) -> SeriesErrors:
    """The same, for distances of which this series is only a part. Arguments as above."""
    drawn = _drawn(values, days, window_rows, sample_rows, random)
    if drawn is None:
        return SeriesErrors(np.empty((0, CELLS)), np.zeros(CELLS + 1), 0.0)
    gaps = [np.cumsum(current - reference, axis=1) for reference, current in drawn.pairs]
    return SeriesErrors(np.concatenate(gaps) * drawn.widened, drawn.edges, drawn.independent_values)


@dataclass(frozen=True)
class _Drawn:
    """Pairs of references and windows (shares of the cells), and by how much their differences are widened."""

    pairs: Iterator[tuple[Floats, Floats]]
    edges: Floats
    widened: float
    independent_values: float


def _drawn(
    values: npt.ArrayLike,
    days: npt.NDArray[np.int64],
    window_rows: int,
    sample_rows: int,
    random: np.random.Generator,
) -> _Drawn | None:
    array = np.asarray(values, dtype=np.float64)
    known = np.isfinite(array)
    if known.sum() < 2 or np.ptp(array[known]) == 0:
        return None
    marginal = marginal_of(array[known])
    if isinstance(marginal, TwoValues) and len(np.unique(days[known])) < LEAST_DAYS:
        return None  # rows of a flag hardly tell how its rate wanders; only days do, and these are too few
    scores = normal_scores(array)
    cycle = None if isinstance(marginal, TwoValues) else cycle_of(scores, days[known])
    left = scores if cycle is None else scores - cycle.of_rows
    fitted, step = _fit_thinned(left)
    course = np.empty(0) if cycle is None else at_rows(cycle.course, len(cycle.course) / step)
    rows_per_value = max(fitted.rows_per_value * step, 1e-9)
    # A day's mean tells of what is slower than the longest lag, and of what a day repeats.
    slower = _as_days_say(left, days[known], rows_per_value, window_rows / len(array))
    independent = min(len(scores) / (rows_per_value * slower), float(len(scores)))
    if cycle is not None:
        # The cycle is no longer in it; what looks slow is how much it swells, which no day's mean tells.
        slower = max(slower, 1.0)
    lasting = 1.0
    if not isinstance(marginal, TwoValues) and _has_days(scores[::step], days[known][::step]):
        # A mean tells nothing of a spread that lasts.
        own, day_of = scores[::step], DailyMeans(days[known][::step])
        drawn = _process(fitted, course, float(left.std()))
        lasting = as_levels_say(array[known][::step], own, day_of, drawn, random)
    share = known.mean()
    found = _simulated(
        marginal, fitted, len(scores) // step, max(round(window_rows * share / step), 1),
        max(round(sample_rows * share / step), 1), random, course, float(left.std()),
    )  # fmt: skip
    widened = max(slower, lasting) if lasting > NOTABLE or cycle is not None else slower
    return _Drawn(found, marginal.edges, float(np.sqrt(widened)), independent)


def _fit_thinned(scores: Floats) -> tuple[Dependence, int]:
    """The dependence, and of how many rows one is used."""
    fitted, step = fit_dependence(scores), 1
    while fitted.rows_per_value > MOST_ROWS_PER_VALUE * 1.5 and len(scores) // step > 200:
        step *= 2
        fitted = fit_dependence(scores[::step])
    return fitted, step


def _as_days_say(scores: Floats, days: npt.NDArray[np.int64], rows_per_value: float, window_share: float) -> float:
    """By what factor daily means vary more or less in the long run than the rows' dependence says; 1 if not notably.

    More, where something changes from day to day that rows of a day tell nothing of. Less, where rows look slow and
    windows of whole days are not, as of a flag that is raised at the same time every day.
    """
    if not _has_days(scores, days):
        return 1.0
    own = DailyMeans(days)
    ratio = own.long_run_variance(scores) / rows_per_value / max(float(scores.var()), 1e-12)
    if ratio > NOTABLE:
        return ratio
    return (
        max(ratio * NOTABLE, 1 / rows_per_value)
        if ratio < 1 / NOTABLE and window_share * own.how_many >= WHOLE_DAYS
        else 1.0
    )


def _has_days(scores: Floats, days: npt.NDArray[np.int64]) -> bool:
    """Whether daily means can tell anything: there are enough of them, and of several rows each."""
    found = len(np.unique(days))
    return found >= LEAST_DAYS and found * 2 <= len(scores)


def _process(noise: Dependence, course: Floats, spread: float) -> Dependence | Cycled:
    return Cycled(noise, spread, course) if len(course) else noise


def _simulated(
    marginal: Marginal,
    fitted: Dependence,
    reference: int,
    window: int,
    sample: int,
    random: np.random.Generator,
    course: Floats,
    spread: float,
) -> Iterator[tuple[Floats, Floats]]:
    rows = min(window, MOST_ROWS)
    if len(course):
        rows = max(rows // len(course), 1) * len(course)  # whole days, as windows have
    shrink = np.sqrt(rows / window)
    true_length = reference / window
    length = int(np.clip(round(true_length), 1, MOST_REFERENCE_WINDOWS))
    references = max(PAIRS + 1, -(-WINDOWS_EACH // length))
    for likely in likely_dependences(fitted, reference, random, LIKELY):
        scores = _process(likely, course, spread).simulate(random, references, length * rows)
        windows = marginal.shares(scores.reshape(references * length, rows))
        whole = windows.reshape(references, length, CELLS).mean(axis=1)
        centre = marginal.centre
        drawn = centre + (whole - centre) * shrink * np.sqrt(length / true_length)
        drawn += _sampling(centre, sample, reference, references, random)
        current = centre + (windows - centre) * shrink
        own = np.repeat(np.arange(references), length)
        others = ((own + further) % references for further in range(1, PAIRS + 1))
        yield from ((drawn[other], current) for other in others)


def _sampling(centre: Floats, sample: int, reference: int, how_many: int, random: np.random.Generator) -> Floats:
    """The error of a sample of the reference, beyond the reference's own."""
    if sample >= reference:
        return np.zeros((how_many, CELLS))
    rows = max(round(1 / (1 / sample - 1 / reference)), 1)
    drawn: Floats = random.multinomial(rows, centre, size=how_many) / rows - centre
    return drawn
