"""Features of an engine on a day: what its normalised sensors did lately, and how far they are from its own beginning.

Each row sees the trailing days of its own engine, the state of its first cycles and its cycle number, and nothing
else. The sums run over lags in a fixed order, element by element, so a day's features are the same to the last bit
however many days are computed together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from lakehouse_assets.features.baselines import NEVER, as_instants, as_times, baseline_means

MODEL_SENSORS: tuple[str, ...] = (
    *("t24", "t30", "t50", "p30", "nf", "nc", "ps30", "phi", "nrf", "nrc", "bpr", "htbleed", "w31", "w32"),
)
"""The sensors that move with wear. The other seven are constant or nearly so, and three of them are often missing."""

INDICATORS: Mapping[str, Mapping[str, int]] = {
    "wear": {"t24": 1, "t30": 1, "t50": 1, "ps30": 1, "htbleed": 1},
    "compressor": {"t24": 1, "t30": 1, "t50": 1, "ps30": 1, "htbleed": 1, "bpr": 1, "w31": -1, "w32": -1},
    "fault_mode": {"p30": 1, "phi": 1, "w31": 1, "w32": 1, "bpr": -1},
    "core_speed": {"nc": 1, "nrc": 1},
    "fan_speed": {"nf": 1, "nrf": 1},
}
"""Means of sensors that move together, with less noise than any of them. Signs are those of the training engines' last
ten cycles: ``wear`` rises whatever fails; ``compressor`` most if the compressor does; ``fault_mode`` falls if the
compressor wears and rises if the fan does; a speed rises twice as far with fan wear. Cross-validation finds that they
carry nearly all of the model."""

INDICATOR_WINDOWS: Mapping[str, tuple[int, ...]] = {"mean": (10, 30), "slope": (30, 60, 90), "drift": (10, 30)}
SENSOR_WINDOWS: Mapping[str, tuple[int, ...]] = {"slope": (60,), "drift": (10, 30)}
"""Window lengths in days for each kind of feature, chosen by cross-validation (docs/turbofan_model.md)."""

HISTORY_DAYS: int = 90
"""The longest window: a day's features need this many days of readings, the day itself included."""

KEYS: tuple[str, ...] = ("engine_id", "fleet", "day")

Floats = npt.NDArray[np.float64]


def feature_names(sensors: Sequence[str] = MODEL_SENSORS) -> list[str]:
    """List the model's features in their order.

    ``cycle``; then per indicator and sensor, over the trailing ``w`` days and in standard deviations of the operating
    regime, ``<name>_mean_<w>``, ``<name>_slope_<w>`` (least squares, per day) and ``<name>_drift_<w>`` (mean less the
    mean of the engine's first cycles).
    """
    windows = {**dict.fromkeys(INDICATORS, INDICATOR_WINDOWS), **dict.fromkeys(sensors, SENSOR_WINDOWS)}
    return ["cycle", *(f"{n}_{kind}_{days}" for n, kinds in windows.items() for kind in kinds for days in kinds[kind])]


def window_features(
    readings: pd.DataFrame,
    baselines: pd.DataFrame,
    first_day: pd.Timestamp | None = None,
    sensors: Sequence[str] = MODEL_SENSORS,
) -> pd.DataFrame:
    """Compute the features of every engine on every day from ``first_day`` on.

    Args:
        readings: Normalised readings, in any order, one row per engine and day: ``engine_id``, ``fleet``, ``day``,
            ``cycle`` and the sensors. Holds the days wanted and the ``HISTORY_DAYS - 1`` days before them; what is
            older is not looked at.
        baselines: The state of the engines' first cycles (:func:`~.baselines.update_baselines`) on the days wanted.
            An engine and day that it does not hold gets no drift.
        first_day: The first day wanted; all days of ``readings`` if left out.
        sensors: Names of the sensors, those of :data:`INDICATORS` among them.

    Returns:
        One row per engine and day, ordered by them: :data:`KEYS`, then :func:`feature_names` as float32. NaN where a
        window holds no reading (fewer than three for a slope), or the engine's first cycles were never seen.

    Raises:
        ValueError: A column is missing, or an engine has two readings on a day.
    """
    missing = [column for column in [*KEYS, "cycle", *sensors] if column not in readings.columns]
    if missing:
        raise ValueError(f"window_features: readings have no columns {missing}; found {list(readings.columns)}")
    rows = readings[[*KEYS, "cycle", *sensors]].sort_values(["engine_id", "day"], ignore_index=True)
    if rows.duplicated(["engine_id", "day"]).any():
        twice = rows[rows.duplicated(["engine_id", "day"])].iloc[0]
        raise ValueError(
            f"window_features: {twice.engine_id} has two readings on {twice.day}; harmonized should hold one"
        )
    wanted = np.ones(len(rows), dtype=bool) if first_day is None else (rows["day"] >= first_day).to_numpy(dtype=bool)
    kept = rows[wanted]
    values = _with_indicators(rows[list(sensors)].to_numpy(dtype=np.float64), sensors)
    starts = _with_indicators(_starts(kept, baselines, sensors), sensors)

    positions = _grid_positions(rows)
    grid = np.full((int(positions.max(initial=-1)) + 1, values.shape[1]), np.nan)
    grid[positions] = values
    columns: dict[str, Floats] = {"cycle": kept["cycle"].to_numpy(dtype=np.float64)}
    for window in _window_sums(grid, positions[wanted]):
        for kind, table in _window_statistics(window, starts).items():
            names = [f"{name}_{kind}_{window.days}" for name in [*sensors, *INDICATORS]]
            columns |= dict(zip(names, table.T, strict=True))
    features = pd.DataFrame(
        {name: columns[name].astype(np.float32) for name in feature_names(sensors)}, index=kept.index
    )
    return pd.concat([kept[list(KEYS)], features], axis=1).reset_index(drop=True)


