"""Thresholds of drift, learned from the reference itself.

A fixed threshold (Evidently's default is 0.1 for distances) cries wolf on sensor data: two weeks of a fleet are not
thousands of independent rows but a few dozen machines, each much like itself from day to day. So the statistic is
computed for many windows of the reference that is known to be free of drift, and the threshold is put where such
windows do not reach. Blocks keep the dependence: whole windows of consecutive days, and within them whole groups (a
machine's rows, a day's), drawn with replacement (the cluster form of the block bootstrap, Kuensch 1989).
"""

from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

#: Share of reports without drift that may be flagged.
FALSE_ALARM_RATE = 0.01
WINDOW_DAYS = 14
REPLICATES = 300
#: A window with fewer rows than this says nothing; a reference with fewer windows calibrates nothing.
MIN_ROWS = 200
MIN_WINDOWS = 3

Floats = npt.NDArray[np.float64]
Redraw = Callable[[pd.DataFrame, np.random.Generator], pd.DataFrame]


def normed_wasserstein(reference: npt.ArrayLike, current: npt.ArrayLike) -> float:
    """First Wasserstein distance in standard deviations of the reference, as Evidently's method `wasserstein` gives it.

    Missing values are left out, as Evidently does; NaN where one side has none left.
    """
    from scipy.stats import wasserstein_distance

    ours, theirs = _finite(reference), _finite(current)
    if not len(ours) or not len(theirs):
        return float("nan")
    return float(wasserstein_distance(ours, theirs)) / max(float(np.std(ours)), 0.001)


def calibrate(
    history: pd.DataFrame,
    sample: pd.DataFrame,
    columns: Sequence[str],
    seed: int,
    group: str | None = None,
    false_alarm_rate: float = FALSE_ALARM_RATE,
    window_days: int = WINDOW_DAYS,
    replicates: int = REPLICATES,
    least_rows: int = MIN_ROWS,
) -> pd.DataFrame:
    """Find per column the distance that a window without drift reaches with the stated probability only.

    Args:
        history: Reference rows with `day`, the group and the columns: all days that the champion's data covers.
        sample: The rows that windows are compared with (of the history, or a sample of it).
        columns: The monitored columns.
        seed: Of the bootstrap.
        group: Column whose values hang together and are drawn whole; None: rows of a day do not depend on each other.
        false_alarm_rate: Per report; each column gets an equal share of it (Bonferroni).
        window_days: Length of the window that reports compare, in days.
        replicates: Windows drawn.
        least_rows: A window with fewer rows says nothing.

    Returns:
        One row per column: `column_name`, `threshold`, `typical` (median distance without drift), `windows`
        (independent ones in the history). Thresholds are NaN when the history is too short to calibrate.
    """
    days = pd.to_datetime(history["day"])
    length = (days.max() - days.min()).days + 1 if len(history) else 0
    windows = length // window_days
    if windows < MIN_WINDOWS:
        return pd.DataFrame({"column_name": list(columns), "threshold": np.nan, "typical": np.nan, "windows": windows})
    redraw = _redrawing(group)
    distances = _window_distances(
        history.assign(day=days), sample, columns, seed, window_days, replicates, least_rows, redraw
    )
    share = false_alarm_rate / len(columns)
    rows = [(name, *_threshold(distances[name].to_numpy(), share), windows) for name in columns]
    return pd.DataFrame(rows, columns=["column_name", "threshold", "typical", "windows"])


def _threshold(distances: Floats, share: float) -> tuple[float, float]:
    """Where a log-normal tail fitted to the distances leaves the share, and never below the largest one seen."""
    known = distances[np.isfinite(distances) & (distances > 0)]
    if not len(known):
        return float("nan"), float("nan")
    logs = np.log(known)
    tail = float(np.exp(logs.mean() + NormalDist().inv_cdf(1 - share) * logs.std(ddof=1)))
    return max(tail, float(known.max())), float(np.median(known))


def _window_distances(
    history: pd.DataFrame,
    sample: pd.DataFrame,
    columns: Sequence[str],
    seed: int,
    window_days: int,
    replicates: int,
    least_rows: int,
    redraw: Redraw,
) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    first, last = history["day"].min(), history["day"].max()
    starts = pd.date_range(first, last - pd.Timedelta(days=window_days - 1))
    rows: list[dict[str, Any]] = []
    for start in random.choice(starts.to_numpy(), size=replicates):
        window = history[(history["day"] >= start) & (history["day"] < start + np.timedelta64(window_days, "D"))]
        if len(window) < least_rows:
            continue
        drawn = redraw(window, random)
        rows.append({name: normed_wasserstein(sample[name], drawn[name]) for name in columns})
    return pd.DataFrame(rows, columns=list(columns), dtype="float64")


def _redrawing(group: str | None) -> Redraw:
    """How a window is drawn anew: by whole groups, or row by row."""

    def groups(window: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
        places = window.groupby(group, sort=True).indices
        names = sorted(places)
        chosen = random.choice(len(names), size=len(names))
        return window.iloc[np.concatenate([places[names[number]] for number in chosen])]

    def rows(window: pd.DataFrame, random: np.random.Generator) -> pd.DataFrame:
        return window.iloc[random.integers(0, len(window), len(window))]

    return rows if group is None else groups


def _finite(values: npt.ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    kept: Floats = array[np.isfinite(array)]
    return kept
