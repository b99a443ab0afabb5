"""Whether probabilities come true: what was said against what came, in bins with as many rows each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lakehouse_assets.lifecycle.drawing.plots import canvas, png_of

if TYPE_CHECKING:
    import pandas as pd


def calibration_curve(predicted: npt.ArrayLike, truth: npt.ArrayLike, bins: int = 10) -> pd.DataFrame:
    """The reliability curve (Niculescu-Mizil and Caruana 2005), with bins by rank, since failures are rare.

    Args:
        predicted: n probabilities.
        truth: n labels, 0 or 1.
        bins: How many; fewer where there are fewer rows.

    Returns:
        One row per bin, ascending: ``said`` (mean probability), ``came`` (share of ones), ``n``.

    Raises:
        ValueError: There is no row, or the lengths differ.
    """
    import pandas as pd

    p, y = np.asarray(predicted, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if p.shape != y.shape or p.size == 0:
        raise ValueError(f"calibration_curve: {p.shape} probabilities, {y.shape} labels; n of each, at least one")
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, min(bins, len(order)))
    return pd.DataFrame([{"said": p[rows].mean(), "came": y[rows].mean(), "n": len(rows)} for rows in parts])


def calibration_plot(curve: pd.DataFrame, title: str) -> bytes:
    """The curve as PNG; on the line probabilities mean what they say."""
    figure, axes = canvas(title, "probability said", "share that came")
    axes.plot([0, 1], [0, 1], color="black", linewidth=0.8)
    axes.plot(curve["said"], curve["came"], marker="o", markersize=4)
    return png_of(figure)