def known_since(readings: pd.DataFrame, baselines: pd.DataFrame, first_day: pd.Timestamp | None = None) -> pd.Series:
    """Since when each row of :func:`window_features` can be known: since all readings that it sees are.

    Args:
        readings: As for :func:`window_features`, with ``known_at``.
        baselines: As for :func:`window_features`, with ``known_at``.
        first_day: As for :func:`window_features`.

    Returns:
        One time in UTC per row of :func:`window_features`, in its order: the latest ``known_at`` of its engine's
        readings of the trailing ``HISTORY_DAYS`` days and of the engine's first cycles.
    """
    rows = readings[["engine_id", "day", "known_at"]].sort_values(["engine_id", "day"], ignore_index=True)
    wanted = np.ones(len(rows), dtype=bool) if first_day is None else (rows["day"] >= first_day).to_numpy(dtype=bool)
    positions = _grid_positions(rows)
    grid = np.full(int(positions.max(initial=0)) + HISTORY_DAYS, NEVER)
    grid[positions + HISTORY_DAYS - 1] = as_instants(rows["known_at"])
    newest = np.lib.stride_tricks.sliding_window_view(grid, HISTORY_DAYS)[positions[wanted]].max(axis=1, initial=NEVER)
    begun = rows[wanted].merge(baselines[["engine_id", "day", "known_at"]], on=["engine_id", "day"], how="left")
    return as_times(np.maximum(newest, as_instants(begun["known_at_y"])))


class _Window(NamedTuple):
    """Sums over one trailing window, each rows x columns; ``lag`` counts days back from the row."""

    days: int
    n: Floats
    x: Floats
    lag: Floats
    lag_lag: Floats
    lag_x: Floats


def _with_indicators(values: Floats, sensors: Sequence[str]) -> Floats:
    """Append a column per indicator: the signed mean of its sensors' scores, missing ones left out."""
    columns = [values]
    for signs in INDICATORS.values():
        scores = [sign * values[:, list(sensors).index(sensor)] for sensor, sign in signs.items()]
        # Added one by one: the sum over an axis may group its terms otherwise for another number of rows.
        n = np.zeros(len(values))
        total = np.zeros(len(values))
        for score in scores:
            present = np.isfinite(score)
            n += present
            total += np.where(present, score, 0.0)
        columns.append(np.where(n > 0, total / np.where(n > 0, n, 1.0), np.nan))
    return np.column_stack(columns)


def _starts(rows: pd.DataFrame, baselines: pd.DataFrame, sensors: Sequence[str]) -> Floats:
    """Each row's sensor means over its engine's first cycles, rows x sensors."""
    at = pd.MultiIndex.from_frame(baselines[["engine_id", "day"]])
    found = at.get_indexer(pd.MultiIndex.from_frame(rows[["engine_id", "day"]]))
    means = np.vstack([baseline_means(baselines, sensors), np.full((1, len(sensors)), np.nan)])
    starts: Floats = means[found]  # -1, not found, takes the row of NaN
    return starts


def _grid_positions(rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Lay all engines on one line of days, so that a lag is a shift and no window spans two engines.

    ``rows`` are ordered by engine and day. A gap longer than every window takes no more room than the longest window.
    """
    if rows.empty:
        return np.empty(0, dtype=np.int64)
    day = rows["day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    new_engine = ~rows["engine_id"].duplicated().to_numpy()
    step = np.diff(day, prepend=day[0])
    step = np.where(new_engine, HISTORY_DAYS, np.minimum(step, HISTORY_DAYS))
    positions: npt.NDArray[np.int64] = np.cumsum(step) - step[0]
    return positions


def _window_sums(grid: Floats, positions: npt.NDArray[np.int64]) -> Iterator[_Window]:
    """Add up the trailing window of each position, lag by lag, so that the order of additions is the same for all.

    Yields one window after the other, shortest first; they share their arrays, so use each before asking for the next.
    """
    lengths = {days for windows in (INDICATOR_WINDOWS, SENSOR_WINDOWS) for kind in windows.values() for days in kind}
    sums = [np.zeros((len(positions), grid.shape[1])) for _ in range(5)]
    n, x, lag_sum, lag_lag, lag_x = sums
    for lag in range(max(lengths)):
        inside = (positions >= lag)[:, None]
        value = grid[np.maximum(positions - lag, 0)]
        present = (np.isfinite(value) & inside).astype(np.float64)
        value = np.where(present > 0, value, 0.0)
        n += present
        x += value
        lag_sum += lag * present
        lag_lag += lag * lag * present
        lag_x += lag * value
        if lag + 1 in lengths:
            yield _Window(lag + 1, *sums)


def _window_statistics(window: _Window, starts: Floats) -> dict[str, Floats]:
    """Mean, least-squares trend per day and distance from the start, each rows x columns."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = window.x / window.n
        # Lag runs backwards in time, hence the sign.
        rise = window.lag * window.x - window.n * window.lag_x
        slope = rise / (window.n * window.lag_lag - window.lag * window.lag)
    return {"mean": mean, "slope": np.where(window.n < 3, np.nan, slope), "drift": mean - starts}
