"""A drift report at one look."""

import io

import pandas as pd


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
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
