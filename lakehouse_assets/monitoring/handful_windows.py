"""Distances between a reference and windows of a handful of lasting groups without drift: each is a series of its own.

A few machines, or a few meters, are too few to draw whole ones anew, and the same ones stand in the window and in the
reference, so that what tells them apart is no error. Each of them wanders by itself, though: put into one row, their
wanderings would cancel in a mean and do not cancel in a distance. So each is simulated as the series that it is, and
the errors of their distribution functions are added up, as the mixture's is their weighted sum. Where the groups move
together (the weather), the errors' sizes are added instead: the most that a mixture's distance can be, for Wasserstein
distances are convex. In between, the squares are weighted by how much their daily means correlate.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lakehouse_assets.monitoring.dependence import normal_scores
from lakehouse_assets.monitoring.series_windows import SeriesDistances, series_errors

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

#: So many of the windows drawn are put together.
DRAWS = 5000


def handful_distances(
    values: npt.ArrayLike,
    days: Numbers,
    groups: Numbers,
    window_rows: int,
    sample_rows: int,
    random: np.random.Generator,
) -> SeriesDistances:
    """Draw distances between reference and window of one column, in standard deviations of all its values.

    Args:
        values: The reference's rows, each group's in the order of time.
        days: Their days, as numbers.
        groups: Their groups, as numbers from 0.
        window_rows: Rows of a window, of all groups.
        sample_rows: Rows of the sample of the reference that windows are compared with.
        random: Source of chance.

    Returns:
        The distances, and the fewest independent values that any group holds.
    """
    array = np.asarray(values, dtype=np.float64)
    spread = float(np.nanstd(array))
    own = [np.flatnonzero(groups == group) for group in range(int(groups.max()) + 1)]
    if not spread or any(not np.nanstd(array[at]) > 0 for at in own):
        return SeriesDistances(np.empty(0), 0.0)
    shares = [len(at) / len(array) for at in own]
    found = [
        series_errors(
            array[at], days[at], max(round(window_rows * share), 1), max(round(sample_rows * share), 1), random
        )
        for at, share in zip(own, shares, strict=True)
    ]
    independent = min(one.independent_values for one in found)
    grid = np.unique(np.concatenate([one.edges for one in found]))
    # Each part's error at the edges of all, weighted; a part that is constant there has none.
    parts = [
        share * random.permutation(one.gaps, axis=0)[:DRAWS] @ _onto(one.edges, grid)
        for one, share in zip(found, shares, strict=True)
    ]
    least = min(map(len, parts))
    apart = _area(np.sum([part[:least] for part in parts], axis=0), grid)
    together = np.sum([np.sort(_area(part[:least], grid)) for part in parts], axis=0)
    common = _in_common(array, days, groups)
    distances = np.sqrt((1 - common) * np.square(np.sort(apart)) + common * np.square(together)) / spread
    return SeriesDistances(distances, independent)


def _onto(edges: Floats, grid: Floats) -> Floats:
    """CELLS x m: takes gaps at the upper edges of a part's cells to the m places of a finer grid, linearly between."""
    at = np.interp(grid, edges, np.arange(len(edges)), left=0, right=len(edges) - 1)
    below = np.minimum(at.astype(np.int64), len(edges) - 2)
    weights = np.zeros((len(edges), len(grid)))
    places = np.arange(len(grid))
    weights[below, places] += 1 - (at - below)
    weights[below + 1, places] += at - below
    # Below the first cell nothing lies: the gap there is none, whatever is multiplied with it.
    return weights[1:]


def _area(gaps: Floats, grid: Floats) -> Floats:
    """The area between two distribution functions, n of them, that differ by n x m gaps at the m places of a grid."""
    found: Floats = (np.abs(gaps[:, 1:]) + np.abs(gaps[:, :-1])) / 2 @ np.diff(grid)
    return found


def _in_common(values: Floats, days: Numbers, groups: Numbers) -> float:
    """How much the groups' days move together, 0 to 1: the correlation of their daily means, in doubt a little more."""
    import pandas as pd

    rows = pd.DataFrame({"day": days, "group": groups, "value": values}).dropna()
    rows["value"] = rows.groupby("group")["value"].transform(lambda own: normal_scores(own.to_numpy()))
    means = rows.pivot_table(index="day", columns="group", values="value")
    correlation = means.corr().to_numpy()
    pairs = correlation[np.triu_indices(len(correlation), 1)]
    known = pairs[np.isfinite(pairs)]
    if not len(known):
        return 1.0
    return float(np.clip(known.mean() + 1 / np.sqrt(max(len(means), 1)), 0, 1))
