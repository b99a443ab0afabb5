"""Rows to learn from and rows to measure on, for a search: by group, by time, or row by row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from lakehouse_assets.lifecycle.learning.calibrated_classifier import grouped_folds, stratified_folds
from lakehouse_assets.lifecycle.learning.tuning import Split

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.learning.training_rows import TrainingRows

By = Literal["group", "time", "rows"]


def splits_of(rows: TrainingRows, by: By, folds: int, seed: int = 1) -> list[Split]:
    """The splits of training rows that a use case asks for.

    Args:
        rows: The rows.
        by: ``group`` (rows of one group stay together), ``time`` (what comes later is never learned from) or ``rows``
            (at random, each class evenly where the label is 0 or 1).
        folds: How many splits.
        seed: Deals groups and rows.

    Raises:
        ValueError: The groups, days or rows are too few, or groups are asked for and none are there.
    """
    if by == "group":
        if rows.groups is None:
            raise ValueError("splits by group: the training rows have no groups; name a column to fold by")
        return group_folds(rows.groups, folds, seed)
    if by == "time":
        return expanding_windows(rows.days, folds)
    return random_folds(rows.label, folds, seed)


def group_folds(groups: npt.ArrayLike, folds: int, seed: int = 1) -> list[Split]:
    """Whole groups dealt to the folds in random order; each fold is measured on once."""
    names = np.asarray(groups)
    return list(_each(grouped_folds(np.zeros(len(names), dtype=np.int64), names, folds, seed)))


def random_folds(label: npt.ArrayLike, folds: int, seed: int = 1) -> list[Split]:
    """Rows dealt at random, each class evenly where the label is 0 or 1."""
    y = np.asarray(label, dtype=np.float64)
    if np.isin(y, (0.0, 1.0)).all() and len(np.unique(y)) == 2:
        return list(_each(stratified_folds(y.astype(np.int64), folds, seed)))
    return group_folds(np.arange(len(y)), folds, seed)


def expanding_windows(days: npt.ArrayLike, folds: int) -> list[Split]:
    """The days in ``folds + 1`` stretches: each but the first is measured on, after learning from all before it.

    Raises:
        ValueError: There are fewer days than stretches.
    """
    import pandas as pd

    at = pd.to_datetime(pd.Series(np.asarray(days)))
    stretches = np.array_split(np.sort(at.unique()), folds + 1)
    if not len(stretches[-1]):
        raise ValueError(f"splits by time: {at.nunique()} days; {folds} windows need {folds + 1} at least")
    found = []
    for stretch in stretches[1:]:
        inside = ((at >= stretch[0]) & (at <= stretch[-1])).to_numpy()
        found.append((np.flatnonzero((at < stretch[0]).to_numpy()), np.flatnonzero(inside)))
    return found


def _each(folds: Iterator[npt.NDArray[np.bool_]]) -> Iterator[Split]:
    for inside in folds:
        yield np.flatnonzero(~inside), np.flatnonzero(inside)
