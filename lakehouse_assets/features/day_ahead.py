"""Features of a forecast for every quarter hour of a local day, from the readings known when the forecast is made.

The forecast for day D is made at local midnight at its beginning, and a reading is delivered a quarter of an hour after
the end of the time that it counts: the newest reading known ends at 23:45 of D-1. What a feature may see is decided in
one place, :func:`_known`; no other function reads a reading.

The load type of the published steel data is not used. It looks like the supplier's tariff calendar, which would be
known in advance, but the publisher calls it a label of the reading and says no more, so it counts as not known.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

QUARTERS: int = 96
"""Readings a day; quarter 0 is the one that ends at 00:15, quarter 95 ends at 24:00."""

HISTORY_DAYS: int = 28
"""The features of a day see this many days before it."""

MADE_AT: timedelta = timedelta(0)
"""When the forecast for a day is made, from the beginning of that day."""

DELIVERY_DELAY: timedelta = timedelta(minutes=15)
"""How long after its end a reading is known."""

LAGS: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 14, 21, 28)
NEIGHBOURS: int = 2

Floats = npt.NDArray[np.float64]


def feature_names() -> list[str]:
    """List the model's features in their order.

    ``lag_<k>``: kWh in the same quarter k days before. ``same_type_1``, ``same_type_mean``: in the last and the last
    four days of the same type (working day, Saturday, day of rest), ``same_type_smooth`` over two quarters to either
    side as well. ``weekday_mean``: the last four same weekdays. ``mean_7``, ``spread_7``: the last seven days.
    ``yesterday``, ``evening``, ``last_week``: mean kWh of what is known of the day before, of its last two known
    hours, and of the last seven days. ``yesterday_ratio``: yesterday against what its type had before.
    Then calendar: ``quarter``, ``weekday``, ``day_type``, ``rest_before``, ``rest_after`` (days of rest that
    border on the day, up to three), ``worked_7`` (working days among the last seven).
    """
    return [
        *(f"lag_{lag}" for lag in LAGS),
        *("same_type_1", "same_type_mean", "same_type_smooth", "weekday_mean", "mean_7", "spread_7"),
        *("yesterday", "evening", "last_week", "yesterday_ratio"),
        *("quarter", "weekday", "day_type", "rest_before", "rest_after", "worked_7"),
    ]


def day_ahead_features(
    readings: pd.DataFrame,
    days: Sequence[date],
    holidays: Collection[date],
    made_at: timedelta = MADE_AT,
    delivery_delay: timedelta = DELIVERY_DELAY,
) -> pd.DataFrame:
    """Compute the features of the forecasts for some days of one meter.

    Args:
        readings: ``ends_at`` (local time at the end of the quarter hour) and ``kwh``, one row per quarter hour, in any
            order; quarters may be missing. What is not known when a forecast is made is not looked at.
        days: Local days to forecast.
        holidays: Public holidays, known in advance.
        made_at: When a forecast is made, from the beginning of its day; negative on the day before.
        delivery_delay: How long after its end a reading is known.

    Returns:
        96 rows a day, ordered: ``day`` (midnight), ``ends_at``, then :func:`feature_names` as float64. NaN where
        no reading that a feature needs is known.

    Raises:
        ValueError: Two readings end at the same time, or one does not end at a full quarter hour.
    """
    if not len(days):
        return pd.DataFrame({"day": [], "ends_at": [], **{name: [] for name in feature_names()}})
    wanted = sorted(days)
    first = wanted[0] - timedelta(days=2 * HISTORY_DAYS)
    span = (wanted[-1] - first).days + 1
    grid = _grid(readings, first, span)
    types = np.array([day_type(first + timedelta(days=n), holidays) for n in range(-3, span + 3)])
    frames = []
    for day in wanted:
        n = (day - first).days
        known = _known(grid[n - HISTORY_DAYS : n], made_at, delivery_delay)
        frames.append(_day(day, known, types[n + 3 - HISTORY_DAYS : n + 7]))
    return pd.concat(frames, ignore_index=True)


def day_type(day: date, holidays: Collection[date]) -> int:
    """0 for a working day, 1 for a Saturday, 2 for a Sunday or public holiday."""
    if day in holidays or day.weekday() == 6:
        return 2
    return int(day.weekday() == 5)


def same_quarter_last_week(readings: pd.DataFrame, ends_at: pd.Series) -> Floats:
    """The naive forecast: kWh in the quarter hour one week before; NaN where it was not read."""
    series = readings.set_index("ends_at")["kwh"]
    found: Floats = series.reindex(ends_at - pd.Timedelta(days=7)).to_numpy(dtype=np.float64)
    return found


def _known(history: Floats, made_at: timedelta, delay: timedelta) -> Floats:
    """Blank what was not known. ``history`` is days x quarters, its last row the day before the forecast's day."""
    days_back = np.arange(len(history), 0, -1)[:, None]
    quarters = np.arange(1, QUARTERS + 1)[None, :]
    ends = -days_back * QUARTERS + quarters
    newest = (made_at - delay) // timedelta(minutes=15)
    return np.where(ends <= newest, history, np.nan)


