"""How well probabilities rank what came above what did not, in numpy.

The same figures as scikit-learn's, which checks its input for longer than it computes: 5,000 rows take 1.3 ms there for
the average precision and 2.3 for the area, and here about a fifth. A bootstrap asks some thousand times.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def average_precision(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Mean precision over the steps of recall; NaN where only one class came.

    Args:
        predicted: n probabilities.
        truth: n labels, 0 or 1.
    """
    alarms, hits = _cumulative(predicted, truth)
    if not 0 < hits[-1] < alarms[-1]:
        return float("nan")
    return float(np.sum(np.diff(hits, prepend=0.0) * hits / alarms) / hits[-1])


def area_under_curve(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """How often a row with label 1 ranks above one with 0, ties counting half; NaN where only one class came."""
    alarms, hits = _cumulative(predicted, truth)
    if not 0 < hits[-1] < alarms[-1]:
        return float("nan")
    false = alarms - hits
    found = np.diff(hits, prepend=0.0)
    below = false[-1] - false + np.diff(false, prepend=0.0) / 2
    return float(np.sum(found * below) / (hits[-1] * false[-1]))


def _cumulative(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Alarms and hits at every threshold, descending; rows of one probability are alarmed together."""
    p, y = np.asarray(predicted, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if p.shape != y.shape or not len(p):
        raise ValueError(f"ranking: {p.shape} probabilities, {y.shape} labels; n of each, at least one")
    order = np.argsort(-p)
    ordered = p[order]
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    return (ends + 1).astype(np.float64), np.cumsum(y[order])[ends]
