"""Probabilities that mean what they say, and the decision that follows from what a wrong one costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_LEAST_OF_EACH = 5
_EDGE = 1e-6


@dataclass(frozen=True)
class PlattScaling:
    """A score's logit times ``slope`` plus ``intercept`` is the logit of the probability."""

    slope: float
    intercept: float

    def __call__(self, scores: npt.ArrayLike) -> Floats:
        """Turn n scores between 0 and 1 into n probabilities; their order stays."""
        z = self.slope * _logit(scores) + self.intercept
        probabilities: Floats = 1.0 / (1.0 + np.exp(-z))
        return probabilities


def fit_platt(scores: npt.ArrayLike, label: npt.ArrayLike) -> PlattScaling:
    """Fit the two numbers on scores of rows that the scoring model did not learn from.

    Newton's method on the log loss with Platt's smoothed targets, so that separable scores do not run away. Two
    parameters and not an isotonic step function, since failures are few and steps would tie the ranking.

    Source: Platt 1999, *Probabilistic outputs for support vector machines*; Lin, Lin and Weng 2007, *A note on Platt's
    probabilistic outputs*. On logits it is the beta calibration of Kull et al. 2017 with one slope.

    Args:
        scores: n scores between 0 and 1, out of fold.
        label: n labels, 0 or 1.

    Raises:
        ValueError: The arrays differ, hold something else, or fewer than 5 rows of a class.
    """
    x, y = _logit(scores), np.asarray(label, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or not np.isin(y, (0.0, 1.0)).all():
        raise ValueError(f"fit_platt: {x.shape} scores and {y.shape} labels; n of each, labels 0 or 1")
    ones = float(y.sum())
    zeros = len(y) - ones
    if min(ones, zeros) < _LEAST_OF_EACH:
        raise ValueError(f"fit_platt: {ones:.0f} rows with label 1 and {zeros:.0f} with 0; 5 of each are needed")
    target = np.where(y == 1.0, (ones + 1.0) / (ones + 2.0), 1.0 / (zeros + 2.0))
    design = np.column_stack([x, np.ones_like(x)])
    beta = np.array([0.0, np.log((ones + 1.0) / (zeros + 1.0))])
    loss = _log_loss(design @ beta, target)
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-design @ beta))
        gradient = design.T @ (p - target)
        hessian = (design * (p * (1.0 - p))[:, None]).T @ design + 1e-10 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while _log_loss(design @ (beta - size * step), target) > loss and size > 1e-8:
            size /= 2.0
        beta = beta - size * step
        after = _log_loss(design @ beta, target)
        if loss - after < 1e-10 * max(1.0, loss):
            break
        loss = after
    return PlattScaling(float(beta[0]), float(beta[1]))


def alarm_threshold(cost_of_miss: float, cost_of_false_alarm: float) -> float:
    """The probability from which an alarm is the cheaper mistake to risk.

    An alarm costs ``(1 - p) * cost_of_false_alarm``, silence ``p * cost_of_miss``; they are equal at the ratio given.
    Source: Elkan 2001, *The foundations of cost-sensitive learning*, theorem 1.

    Raises:
        ValueError: A cost is not positive.
    """
    if not (cost_of_miss > 0 and cost_of_false_alarm > 0):
        raise ValueError(f"alarm_threshold: costs {cost_of_miss} and {cost_of_false_alarm}; both must be positive")
    return cost_of_false_alarm / (cost_of_false_alarm + cost_of_miss)


def _logit(scores: npt.ArrayLike) -> Floats:
    s = np.asarray(scores, dtype=np.float64)
    if not ((s >= 0) & (s <= 1)).all():
        raise ValueError("scores must lie between 0 and 1; pass the model's probabilities, not its raw margin")
    clipped = np.clip(s, _EDGE, 1.0 - _EDGE)
    logit: Floats = np.log(clipped / (1.0 - clipped))
    return logit


def _log_loss(z: Floats, target: Floats) -> float:
    return float(np.sum(np.logaddexp(0.0, z) - target * z))
