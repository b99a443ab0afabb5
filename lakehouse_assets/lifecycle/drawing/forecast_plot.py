"""A forecast against what came, over time, with its band."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lakehouse_assets.lifecycle.drawing.plots import canvas, png_of

if TYPE_CHECKING:
    import pandas as pd

#: Instants shown, the last ones: a week of quarter hours.
MOST_INSTANTS = 672


def forecast_plot(
    predictions: pd.DataFrame,
    truth: npt.ArrayLike,
    instants: pd.Series,
    title: str,
    unit: str = "",
    most: int = MOST_INSTANTS,
) -> bytes:
    """The last instants as a PNG; where several entities share an instant, their means.

    Args:
        predictions: n rows with ``prediction`` and, where there is a band, ``lower`` and ``upper``.
        truth: n truths.
        instants: n times that the rows are about.
        title: Of the plot.
        unit: Of predictions and truth.
        most: How many instants to show.
    """
    shown = [name for name in ("prediction", "lower", "upper") if name in predictions.columns]
    rows = predictions[shown].assign(truth=np.asarray(truth, dtype=np.float64), instant=instants.to_numpy())
    several = bool(rows["instant"].duplicated().any())
    line = rows.groupby("instant").mean().iloc[-most:]
    figure, axes = canvas(f"{title}, mean over entities" if several else title, "", unit if unit != "1" else "")
    if {"lower", "upper"} <= set(shown):
        axes.fill_between(line.index, line["lower"], line["upper"], alpha=0.25, linewidth=0, label="band")
    axes.plot(line.index, line["truth"], linewidth=0.8, color="black", label="truth")
    axes.plot(line.index, line["prediction"], linewidth=1.2, color="tab:orange", label="prediction")
    axes.legend(fontsize=8)
    axes.tick_params(axis="x", labelsize=7, rotation=20)
    return png_of(figure)
