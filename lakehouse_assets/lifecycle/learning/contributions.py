"""What a booster's features contribute to its predictions, by LightGBM's own SHAP values.

Source: Lundberg et al. 2020, *From local explanations to global understanding with explainable AI for trees*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lakehouse_assets.lifecycle.drawing.plots import canvas, png_of

if TYPE_CHECKING:
    import pandas as pd


def mean_contributions(booster: Any, features: pd.DataFrame) -> pd.Series:
    """The mean absolute SHAP value of each feature over the rows, largest first, on the booster's raw scale.

    Args:
        booster: A LightGBM booster with one output.
        features: n rows with the columns it learned, in that order.

    Raises:
        ValueError: There is no row, or the columns are not those that the booster learned.
    """
    import pandas as pd

    if features.empty or list(features.columns) != booster.feature_name():
        raise ValueError(
            f"mean_contributions: {len(features)} rows of {list(features.columns)}; at least one is needed, "
            f"of {booster.feature_name()}"
        )
    values = booster.predict(features.to_numpy(dtype="float64"), pred_contrib=True)[:, :-1]
    found = pd.Series(np.abs(values).mean(axis=0), index=list(features.columns), name="contribution")
    return found.sort_values(ascending=False, kind="stable")


def contributions_plot(contributions: pd.Series, title: str, most: int = 20) -> bytes:
    """Bars of the largest mean contributions, as PNG."""
    shown = contributions.iloc[:most][::-1]
    figure, axes = canvas(title, "mean absolute contribution (SHAP), raw scale", "")
    axes.barh(list(shown.index), list(shown))
    axes.tick_params(axis="y", labelsize=7)
    return png_of(figure)
