"""Plots of a model's errors as small PNGs, and how an asset's metadata shows them."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

#: More points than this only make a scatter plot darker and its file larger.
MOST_POINTS = 3000
#: More values of a slice than this cannot be told apart by colour; the rest share grey.
MOST_COLOURS = 8


def prediction_against_truth(
    predicted: npt.ArrayLike, truth: npt.ArrayLike, title: str, slices: pd.Series | None = None, unit: str = ""
) -> bytes:
    """Predicted over true values, a colour per slice; the line is a perfect prediction.

    Args:
        predicted: n predictions.
        truth: n truths.
        title: Of the plot.
        slices: n values to colour by; None colours all alike.
        unit: Of both, for the axes.
    """
    figure, axes = canvas(title, _with_unit("true", unit), _with_unit("predicted", unit))
    rows = _points(predicted, truth, slices)
    _scatter(axes, rows, "truth", "predicted")
    ends = [rows[["truth", "predicted"]].min().min(), rows[["truth", "predicted"]].max().max()]
    axes.plot(ends, ends, color="black", linewidth=0.8)
    return png_of(figure)


def residuals(
    predicted: npt.ArrayLike, truth: npt.ArrayLike, title: str, slices: pd.Series | None = None, unit: str = ""
) -> bytes:
    """Error (predicted less true) over the prediction: above zero the model promises too much. Arguments as above."""
    figure, axes = canvas(title, _with_unit("predicted", unit), _with_unit("predicted - true", unit))
    rows = _points(predicted, truth, slices)
    _scatter(axes, rows.assign(error=rows["predicted"] - rows["truth"]), "predicted", "error")
    axes.axhline(0, color="black", linewidth=0.8)
    return png_of(figure)


def importances(booster: Any, most: int = 20) -> bytes:
    """The features that lowered the training loss most, by total gain."""
    gains = sorted(zip(booster.feature_importance("gain"), booster.feature_name(), strict=True))[-most:]
    figure, axes = canvas("Features by total gain", "gain", "")
    axes.barh([name for _, name in gains], [gain for gain, _ in gains])
    axes.tick_params(axis="y", labelsize=7)
    return png_of(figure)


def as_markdown(png: bytes, alternative: str) -> str:
    """A picture that stands in the metadata itself, so that the asset page needs no file to show it."""
    return f"![{alternative}]({as_address(png)})"


def as_address(png: bytes) -> str:
    """The picture as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def canvas(title: str, x: str, y: str) -> tuple[Any, Any]:
    """A figure of the size that an asset page shows, and its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 3.8), dpi=90, layout="constrained")
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    return figure, axes


def png_of(figure: Any) -> bytes:
    """A figure as PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def _points(predicted: npt.ArrayLike, truth: npt.ArrayLike, slices: pd.Series | None) -> pd.DataFrame:
    """The rows to draw, the same sample every time."""
    import numpy as np
    import pandas as pd

    rows = pd.DataFrame({"predicted": np.asarray(predicted, "float64"), "truth": np.asarray(truth, "float64")})
    rows["slice"] = "" if slices is None else _few(slices.astype("str").reset_index(drop=True))
    return rows if len(rows) <= MOST_POINTS else rows.sample(MOST_POINTS, random_state=1)


def _few(slices: pd.Series) -> pd.Series:
    most = sorted(slices.value_counts().index[:MOST_COLOURS])
    return slices.where(slices.isin(most), "others")


def _scatter(axes: Any, rows: pd.DataFrame, x: str, y: str) -> None:
    for name, part in rows.groupby("slice"):
        colour = "grey" if name == "others" else None
        axes.scatter(part[x], part[y], s=9, alpha=0.5, label=name, linewidths=0, color=colour)
    if rows["slice"].nunique() > 1:
        axes.legend(fontsize=8)


def _with_unit(what: str, unit: str) -> str:
    return f"{what} ({unit})" if unit and unit != "1" else what
