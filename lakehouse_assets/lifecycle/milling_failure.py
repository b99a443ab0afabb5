"""Settings of the model of milling failures, and its metrics. How they were found: docs/milling_model.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

COST_OF_MISS: float = 2.0
COST_OF_FALSE_ALARM: float = 1.0
"""Stated, not found: a failure nobody expected costs two needless stops to look. Alarm from probability 1/3."""

PARAMS: Mapping[str, str | int | float | bool] = MappingProxyType(
    {
        "objective": "binary",
        "learning_rate": 0.05,
        "num_leaves": 15,
        "min_data_in_leaf": 10,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
        # Products fail beyond sharp physical limits; with the usual 255 bins a limit falls in the middle of a bin.
        "max_bin": 4095,
        "min_data_in_bin": 1,
        "seed": 1,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }
)
"""LightGBM's settings; the same seed and data give the same model."""

NUM_ROUNDS: int = 200


def f1_at(threshold: float) -> Callable[[npt.ArrayLike, npt.ArrayLike], float]:
    """F1 of alarms from this probability on, as a function of predictions and truth."""

    def f1(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> float:
        from sklearn.metrics import f1_score

        return float(f1_score(truth, np.asarray(predicted) >= threshold, zero_division=0.0))

    return f1


def metrics(threshold: float) -> dict[str, Callable[[npt.ArrayLike, npt.ArrayLike], float]]:
    """F1, average precision, area under the ROC curve and Brier score, each of predictions and truth."""
    from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

    return {
        "f1": f1_at(threshold),
        "average_precision": lambda p, y: float(average_precision_score(y, p)),
        "auc": lambda p, y: float(roc_auc_score(y, p)),
        "brier": lambda p, y: float(brier_score_loss(y, p)),
    }
