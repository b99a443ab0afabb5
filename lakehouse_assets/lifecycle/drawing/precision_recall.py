"""How many alarms are right and how many failures are found, for every threshold, and at the one in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lakehouse_assets.lifecycle.drawing.plots import canvas, png_of

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]


def precision_recall(predicted: npt.ArrayLike, truth: npt.ArrayLike) -> pd.DataFrame:
    """Precision and recall at every threshold that a row sets.

    Args:
        predicted: n probabilities.
        truth: n labels, 0 or 1, at least one of them 1.

    Returns:
        ``threshold`` (descending; an alarm is a probability of at least this), ``precision``, ``recall``.

    Raises:
        ValueError: no label is 1.
    """
    import pandas as pd

    p, y = np.asarray(predicted, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    if not (y == 1).any():
        raise ValueError(f"precision_recall: none of {len(y)} labels is 1, so there is nothing to find")
    order = np.argsort(-p, kind="stable")
    sorted_p, found = p[order], np.cumsum(y[order])
    # Rows of one probability are alarmed together: only the last of them is a threshold.
    ends = np.flatnonzero(np.append(np.diff(sorted_p) != 0, True))
    return pd.DataFrame(
        {"threshold": sorted_p[ends], "precision": found[ends] / (ends + 1), "recall": found[ends] / found[-1]}
    )


def precision_recall_plot(curve: pd.DataFrame, share: float, threshold: float | None, title: str) -> bytes:
    """The curve as PNG, with the point of the threshold in use, and the share of ones as what chance reaches."""
    figure, axes = canvas(title, "recall (failures found)", "precision (alarms that are right)")
    axes.step(curve["recall"], curve["precision"], where="pre")
    axes.axhline(share, color="grey", linewidth=0.8, linestyle="--", label=f"chance {share:.3f}")
    alarmed = curve[curve["threshold"] >= threshold] if threshold is not None else curve.iloc[:0]
    if len(alarmed):
        here = alarmed.iloc[-1]
        words = f"alarm from {threshold:.3g}: precision {here['precision']:.2f}, recall {here['recall']:.2f}"
        axes.plot(here["recall"], here["precision"], "o", color="tab:red", label=words)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    axes.legend(fontsize=8)
    return png_of(figure)
