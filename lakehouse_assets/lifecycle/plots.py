"""Plots of a model's errors and importances as PNG bytes, and how an asset's metadata shows them."""

import base64
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd


def prediction_against_truth(cuts: "pd.DataFrame", predicted: "npt.ArrayLike", title: str) -> bytes:
    """Predicted over true remaining cycles, a colour per fleet; the line is a perfect prediction."""
    figure, axes = canvas(title, "true remaining cycles", "predicted remaining cycles")
    for fleet, rows in _by_fleet(cuts, predicted):
        axes.scatter(rows["rul"], rows["predicted"], s=9, alpha=0.6, label=fleet)
    top = max(cuts["rul"].max(), 130)
    axes.plot([0, top], [0, top], color="black", linewidth=0.8)
    axes.legend(fontsize=8)
    return png_of(figure)


def residuals(cuts: "pd.DataFrame", predicted: "npt.ArrayLike", title: str) -> bytes:
    """Error (predicted less true) over predicted remaining cycles: above zero the model promises too long a life."""
    figure, axes = canvas(title, "predicted remaining cycles", "error in cycles (predicted - true)")
    for fleet, rows in _by_fleet(cuts, predicted):
        axes.scatter(rows["predicted"], rows["predicted"] - rows["rul"], s=9, alpha=0.6, label=fleet)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.legend(fontsize=8)
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
    return f"![{alternative}](data:image/png;base64,{base64.b64encode(png).decode()})"


def _by_fleet(cuts: "pd.DataFrame", predicted: "npt.ArrayLike") -> Any:
    return sorted(cuts[["fleet", "rul"]].assign(predicted=predicted).groupby("fleet"))


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
