"""A replay at one look."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakehouse_assets.monitoring.replays.replay_results import Replayed

#: Days that the error is averaged over, so that working days and days of rest make no comb of it.
SMOOTHED_OVER = 14


def replay_plot(
    played: Sequence[Replayed], unit: str, apart_from: date | None = None, measure: str = "mean absolute error"
) -> bytes:
    """Each policy's error over time, and below it the nights on which it trained. A PNG.

    Args:
        played: The policies' replays.
        unit: Of the error.
        apart_from: The first day that had no part in choosing the policies; a line stands there.
        measure: What the error is.
    """
    import pandas as pd
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.6), dpi=90, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    in_unit = "" if unit == "1" else f" {unit}"
    for place, one in enumerate(played):
        daily = pd.Series({day: one.errors[day] if one.rows[day] else float("nan") for day in one.errors})
        daily.index = pd.DatetimeIndex(daily.index)
        label = f"{one.name}: {one.error():.4g}{in_unit}, {len(one.retrainings)} retrainings"
        (line,) = above.plot(daily.rolling(SMOOTHED_OVER, min_periods=7).mean(), linewidth=1.3, label=label)
        for helped, marker in ((True, "o"), (False, "x"), (None, ".")):
            nights = [pd.Timestamp(done.day) for done in one.retrainings if done.helped is helped]
            below.plot(nights, [place] * len(nights), marker, color=line.get_color(), markersize=5)
    if apart_from is not None:
        for axes in (above, below):
            axes.axvline(pd.Timestamp(apart_from), color="black", linewidth=0.8, linestyle=":")
    above.set(ylabel=f"{measure}{in_unit and ',' + in_unit},\n{SMOOTHED_OVER} days")
    above.legend(fontsize=8)
    below.set(ylim=(len(played) - 0.5, -0.5), xlabel="nights of training: o it helped, x it did not, . not known yet")
    below.set_yticks(range(len(played)), [one.name for one in played], fontsize=8)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
