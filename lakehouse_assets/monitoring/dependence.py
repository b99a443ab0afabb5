"""How rows that follow each other depend on each other: an autoregression, and how many independent values it leaves.

A column is taken to its normal scores (ranks, then the normal quantile), so that its distribution stays as it is and
only its dependence is modelled; the scores follow an autoregression whose order the data choose. Its long-run
variance says what a row is worth: at lag-one correlation 0.98, a hundredth of an independent value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: The longest memory that is looked for, in rows.
MOST_LAGS = 40
#: A root nearer to the unit circle than this cannot be told from a trend.
LARGEST_ROOT = 0.9995


@dataclass(frozen=True)
class Dependence:
    """An autoregression of unit variance: `coefficients` of the rows before, newest first; none: independent rows."""

    coefficients: tuple[float, ...]
    innovation: float

    @cached_property
    def rows_per_value(self) -> float:
        """Rows that are worth one independent value, for a mean: the long-run variance (the variance is 1)."""
        return self.innovation / (1 - sum(self.coefficients)) ** 2

    def simulate(self, random: np.random.Generator, series: int, rows: int) -> npt.NDArray[np.float32]:
        """Draw series x rows standard normal scores with this dependence."""
        from scipy.signal import lfilter

        warm_up = int(min(10 * max(self.rows_per_value, 1), 20_000)) if self.coefficients else 0
        noise = random.standard_normal((series, warm_up + rows), dtype=np.float32)
        if not self.coefficients:
            return noise
        gain = np.array([np.sqrt(self.innovation)], dtype=np.float32)
        recursion = np.array([1.0, *(-one for one in self.coefficients)], dtype=np.float32)
        drawn: npt.NDArray[np.float32] = lfilter(gain, recursion, noise, axis=1)[:, warm_up:]
        return drawn


def normal_scores(values: npt.ArrayLike) -> Floats:
    """Each value's rank as a standard normal quantile; ties share one. Missing values are left out."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    array = np.asarray(values, dtype=np.float64)
    known = array[np.isfinite(array)]
    scores: Floats = ndtri(rankdata(known) / (len(known) + 1))
    return scores


def fit_dependence(scores: Floats, most_lags: int = MOST_LAGS, order: int | None = None) -> Dependence:
    """Fit by Yule and Walker's equations, which always give a stationary process; the order by Schwarz's criterion.

    Args:
        scores: Values in the order of time.
        most_lags: The largest order looked at.
        order: This order and no other.
    """
    rows = len(scores)
    lags = min(most_lags if order is None else order, max(rows // 4, 0))
    covariance = _autocovariance(scores, lags)
    if covariance[0] <= 0 or lags == 0:
        return Dependence((), 1.0)
    fits = _levinson(covariance / covariance[0])
    chosen = lags if order is not None else int(np.argmin([_schwarz(rows, fit) for fit in fits]))
    return _unit(fits[chosen])


def likely_dependences(fitted: Dependence, rows: int, random: np.random.Generator, how_many: int) -> list[Dependence]:
    """Dependences that may well lie behind the one that was fitted to so many rows (a parametric bootstrap).

    A fit to a series drawn from the fitted process misses it by an error like the one that the fit itself made; taking
    that error off gives what may have been true, with the bias of short series removed (Hall 1992, the reflected form).
    """
    order = len(fitted.coefficients)
    if not order:
        return [fitted] * how_many
    centre, likely = np.array(fitted.coefficients), []
    for series in fitted.simulate(random, how_many, min(rows, 100_000)):
        again = np.array(fit_dependence(series.astype(np.float64), order=order).coefficients)
        error = (again - centre) * np.sqrt(min(rows, 100_000) / rows)
        reflected = _from_coefficients(centre - error)
        likely.append(reflected or _from_coefficients(again) or fitted)
    return likely


def _from_coefficients(coefficients: Floats) -> Dependence | None:
    """The process of unit variance with these coefficients; None if it does not settle."""
    from scipy.linalg import solve_discrete_lyapunov

    order = len(coefficients)
    companion = np.vstack([coefficients, np.eye(order)[: order - 1]])
    if np.abs(np.linalg.eigvals(companion)).max() > LARGEST_ROOT:
        return None
    # Lyapunov's equation for the variance of the state: P = A P A' + e e'.
    shock = np.zeros((order, order))
    shock[0, 0] = 1.0
    variance = float(solve_discrete_lyapunov(companion, shock, method="bilinear")[0, 0])
    return Dependence(tuple(coefficients.tolist()), 1.0 / variance) if variance > 0 else None


def _autocovariance(scores: Floats, lags: int) -> Floats:
    size = 1 << int(np.ceil(np.log2(2 * max(len(scores), 1))))
    spectrum = np.abs(np.fft.rfft(scores - scores.mean(), size)) ** 2 if len(scores) else np.zeros(1)
    found: Floats = np.fft.irfft(spectrum, size)[: lags + 1] / max(len(scores), 1)
    return found


def _levinson(correlation: Floats) -> list[tuple[Floats, float]]:
    """Coefficients and innovation variance of every order, by Levinson's and Durbin's recursion."""
    coefficients, innovation = np.empty(0), 1.0
    fits = [(coefficients, innovation)]
    for order in range(1, len(correlation)):
        partial = (correlation[order] - coefficients @ correlation[order - 1 : 0 : -1]) / innovation
        coefficients = np.append(coefficients - partial * coefficients[::-1], partial)
        innovation = max(innovation * (1 - partial**2), 1e-12)
        fits.append((coefficients, innovation))
    return fits


def _schwarz(rows: int, fit: tuple[Floats, float]) -> float:
    return rows * float(np.log(fit[1])) + len(fit[0]) * float(np.log(rows))


def _unit(fit: tuple[Floats, float]) -> Dependence:
    coefficients, innovation = fit
    return Dependence(tuple(coefficients.tolist()), float(innovation))