def _grid(readings: pd.DataFrame, first: date, span: int) -> Floats:
    """Readings as days x quarters."""
    minutes = (readings["ends_at"] - pd.Timestamp(first)) // pd.Timedelta(minutes=1)
    if (minutes % 15 != 0).any():
        odd = readings.loc[minutes % 15 != 0, "ends_at"].iloc[0]
        raise ValueError(f"day_ahead_features: the reading that ends at {odd} does not end at a full quarter hour")
    place = (minutes // 15 - 1).to_numpy(dtype=np.int64)
    inside = (place >= 0) & (place < span * QUARTERS)
    if len(np.unique(place[inside])) != inside.sum():
        twice = readings.loc[readings["ends_at"].duplicated(), "ends_at"].iloc[0]
        raise ValueError(f"day_ahead_features: two readings end at {twice}; pass one meter with one row per quarter")
    grid = np.full(span * QUARTERS, np.nan)
    grid[place[inside]] = readings["kwh"].to_numpy(dtype=np.float64)[inside]
    return grid.reshape(span, QUARTERS)


def _day(day: date, known: Floats, types: npt.NDArray[np.int64]) -> pd.DataFrame:
    """The 96 rows of one day. ``types`` are those of the history, of the day itself and of the three days after."""
    own = types[HISTORY_DAYS]
    alike = known[np.flatnonzero(types[:HISTORY_DAYS] == own)][-4:]
    alike_before_yesterday = known[:-1][types[: HISTORY_DAYS - 1] == types[HISTORY_DAYS - 1]][-4:]
    columns: dict[str, Floats | float] = {f"lag_{lag}": known[-lag] for lag in LAGS}
    columns["same_type_1"] = alike[-1] if len(alike) else np.nan
    columns["same_type_mean"] = _mean(alike)
    columns["same_type_smooth"] = _smooth(_mean(alike))
    columns["weekday_mean"] = _mean(known[[-28, -21, -14, -7]])
    columns["mean_7"] = _mean(known[-7:])
    columns["spread_7"] = np.sqrt(_mean((known[-7:] - _mean(known[-7:])) ** 2))
    yesterday = known[-1]
    columns["yesterday"] = _mean(yesterday)
    columns["evening"] = _mean(yesterday[np.isfinite(yesterday)][-8:])
    columns["last_week"] = _mean(known[-7:].ravel())
    usual = _mean(np.where(np.isfinite(yesterday), _mean(alike_before_yesterday), np.nan))
    columns["yesterday_ratio"] = columns["yesterday"] / usual if usual > 0 else np.nan
    columns["quarter"] = np.arange(QUARTERS, dtype=np.float64)
    columns["weekday"] = float(day.weekday())
    columns["day_type"] = float(own)
    columns["rest_before"] = float(_run(types[HISTORY_DAYS - 3 : HISTORY_DAYS][::-1]))
    columns["rest_after"] = float(_run(types[HISTORY_DAYS + 1 : HISTORY_DAYS + 4]))
    columns["worked_7"] = float((types[HISTORY_DAYS - 7 : HISTORY_DAYS] == 0).sum())
    begin = pd.Timestamp(day)
    ends_at = begin + pd.to_timedelta(15 * np.arange(1, QUARTERS + 1), unit="min")
    frame = pd.DataFrame({"day": begin, "ends_at": ends_at, **{name: columns[name] for name in feature_names()}})
    return frame.astype(dict.fromkeys(feature_names(), "float64"))


def _run(types: npt.NDArray[np.int64]) -> int:
    """How many of the days are of rest before the first that is not."""
    return int(np.argmax(np.append(types != 2, True)))


def _mean(values: Floats) -> Floats:
    """The mean over the first axis of what is there; NaN where nothing is."""
    present = np.isfinite(values)
    count = present.sum(axis=0)
    total = np.where(present, values, 0.0).sum(axis=0)
    mean: Floats = np.where(count > 0, total / np.where(count > 0, count, 1), np.nan)
    return mean


def _smooth(values: Floats) -> Floats:
    """The mean over each quarter and its neighbours within the day."""
    padded = np.pad(values, NEIGHBOURS, constant_values=np.nan)
    return _mean(np.stack([padded[n : n + QUARTERS] for n in range(2 * NEIGHBOURS + 1)]))
