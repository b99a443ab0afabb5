"""How good the predictions were day by day, beside what the evaluation let expect, at one look."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pandas as pd

from lakehouse_assets.monitoring.worse_slices import ALL


def realised_plot(rows: pd.DataFrame, metric: str, slices: Sequence[str] = ()) -> bytes:
    """A metric over all rows with its interval, and slices, by day; the band is what was expected over all. A PNG.

    Args:
        rows: Of monitoring/<use case>/performance, of one model.
        metric: The one to show.
        slices: Slices to show beside all rows; what was expected of each is dotted.
    """
    from matplotlib.figure import Figure

    told = rows[rows["metric"].eq(metric)].assign(day=lambda one: pd.to_datetime(one["day"])).sort_values("day")
    figure = Figure(figsize=(6.4, 2.6), dpi=90, layout="constrained")
    axes = figure.add_subplot()
    for place, name in enumerate((ALL, *slices)):
        own = told[told["slice"].eq(name)].set_index("day").asfreq("D")
        if own.empty:
            continue
        color = f"C{place}"
        axes.plot(own.index, own["value"], color=color, linewidth=1.3, marker=".", markersize=3, label=name)
        expected = own[["expected_low", "expected_high"]]
        if name == ALL:
            axes.fill_between(own.index, own["low"], own["high"], color=color, alpha=0.2, linewidth=0)
            axes.fill_between(
                own.index, *(expected[end] for end in expected), color="lightgrey", alpha=0.6, label="expected of all"
            )
        else:
            axes.plot(own.index, expected, color=color, linewidth=0.8, linestyle=":")
    axes.set(ylabel=metric)
    axes.tick_params(axis="x", labelsize=8, rotation=20)
    figure.legend(fontsize=7, loc="outside right center")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
