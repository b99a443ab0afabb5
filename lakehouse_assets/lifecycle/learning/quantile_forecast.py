"""A forecast with a band: one booster per quantile, put in order, widened until the band covers what it promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

QUANTILES: tuple[float, ...] = (0.1, 0.5, 0.9)

PARAMS: Mapping[str, str | int | float | bool] = MappingProxyType(
    {
        "learning_rate": 0.05,
        "num_leaves": 15,
        "min_data_in_leaf": 100,
        "feature_fraction": 0.7,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "max_bin": 127,
        "seed": 1,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
)
"""LightGBM's settings, chosen on the months before August (docs/energy_model.md)."""

NUM_ROUNDS: int = 100
CALIBRATION_DAYS: int = 42


@dataclass(frozen=True)
class QuantileForecast:
    """Boosters by quantile, and by how much each outer quantile is moved outwards.

    ``calibration_mae`` is the median's mean absolute error in the days of calibration, by the model that had not seen
    them; NaN where none were kept apart.
    """

    boosters: Mapping[float, Any]
    widening: Mapping[float, float]
    minimum: float | None = 0.0
    calibration_mae: float = float("nan")

    def predict(self, features: pd.DataFrame) -> Floats:
        """Give n rows x quantiles in the label's unit: in order, none below the minimum."""
        x = features.to_numpy("float64")
        predicted = {q: b.predict(x) if len(x) else np.empty(0) for q, b in self.boosters.items()}
        return ordered(predicted, self.widening, self.minimum)


def fit_quantiles(
    features: pd.DataFrame,
    label: npt.ArrayLike,
    days: pd.Series,
    params: Mapping[str, Any] = PARAMS,
    rounds: int = NUM_ROUNDS,
    quantiles: Sequence[float] = QUANTILES,
    progress: Callable[[str], None] = lambda _: None,
    calibration_days: int = CALIBRATION_DAYS,
    minimum: float | None = 0.0,
) -> QuantileForecast:
    """Fit on all rows, with the band widened by what models that had not seen the last days were short of in them.

    Conformalized quantile regression (Romano, Patterson and Candes 2019), each side of the median apart. Its promise
    is for exchangeable days; load that drifts is only covered as well as the last weeks were.

    Args:
        features: n rows of numbers, NaN where unknown.
        label: n values, all finite.
        days: The n rows' days.
        params: LightGBM's parameters without objective and alpha.
        rounds: Number of trees of each booster.
        quantiles: Between 0 and 1, ascending, 0.5 among them.
        progress: Is told in words how far it has come.
        calibration_days: How many days at the end the widening is found on; The final model learns from them too.
        minimum: No quantile lies below; None sets no such limit.

    Raises:
        ValueError: The quantiles are not as said, or all days are needed for the calibration.
    """
    check_quantiles(quantiles)
    x, y = features.to_numpy("float64"), np.asarray(label, dtype=np.float64)
    last = np.asarray(days >= days.max() - np.timedelta64(calibration_days - 1, "D"))
    if last.all() or not np.isfinite(y).all():
        raise ValueError(
            f"fit_quantiles: {days.nunique()} days and {int((~np.isfinite(y)).sum())} rows without a label; more than "
            f"{calibration_days} days, all with a label, are needed"
        )

    def boosters(rows: npt.NDArray[np.bool_], what: str) -> dict[float, Any]:
        return quantile_boosters(
            features[rows], y[rows], params, rounds, quantiles, lambda said: progress(f"{what}: {said}")
        )

    tried = {quantile: booster.predict(x[last]) for quantile, booster in boosters(~last, "calibration").items()}
    inner = ordered(tried, {}, minimum)
    widening = {
        quantile: _short_of(inner[:, n] - y[last] if quantile < 0.5 else y[last] - inner[:, n], quantile)
        for n, quantile in enumerate(quantiles)
        if quantile != 0.5
    }
    missed = float(np.mean(np.abs(inner[:, list(quantiles).index(0.5)] - y[last])))
    return QuantileForecast(boosters(np.ones(len(y), dtype=bool), "final model"), widening, minimum, missed)


def quantile_boosters(
    features: pd.DataFrame,
    label: Floats,
    params: Mapping[str, Any],
    rounds: int,
    quantiles: Sequence[float],
    progress: Callable[[str], None] = lambda _: None,
) -> dict[float, Any]:
    """Train one booster for each quantile, on all rows."""
    import lightgbm

    x, found = features.to_numpy("float64"), {}
    for quantile in quantiles:
        progress(f"quantile {quantile} on {len(x):,} rows")
        data = lightgbm.Dataset(x, label, feature_name=list(features.columns))
        found[quantile] = lightgbm.train({**params, "objective": "quantile", "alpha": quantile}, data, rounds)
    return found


def check_quantiles(quantiles: Sequence[float]) -> None:
    """Refuse quantiles that make no band.

    Raises:
        ValueError: They do not ascend between 0 and 1, or 0.5 is not among them.
    """
    if list(quantiles) != sorted(set(quantiles)) or 0.5 not in quantiles or not 0 < quantiles[0] <= quantiles[-1] < 1:
        raise ValueError(f"quantiles {tuple(quantiles)}; ascending, between 0 and 1, 0.5 among them, are needed")


def ordered(predicted: Mapping[float, Floats], widening: Mapping[float, float], minimum: float | None = 0.0) -> Floats:
    """Widen, keep the median, let no quantile cross its neighbour towards it, and none lie below the minimum."""
    quantiles = sorted(predicted)
    table = np.column_stack(
        [predicted[q] + (widening.get(q, 0.0) if q > 0.5 else -widening.get(q, 0.0)) for q in quantiles]
    )
    middle = quantiles.index(0.5)
    upper = np.maximum.accumulate(table[:, middle:], axis=1)
    lower = np.minimum.accumulate(table[:, middle::-1], axis=1)[:, ::-1]
    table = np.column_stack([lower[:, :-1], upper])
    return table if minimum is None else np.maximum(table, minimum, out=table)


def coverage(lower: npt.ArrayLike, upper: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Share of truths between the two bounds, those on a bound counted in."""
    y = np.asarray(truth)
    return float(np.mean((np.asarray(lower) <= y) & (y <= np.asarray(upper))))


def pinball_loss(predicted: npt.ArrayLike, truth: npt.ArrayLike, quantile: float) -> float:
    """Mean quantile loss in the label's unit (Koenker and Bassett 1978); at 0.5 half the mean absolute error."""
    error = np.asarray(truth, dtype=np.float64) - np.asarray(predicted, dtype=np.float64)
    return float(np.mean(np.maximum(quantile * error, (quantile - 1.0) * error)))


def _short_of(shortfall: Floats, quantile: float) -> float:
    """By how much the bound must move so that it holds as often as promised; negative if it holds more often."""
    held = max(quantile, 1.0 - quantile)
    rank = min(int(np.ceil((len(shortfall) + 1) * held)), len(shortfall))
    return float(np.sort(shortfall)[rank - 1])
