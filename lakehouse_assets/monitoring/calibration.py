"""Thresholds of drift, learned from the reference itself.

A fixed threshold (Evidently's default is 0.1 for distances) cries wolf on sensor data: ten thousand rows of a slow
sensor hold some hundred independent values, a window of 500 rows holds five. Quantiles over overlapping windows of the
reference do not help: these windows all share the reference's own error, and so few of them are independent that a rate
of one in a thousand lies far beyond what they show. So the dependence is modelled and both sides are drawn:

- Rows that follow each other (`series_windows`): an autoregression of normal scores, its parameters drawn as well.
- Rows that hang together in groups (`group_windows`): whole groups are drawn anew, on both sides.
- Fewer than eight lasting groups (`handful_windows`): each is a series, and their distances are put together.

docs/drift.md has the figures, and those of other methods on the same data.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

#: Share of reports without drift that may be flagged.
FALSE_ALARM_RATE = 0.01
WINDOW_DAYS = 14
#: A window with fewer rows than this says nothing; a reference with fewer windows calibrates nothing.
MIN_ROWS = 200
MIN_WINDOWS = 3
#: With fewer independent values than this, how fast the reference changes is itself a guess.
MIN_INDEPENDENT = 30
#: Groups that last less than this share of a window follow each other in time instead of standing side by side.
SHORT_GROUP = 0.5
#: Share of the farthest windows that tell how the rest fall off.
TAIL = 0.02

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
COLUMNS = ("column_name", "threshold", "typical", "windows", "window_rows")


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
    least_rows: int = MIN_ROWS,
) -> pd.DataFrame:
    """Find per column the distance that a window without drift reaches with the stated probability only.

    20 columns of 10,000 rows take about 5 CPU-s.

    Args:
        history: Reference rows with `day`, the group and the columns: all days that the champion's data covers, within
            a day in the order of time.
        sample: The rows that windows are compared with (of the history, or a sample of it).
        columns: The monitored columns.
        seed: Of what is drawn.
        group: Column whose values hang together and are drawn whole; None: the rows are one series in time.
        false_alarm_rate: Per report; each column gets an equal share of it (Bonferroni).
        window_days: Length of the window that reports compare, in days.
        least_rows: A window with fewer rows says nothing.

    Returns:
        `COLUMNS`, one row per column: `column_name`, `threshold`, `typical` (median distance without drift), `windows`
        (that fit into the history one after the other), `window_rows` (rows of a window). Thresholds are NaN where the
        history is too short to calibrate: too few windows, or too few independent values in them.
    """
    import pandas as pd

    from lakehouse_assets.monitoring.group_windows import LEAST_GROUPS, group_distances

    days = pd.to_datetime(history["day"]).to_numpy().astype("datetime64[D]").astype(np.int64)
    windows = (int(days.max() - days.min()) + 1) // window_days if len(days) else 0
    if windows < MIN_WINDOWS:
        unknown = [(name, np.nan, np.nan, windows, 0) for name in columns]
        return pd.DataFrame(unknown, columns=list(COLUMNS))
    window_rows = round(len(days) / (days.max() - days.min() + 1) * window_days)
    order = np.argsort(days, kind="stable")
    rows, days = history.iloc[order], days[order]
    codes = None if group is None else pd.factorize(rows[group], sort=True)[0].astype(np.int64)
    many = codes is not None and _stand_side_by_side(days, codes, window_days)
    few = codes is not None and many and codes.max() + 1 < LEAST_GROUPS
    share, found = false_alarm_rate / len(columns), []
    for number, name in enumerate(columns):
        random = np.random.default_rng([seed, number])
        values = rows[name].to_numpy(dtype=np.float64, na_value=np.nan)
        if codes is None or few or not many:
            distances = _of_series(values, days, codes if few else None, window_rows, least_rows, len(sample), random)
        else:
            distances = group_distances(values, days, codes, window_days, least_rows, random)
        found.append((name, tail_quantile(distances, share), _median(distances), windows, window_rows))
    return pd.DataFrame(found, columns=list(COLUMNS))


def tail_quantile(distances: Floats, share: float) -> float:
    """The distance that the share of windows exceeds; NaN without any.

    Beyond the 98th percentile the squares are taken to fall off as those of a normal error do, by a scale that all
    windows beyond it tell: one in two thousand of some thousand windows would otherwise hang on two or three of them.
    """
    if not len(distances):
        return float("nan")
    if share >= TAIL:
        return float(np.quantile(distances, 1 - share))
    normal = NormalDist()
    begins, ends = (normal.inv_cdf(1 - one / 2) for one in (TAIL, share))
    start = float(np.quantile(distances, 1 - TAIL))
    beyond = float((np.square(distances[distances > start]) - start**2).mean())
    # How far the square of a normal error lies beyond its own 98th percentile, on average.
    of_normal = 1 + begins * normal.pdf(begins) / (TAIL / 2) - begins**2
    return float(np.sqrt(start**2 + beyond / of_normal * (ends**2 - begins**2)))


def _of_series(
    values: Floats,
    days: Numbers,
    groups: Numbers | None,
    window_rows: int,
    least_rows: int,
    sample_rows: int,
    random: np.random.Generator,
) -> Floats:
    """Of one series, or of one for each of a handful of groups."""
    if window_rows < least_rows:
        return np.empty(0)
    from lakehouse_assets.monitoring.handful_windows import handful_distances
    from lakehouse_assets.monitoring.series_windows import series_distances

    if groups is None:
        found = series_distances(values, days, window_rows, sample_rows, random)
    else:
        found = handful_distances(values, days, groups, window_rows, sample_rows, random)
    return found.distances if found.independent_values >= MIN_INDEPENDENT else np.empty(0)


def _stand_side_by_side(days: Numbers, codes: Numbers, window_days: int) -> bool:
    """Whether several groups last: one that is over within a fraction of a window is a piece of one series.

    A lone group (a single meter) is a series too: nothing stands beside it.
    """
    if codes.max() == 0:
        return False
    first, last = np.full(codes.max() + 1, days[-1]), np.full(codes.max() + 1, days[0])
    np.minimum.at(first, codes, days)
    np.maximum.at(last, codes, days)
    return bool(np.median(last - first + 1) >= SHORT_GROUP * window_days)


def _median(distances: Floats) -> float:
    return float(np.median(distances)) if len(distances) else float("nan")


def _finite(values: npt.ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    kept: Floats = array[np.isfinite(array)]
    return kept
