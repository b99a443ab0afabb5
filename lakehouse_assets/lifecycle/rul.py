"""Remaining useful life: the label, cuts that make a failed engine look like one in service, metrics, and settings.

How the settings were found, and what did not help, stands in docs/turbofan_model.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

RUL_CAP: float = 130.0
"""Cycles. Long before failure the sensors say nothing about it, so the model learns a longer life as this one (Heimes
2008, *Recurrent neural networks for remaining useful life estimation*). Chosen by cross-validation among 125 to 150."""

REPORTED_CAP: float = 125.0
"""Cycles. Where papers on C-MAPSS cap the truth; :func:`rmse_capped` does so to be comparable."""

FIRST_CUT: int = 20
"""An engine in service has flown this many cycles before its life is estimated."""

LAST_CUT: int = 5
"""An engine is still in service this many cycles before its failure."""

LONGEST_RUL: int = 150
"""Engines are cut at most this many cycles before failure: further away only the cap would be measured."""

DEFAULT_PARAMS: Mapping[str, str | int | float | bool] = MappingProxyType(
    {
        "objective": "l2",
        "learning_rate": 0.03,
        "num_leaves": 15,
        "min_data_in_leaf": 20,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.25,
        "bagging_freq": 1,
        "path_smooth": 5.0,
        "lambda_l2": 1.0,
        "max_bin": 127,
        "seed": 1,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,  # the fit takes seconds; threads that wait for a busy core made it several times slower
        "verbosity": -1,
    }
)
"""LightGBM's settings; the same seed and data give the same model."""

NUM_ROUNDS: int = 700
"""Boosting rounds; fixed by cross-validation, so no engine need be kept from training to stop early."""

TRAIN_EVERY: int = 3
"""Neighbouring cycles say nearly the same: training on every third of an engine's rows loses nothing and is faster."""

Floats = npt.NDArray[np.float64]


def remaining_life(cycle: npt.ArrayLike, last_cycle: npt.ArrayLike) -> Floats:
    """Give the cycles left after each cycle of engines that failed.

    Args:
        cycle: n cycle numbers.
        last_cycle: The engine's last cycle, n or one.

    Returns:
        n remaining lives in cycles; 0 in the last cycle, which was flown.

    Raises:
        ValueError: A cycle lies after its engine's last one.
    """
    left: Floats = np.asarray(last_cycle, dtype=np.float64) - np.asarray(cycle, dtype=np.float64)
    if (left < 0).any():
        raise ValueError(
            f"remaining_life: {int((left < 0).sum())} cycles lie after their engine's last one; is it the right engine?"
        )
    return left


def training_label(remaining: npt.ArrayLike, cap: float = RUL_CAP) -> Floats:
    """Give what the model learns: the remaining life, in cycles, but at most ``cap``."""
    return np.minimum(np.asarray(remaining, dtype=np.float64), cap)


def random_cuts(
    engines: pd.DataFrame,
    seed: int,
    cuts_per_engine: int = 1,
    first_cut: int = FIRST_CUT,
    last_cut: int = LAST_CUT,
    longest_rul: int = LONGEST_RUL,
) -> pd.DataFrame:
    """Cut engines that failed at random, as if they were still in service.

    Cut cycles are uniform over those with at least ``first_cut`` cycles flown and ``last_cut`` to ``longest_rul``
    left, drawn without replacement. An engine's cuts depend on ``seed`` and its own id only, so that adding an
    engine leaves the cuts of the others as they were.

    Args:
        engines: One row per failed engine: ``engine_id`` and ``last_cycle``.
        seed: Any integer.
        cuts_per_engine: How many cuts; an engine with fewer possible cycles gives all of them.

    Returns:
        ``engine_id``, ``cycle`` (the last one seen) and ``rul`` (cycles left, not capped), ordered by the first two.
        An engine that failed too young to be cut gives no row.

    Raises:
        ValueError: An engine is named twice, or ``cuts_per_engine`` is less than 1.
    """
    if cuts_per_engine < 1:
        raise ValueError(f"random_cuts: cuts_per_engine is {cuts_per_engine}; at least 1 is needed")
    if engines["engine_id"].duplicated().any():
        twice = engines.loc[engines["engine_id"].duplicated(), "engine_id"].iloc[0]
        raise ValueError(f"random_cuts: {twice} is named twice; pass one row per engine")
    cuts: list[tuple[str, int, float]] = []
    for engine_id, last in sorted(zip(engines["engine_id"], engines["last_cycle"], strict=True)):
        possible = np.arange(max(first_cut, int(last) - longest_rul), int(last) - last_cut + 1)
        draw = np.random.default_rng([seed % 2**63, *engine_id.encode()])
        chosen = draw.permutation(possible)[:cuts_per_engine]
        cuts.extend((engine_id, int(cycle), float(int(last) - cycle)) for cycle in sorted(chosen))
    return pd.DataFrame(cuts, columns=["engine_id", "cycle", "rul"]).astype(
        {"engine_id": "str", "cycle": "int64", "rul": "float64"}
    )


def rmse(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Root mean squared error in cycles; the truth is not capped."""
    return float(np.sqrt(np.mean(np.square(_errors(predicted, truth)))))


def rmse_capped(predicted: npt.ArrayLike, truth: npt.ArrayLike, cap: float = REPORTED_CAP) -> float:
    """Root mean squared error in cycles against the truth capped at ``cap``, as most papers on C-MAPSS report it."""
    return rmse(predicted, training_label(_finite(truth), cap))


def mae(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Mean absolute error in cycles."""
    return float(np.mean(np.abs(_errors(predicted, truth))))


def nasa_score(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
    """Sum of exponential penalties over engines, where promising too long a life costs more than too short a one.

    ``exp(-d / 13) - 1`` for a prediction that is early by ``-d`` cycles, ``exp(d / 10) - 1`` for one that is late by
    ``d``; 0 is perfect. Grows with the number of engines. Source: Saxena, Goebel, Simon and Eklund 2008, *Damage
    propagation modeling for aircraft engine run-to-failure simulation*, PHM08.
    """
    late = _errors(predicted, truth)
    return float(np.sum(np.expm1(np.where(late < 0, -late / 13.0, late / 10.0))))


def _errors(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> Floats:
    p = np.asarray(predicted, dtype=np.float64)
    t = np.asarray(truth, dtype=np.float64)
    if p.shape != t.shape or p.size == 0:
        raise ValueError(
            f"predictions have shape {p.shape} and the truth {t.shape}; the same, and at least one, is needed"
        )
    return _finite(p) - _finite(t)


def _finite(values: npt.ArrayLike) -> Floats:
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError("predictions and truth must be finite; find the engine whose prediction or outcome is missing")
    return numbers
