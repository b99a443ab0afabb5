"""Distances between a reference and windows of a fleet without drift, by drawing whole groups anew.

Rows of a group (a machine) are much alike, groups are independent: what counts is how many groups a window holds. The
groups of the reference are drawn anew as well as those of the window (the cluster bootstrap, Field and Welsh 2007),
each about its own mean, and both errors are put together. What happens to all groups at once (a season) shows in how
far real windows of the history lie from it, and widens the result.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lakehouse_assets.monitoring.windows.score_grid import CELLS, distances_on_grid, edges_of

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

#: Places of the window in the history, and windows drawn at each.
PLACES, DRAWS_EACH = 40, 150
LEAST_GROUPS = 8


def group_distances(
    values: npt.ArrayLike,
    days: Codes,
    groups: Codes,
    window_days: int,
    least_rows: int,
    random: np.random.Generator,
) -> Floats:
    """Draw distances between reference and window of one column; none where there are too few rows or groups.

    Args:
        values: The reference's rows.
        days: Their days, as numbers.
        groups: Their groups, as numbers from 0.
        window_days: Length of a window.
        least_rows: Windows with fewer rows are left out.
        random: Source of chance.
    """
    array = np.asarray(values, dtype=np.float64)
    known = np.isfinite(array)
    array, days, groups = array[known], days[known], groups[known]
    if len(array) < 2 or np.ptp(array) == 0:
        return np.empty(0)
    edges = edges_of(array)
    cells = np.clip(np.searchsorted(edges[1:-1], array, side="left"), 0, CELLS - 1)
    whole = _by_group(cells, groups)
    centre = whole.sum(axis=0) / whole.sum()
    starts = np.arange(days.min(), days.max() - window_days + 2)
    drawn, actual = [], []
    for start in random.choice(starts, size=PLACES):
        inside = (days >= start) & (days < start + window_days)
        window = _by_group(cells[inside], groups[inside])
        if inside.sum() < least_rows or len(window) < LEAST_GROUPS:
            continue
        own = window.sum(axis=0) / window.sum()
        reference = centre + _drawn_anew(whole, random) - centre
        current = centre + (_drawn_anew(window, random) - own) * _small_sample(window)
        drawn.append(distances_on_grid(reference, current, edges))
        actual.append(distances_on_grid(centre[None], own[None], edges)[0])
    if not drawn:
        return np.empty(0)
    chance = np.concatenate(drawn)
    common = float(np.sqrt(np.mean(np.square(actual)) / np.mean(np.square(chance))))
    return chance * max(common, 1.0)


def _by_group(cells: Codes, groups: Codes) -> Floats:
    """Rows of each group in each cell, groups without rows left out."""
    _, codes = np.unique(groups, return_inverse=True)
    size = int(codes.max()) + 1 if len(codes) else 0
    return np.bincount(codes * CELLS + cells, minlength=size * CELLS).reshape(size, CELLS).astype(np.float64)


def _drawn_anew(by_group: Floats, random: np.random.Generator) -> Floats:
    """Shares of the cells when whole groups are drawn with replacement: DRAWS_EACH x CELLS."""
    size = len(by_group)
    times = random.multinomial(size, np.full(size, 1 / size), size=DRAWS_EACH)
    counts = times @ by_group
    shares: Floats = counts / counts.sum(axis=1, keepdims=True)
    return shares


def _small_sample(by_group: Floats) -> float:
    """By how much few groups of unequal size make drawn errors too small (with n groups: n against n - 1)."""
    rows = by_group.sum(axis=1)
    effective = float(rows.sum() ** 2 / np.square(rows).sum())
    return float(np.sqrt(effective / max(effective - 1, 1.0)))
