"""What a model has to beat: predictions that take no learning, in the same columns as the model's own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

#: The mean of the training labels for every row: of labels 0 and 1 that is how often the 1 comes, the prior.
MEAN, PRIOR = "mean", "prior"


def baseline_predictions(
    kind: str,
    training: pd.DataFrame,
    label: pd.Series,
    rows: pd.DataFrame,
    outputs: Sequence[str] = ("prediction",),
    coverage: float = 0.8,
    threshold: float = 0.5,
) -> pd.DataFrame:
    """Predict n rows without a model.

    Args:
        kind: ``mean`` (or ``prior``) of the training labels, or a feature that is the prediction itself, such as what
            was measured at the same hour a week before. Where that feature is missing, the mean stands in.
        training: The training rows' features.
        label: Their labels.
        rows: The n rows to predict, with features.
        outputs: The columns that the model gives: ``prediction``, and ``lower`` and ``upper`` or ``alarm``.
        coverage: Of the band: the quantiles of what the labels were off the baseline in training.
        threshold: An alarm is a prediction of at least this.

    Returns:
        The outputs, in the order and with the index of `rows`.

    Raises:
        ValueError: there is no training row, or no feature of that name.
    """
    known = np.asarray(label, dtype=np.float64)
    if not len(known):
        raise ValueError("baseline: there is no training label to take the mean of; materialise more days")
    mean = float(known.mean())
    before, now = (_predicted(kind, mean, part) for part in (training, rows))
    off = known - before
    below, above = np.quantile(off, [(1 - coverage) / 2, (1 + coverage) / 2])
    every = {"prediction": now, "lower": now + below, "upper": now + above, "alarm": now >= threshold}
    return pd.DataFrame({name: every[name] for name in outputs}, index=rows.index)


def _predicted(kind: str, mean: float, rows: pd.DataFrame) -> pd.Series:
    if kind in (MEAN, PRIOR):
        return pd.Series(mean, index=rows.index, dtype="float64")
    if kind not in rows.columns:
        raise ValueError(
            f"baseline: {kind!r} is neither {MEAN} nor {PRIOR} nor a feature; expected one of {sorted(rows.columns)}"
        )
    return rows[kind].astype("float64").fillna(mean)
