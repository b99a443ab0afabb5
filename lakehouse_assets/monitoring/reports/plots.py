"""A drift report, and those before it, at one look."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def distances(rows: pd.DataFrame, most: int = 25) -> bytes:
    """Each column's distance from the reference as a share of its threshold; beyond the line is drift. A PNG.

    Args:
        rows: One report's (`drift.compare`).
        most: How many columns to show, the farthest ones.
    """
    from matplotlib.figure import Figure

    shares = (rows["value"] / rows["threshold"]).fillna(0).set_axis(rows["column_name"]).sort_values()[-most:]
    figure = Figure(figsize=(5.6, 0.22 * len(shares) + 1.1), dpi=90, layout="constrained")
    axes = figure.add_subplot()
    axes.barh(shares.index, shares, color=["tab:red" if share > 1 else "tab:blue" for share in shares])
    axes.axvline(1, color="black", linewidth=0.8)
    day, verdict = pd.Timestamp(rows["day"].iloc[0]).date() if len(rows) else "", "" if shares.empty else shares.max()
    axes.set(title=f"{day}: farthest column at {verdict:.2f} of its threshold", xlabel="distance / threshold")
    axes.tick_params(axis="y", labelsize=8)
    return _png(figure)


def course(rows: pd.DataFrame, most: int = 5) -> bytes:
    """How far the farthest columns lay from the reference day by day, as a share of their thresholds. A PNG.

    Args:
        rows: Those of the drift table, of any days and champions; days without a report stay empty.
        most: How many columns to show: the farthest ones of the newest day. A line in the background is the farthest
            of all columns, and a dotted one stands where another champion's reference began.
    """
    from matplotlib.figure import Figure

    told = rows.assign(day=pd.to_datetime(rows["day"]), share=rows["value"] / rows["threshold"])
    by_day = told.pivot_table(index="day", columns="column_name", values="share", aggfunc="last").asfreq("D")
    figure = Figure(figsize=(6.4, 2.6), dpi=90, layout="constrained")
    axes = figure.add_subplot()
    axes.plot(by_day.index, by_day.max(axis=1), color="lightgrey", linewidth=3, label="farthest")
    for name in by_day.iloc[-1].dropna().sort_values(ascending=False).index[:most] if len(by_day) else []:
        axes.plot(by_day.index, by_day[name], linewidth=1.2, marker=".", markersize=3, label=name)
    champions = told.groupby("day")["model_version"].max().sort_index()
    for day in champions.index[champions.diff().fillna(0).ne(0)]:
        axes.axvline(day, color="grey", linewidth=0.8, linestyle=":")
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set(ylabel="distance / threshold", ylim=(0, max(1.2, axes.get_ylim()[1])))
    axes.tick_params(axis="x", labelsize=8, rotation=20)
    figure.legend(fontsize=7, loc="outside right center")
    return _png(figure)


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
