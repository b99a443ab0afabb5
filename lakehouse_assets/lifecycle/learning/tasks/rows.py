"""What every task asks of its training rows, refused in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

    from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings

Floats = npt.NDArray[np.float64]


def checked_label(task: str, features: pd.DataFrame, label: pd.Series, settings: ModelSettings) -> Floats:
    """The labels as numbers, one for each row, all there.

    Raises:
        ValueError: There is no feature, too few rows, or a label is missing or infinite.
    """
    y = np.asarray(label, dtype=np.float64)
    if not len(features.columns) or len(y) != len(features):
        raise ValueError(f"{task}: {features.shape} rows and features, {len(y)} labels; n rows of features, n labels")
    if len(y) < settings.least_groups:
        raise ValueError(
            f"{task}: {len(y)} training rows have a label so far, at least {settings.least_groups} are needed: "
            "materialise more days before training"
        )
    if not np.isfinite(y).all():
        raise ValueError(
            f"{task}: {int((~np.isfinite(y)).sum())} of {len(y)} labels are missing or infinite; train only on rows "
            "whose label is known"
        )
    return y


def checked_groups(task: str, groups: pd.Series | None, n: int, settings: ModelSettings) -> pd.Series:
    """The rows' groups; each row alone where none are given.

    Raises:
        ValueError: The groups are too few, or not one for each row.
    """
    import pandas as pd

    if groups is None:
        return pd.Series(np.arange(n))
    if len(groups) != n or groups.isna().any():
        raise ValueError(f"{task}: {len(groups)} groups, {int(groups.isna().sum())} of them null; one for each row")
    if groups.nunique() < settings.least_groups:
        raise ValueError(
            f"{task}: the training rows are of {groups.nunique()} {groups.name or 'groups'} so far, at least "
            f"{settings.least_groups} are needed: materialise more days before training"
        )
    return groups


def within(values: Floats, settings: ModelSettings) -> Floats:
    """Values moved to the settings' minimum and maximum where they lie outside."""
    low = -np.inf if settings.minimum is None else settings.minimum
    high = np.inf if settings.maximum is None else settings.maximum
    clipped: Floats = np.clip(values, low, high)
    return clipped
