"""An uncertainty band around a prediction, from the errors on rows of groups that the model did not learn from.

Split conformal prediction (Vovk, Gammerman and Shafer 2005; Lei et al. 2018, *Distribution-free predictive inference
for regression*), done apart in bins of the prediction (Mondrian conformal; Vovk 2012): an engine's remaining life is
known to a few cycles near failure and to tens far from it, and one width for all would be wrong for both.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

COVERAGE: float = 0.8
"""Share of the rows whose truth the band should hold."""

MOST_BINS: int = 8
LEAST_PER_BIN: int = 40
"""Fewer errors than this per bin, and its quantiles are noise."""

Floats = npt.NDArray[np.float64]


def fit_band(predicted: npt.ArrayLike, truth: npt.ArrayLike, coverage: float = COVERAGE) -> pd.DataFrame:
    """Find how far below and above a prediction the truth lies, depending on the prediction.

    Both tails get half of what the band may miss, each with the finite-sample correction of conformal prediction, so
    that coverage holds on average over groups exchangeable with these. Several rows of one group (engine) are not
    independent: pass the same number of rows for each.

    Args:
        predicted: n predictions for rows that the model was not trained on (held out or out of fold).
        truth: Their n true values, in the same unit.
        coverage: Share to be covered, between 0 and 1.

    Returns:
        One row per bin, ordered by prediction: ``predicted_from`` (the bin's lower edge; -inf in the first),
        ``below`` and ``above`` (the quantiles of truth less prediction), ``n``.

    Raises:
        ValueError: The arrays differ in length, hold fewer than 10 rows or a value that is not finite, or ``coverage``
            does not lie between 0 and 1.
    """
    p = np.asarray(predicted, dtype=np.float64)
    t = np.asarray(truth, dtype=np.float64)
    if not 0.0 < coverage < 1.0:
        raise ValueError(f"fit_band: coverage is {coverage}; a share between 0 and 1 is needed")
    if p.ndim != 1 or p.shape != t.shape or len(p) < 10:
        raise ValueError(
            f"fit_band: {p.shape} predictions and {t.shape} truths; two lists of the same length, at least 10"
        )
    if not (np.isfinite(p).all() and np.isfinite(t).all()):
        raise ValueError("fit_band: predictions and truth must be finite")
    edges = _edges(np.sort(p))
    place = np.searchsorted(edges, p, side="right")
    rows = []
    for number, edge in enumerate([-np.inf, *edges]):
        residuals = np.sort((t - p)[place == number])
        below, above = _conformal_quantiles(residuals, coverage)
        rows.append({"predicted_from": float(edge), "below": below, "above": above, "n": len(residuals)})
    return pd.DataFrame(rows)


def apply_band(predicted: npt.ArrayLike, band: pd.DataFrame, minimum: float | None = 0.0) -> tuple[Floats, Floats]:
    """Give the band around each prediction.

    Args:
        predicted: n predictions.
        band: What :func:`fit_band` gives.
        minimum: No bound lies below; None sets no such limit.

    Returns:
        n lower and n upper bounds, ``minimum <= lower <= upper``.

    Raises:
        ValueError: The band is empty or lacks a column.
    """
    missing = [column for column in ("predicted_from", "below", "above") if column not in band.columns]
    if missing or band.empty:
        raise ValueError(
            f"apply_band: a band needs rows and the columns predicted_from, below and above; missing {missing}"
        )
    p = np.asarray(predicted, dtype=np.float64)
    place = np.searchsorted(band["predicted_from"].to_numpy(dtype=np.float64), p, side="right") - 1
    lower = np.maximum(p + band["below"].to_numpy(dtype=np.float64)[place], -np.inf if minimum is None else minimum)
    upper = np.maximum(p + band["above"].to_numpy(dtype=np.float64)[place], lower)
    return lower, upper


def _edges(ordered: Floats) -> list[float]:
    """Inner edges of bins of about the same size. Equal predictions share one, so there may be fewer."""
    n = len(ordered)
    size = max(LEAST_PER_BIN, n / MOST_BINS)
    edges: list[float] = []
    begin = 0
    for wanted in np.arange(size, n, size):
        edge = float(ordered[int(wanted)])
        place = int(np.searchsorted(ordered, edge))
        if place - begin >= LEAST_PER_BIN and n - place >= LEAST_PER_BIN:
            edges.append(edge)
            begin = place
    return edges


def _conformal_quantiles(residuals: Floats, coverage: float) -> tuple[float, float]:
    """Between which of the sorted residuals a new one falls with this probability; the outermost if they are few."""
    n = len(residuals)
    rank = math.ceil((n + 1) * (1.0 + coverage) / 2.0)
    place = min(rank, n) - 1
    return float(residuals[n - 1 - place]), float(residuals[place])
