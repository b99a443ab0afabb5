"""Errors of predicted numbers, in the label's unit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def rmse(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Root mean squared error."""
    return float(np.sqrt(np.mean(errors(predicted, truth) ** 2)))


def mae(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Mean absolute error."""
    return float(np.mean(np.abs(errors(predicted, truth))))


def mean_error(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Mean of prediction less truth: above zero the model says too much."""
    return float(np.mean(errors(predicted, truth)))


def errors(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> Floats:
    """Each prediction less its truth.

    Raises:
        ValueError: The shapes differ, there is no value, or one is not finite.
    """
    p, y = np.asarray(predicted, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if p.shape != y.shape or p.size == 0:
        raise ValueError(
            f"predictions have shape {p.shape} and the truth {y.shape}; the same, and at least one, is needed"
        )
    if not (np.isfinite(p).all() and np.isfinite(y).all()):
        raise ValueError("predictions and truth must be finite; leave out rows whose prediction or outcome is missing")
    return p - y
