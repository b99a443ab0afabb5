"""A yes-or-no model of gradient boosted trees whose output is a calibrated probability."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lakehouse_assets.lifecycle.learning.probability import PlattScaling, fit_platt

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

FOLDS = 5


@dataclass(frozen=True)
class CalibratedClassifier:
    """Booster and calibration; ``out_of_fold`` holds the calibrated probability of each training row."""

    booster: Any
    calibration: PlattScaling
    out_of_fold: Floats

    def predict(self, features: pd.DataFrame) -> Floats:
        """Give n probabilities for n rows with the columns that the booster learned, in that order."""
        return self.calibration(self.booster.predict(features.to_numpy(dtype="float64")))


def fit_classifier(
    features: pd.DataFrame,
    label: npt.ArrayLike,
    params: Mapping[str, Any],
    rounds: int,
    progress: Callable[[str], None] = lambda _: None,
    seed: int = 1,
    folds: int = FOLDS,
    groups: npt.ArrayLike | None = None,
) -> CalibratedClassifier:
    """Train on all rows, and calibrate on what models that did not see a row say of it.

    Args:
        features: n rows of numbers, NaN where unknown.
        label: n labels, 0 or 1.
        params: LightGBM's parameters, objective ``binary``.
        rounds: Number of trees.
        progress: Is told in words how far it has come.
        seed: Deals the rows to the folds.
        folds: How many.
        groups: n names; rows of one group depend on each other and stay in one fold. None: each row alone.

    Raises:
        ValueError: A class has fewer than 5 rows or, without groups, than folds; a label is neither 0 nor 1.
    """
    import lightgbm

    y = np.asarray(label, dtype=np.int64)
    x = features.to_numpy(dtype="float64")

    def booster(rows: npt.NDArray[np.bool_]) -> Any:
        data = lightgbm.Dataset(x[rows], y[rows], feature_name=list(features.columns))
        return lightgbm.train(dict(params), data, rounds)

    scores = np.full(len(y), np.nan)
    dealt = stratified_folds(y, folds, seed) if groups is None else grouped_folds(y, groups, folds, seed)
    for number, inside in enumerate(dealt):
        progress(f"calibration: fold {number + 1} of {folds}")
        scores[inside] = booster(~inside).predict(x[inside])
    calibration = fit_platt(scores, y)
    progress(f"final model on {len(y):,} rows, {y.sum():,} of them with label 1")
    return CalibratedClassifier(booster(np.ones(len(y), dtype=bool)), calibration, calibration(scores))


def stratified_folds(label: Labels, folds: int, seed: int) -> Iterator[npt.NDArray[np.bool_]]:
    """Deal the rows of each class to the folds in random order; yields which rows each fold holds.

    Raises:
        ValueError: A class has fewer rows than there are folds.
    """
    place = np.empty(len(label), dtype=np.int64)
    draw = np.random.default_rng(seed)
    for value in (0, 1):
        rows = np.flatnonzero(label == value)
        if len(rows) < folds:
            raise ValueError(f"stratified_folds: {len(rows)} rows with label {value}, {folds} folds need one each")
        place[draw.permutation(rows)] = np.arange(len(rows)) % folds
    for fold in range(folds):
        yield place == fold


def grouped_folds(label: Labels, groups: npt.ArrayLike, folds: int, seed: int) -> Iterator[npt.NDArray[np.bool_]]:
    """Deal whole groups to the folds in random order, those with a 1 apart from those without.

    Raises:
        ValueError: There are fewer groups than folds.
    """
    names, place = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < folds:
        raise ValueError(f"grouped_folds: {len(names)} groups, {folds} folds need one each")
    has_one = np.bincount(place, weights=label, minlength=len(names)) > 0
    order = np.random.default_rng(seed).permutation(len(names))
    # A stable sort of the random order: groups with a 1 come first and are dealt evenly, then the others.
    order = order[np.argsort(~has_one[order], kind="stable")]
    fold_of = np.empty(len(names), dtype=np.int64)
    fold_of[order] = np.arange(len(names)) % folds
    for fold in range(folds):
        yield fold_of[place] == fold
