"""Features of a forecast for every quarter hour of a local day, from the readings known when the forecast is made.

The forecast for day D is made at local midnight at its beginning. What a feature may see is decided in one place,
:func:`_seen`; no other function reads a reading. A quarter hour is named by the wall clock at its beginning, 0 to 95:
in autumn four quarters come twice and count as their mean, in spring four are missing.

The load type of the published steel data is not used. It looks like the supplier's tariff calendar, which would be
known in advance, but the publisher calls it a label of the reading and says no more, so it counts as not known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from lakehouse_assets.sources.local_time import day_begins, intervals_in

QUARTERS: int = 96
"""Quarters of the wall clock; quarter 0 begins at 00:00, quarter 95 at 23:45."""

HISTORY_DAYS: int = 28
"""The features of a day see this many days before it."""

LAGS: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 14, 21, 28)
NEIGHBOURS: int = 2
QUARTER_HOUR: timedelta = timedelta(minutes=15)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


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


def quarters_of(day: date, zone: ZoneInfo) -> pd.DataFrame:
    """The quarter hours of a local day in their order: 96, or 92 and 100 where the clock jumps an hour.

    Returns:
        ``target_at`` (the end of the quarter hour, in UTC) and ``quarter`` (0 to 95, wall clock at its beginning).
    """
    count = intervals_in(day, zone, QUARTER_HOUR)
    begins = pd.date_range(day_begins(day, zone), periods=count, freq=QUARTER_HOUR, unit="us")
    wall = begins.tz_convert(zone)
    return pd.DataFrame({"target_at": begins + QUARTER_HOUR, "quarter": wall.hour * 4 + wall.minute // 15})


def day_type(day: date, is_holiday: Callable[[date], bool]) -> int:
    """0 for a working day, 1 for a Saturday, 2 for a Sunday or public holiday."""
    if is_holiday(day) or day.weekday() == 6:
        return 2
    return int(day.weekday() == 5)


def day_ahead_features(
    readings: pd.DataFrame, days: Sequence[date], zone: ZoneInfo, is_holiday: Callable[[date], bool]
) -> pd.DataFrame:
    """Compute the features of the forecasts for some days of one meter.

    Args:
        readings: ``day`` (local), ``quarter_of_day`` (0 to 95), ``usage`` (kWh) and ``known_at`` (UTC), one row per
            quarter hour, in any order; quarters may be missing. What is not known when a forecast is made is not looked
            at.
        days: Local days to forecast.
        zone: Where the meter's days begin.
        is_holiday: The calendar, known in advance.

    Returns:
        One row per quarter hour of the days, in order: ``day`` (midnight), ``made_at`` (UTC), ``target_at`` (UTC), then
        :func:`feature_names` as float64. NaN where no reading that a feature needs is known.
    """
    wanted = sorted(days)
    first = wanted[0] - timedelta(days=HISTORY_DAYS) if wanted else date.min
    span = (wanted[-1] - first).days if wanted else 0
    usage, known = _grid(readings, first, span)
    types = np.array([day_type(first + timedelta(days=n), is_holiday) for n in range(span + 4 if wanted else 0)])
    told: list[pd.DataFrame] = []
    values: list[Floats] = []
    for day in wanted:
        n, made_at = (day - first).days, pd.Timestamp(day_begins(day, zone)).as_unit("us")
        history = slice(n - HISTORY_DAYS, n)
        columns = _columns(
            day, _seen(usage[history], known[history], made_at.value // 1000), types[n - HISTORY_DAYS : n + 4]
        )
        quarters = quarters_of(day, zone)
        table = np.column_stack([np.broadcast_to(columns[name], QUARTERS) for name in feature_names()])
        values.append(table[quarters["quarter"]])
        told.append(pd.DataFrame({"day": pd.Timestamp(day), "made_at": made_at, "target_at": quarters["target_at"]}))
    keys = pd.concat(told, ignore_index=True) if told else _NOTHING
    table = np.vstack(values) if values else np.empty((0, len(feature_names())))
    return pd.concat([keys, pd.DataFrame(table, columns=feature_names())], axis=1)


_NOTHING = pd.DataFrame({"day": [], "made_at": [], "target_at": []}).astype(
    {"day": "datetime64[us]", "made_at": "datetime64[us, UTC]", "target_at": "datetime64[us, UTC]"}
)


def _seen(usage: Floats, known: Ints, made_at: int) -> Floats:
    """Blank what was not known. Both are days x quarters, the last row that of the day before the forecast's day."""
    return np.where(known <= made_at, usage, np.nan)


def _grid(readings: pd.DataFrame, first: date, span: int) -> tuple[Floats, Ints]:
    """Readings from a day on as days x quarters: kWh, and since when they are known (microseconds since 1970)."""
    day = (pd.to_datetime(readings["day"]) - pd.Timestamp(first)) // pd.Timedelta(days=1)
    place = (day * QUARTERS + readings["quarter_of_day"]).to_numpy(dtype=np.int64)
    inside = (place >= 0) & (place < span * QUARTERS)
    place, rows = place[inside], readings[inside]
    count, total = np.zeros(span * QUARTERS), np.zeros(span * QUARTERS)
    known = np.full(span * QUARTERS, np.iinfo(np.int64).min)
    np.add.at(count, place, 1.0)
    np.add.at(total, place, rows["usage"].to_numpy(dtype=np.float64))
    instants = rows["known_at"].astype("datetime64[us, UTC]").to_numpy(dtype="datetime64[us]").astype(np.int64)
    np.maximum.at(known, place, instants)
    usage = np.where(count > 0, total / np.where(count > 0, count, 1.0), np.nan)
    return usage.reshape(span, QUARTERS), known.reshape(span, QUARTERS)


def _columns(day: date, seen: Floats, types: Ints) -> dict[str, Floats | float]:
    """The features of a day, each one number or one per quarter.

    Args:
        day: The day to forecast.
        seen: kWh of the history, days x quarters, NaN where not known.
        types: Day types of the history, of the day itself and of the three days after.
    """
    own = types[HISTORY_DAYS]
    alike = seen[np.flatnonzero(types[:HISTORY_DAYS] == own)][-4:]
    alike_before_yesterday = seen[:-1][types[: HISTORY_DAYS - 1] == types[HISTORY_DAYS - 1]][-4:]
    columns: dict[str, Floats | float] = {f"lag_{lag}": seen[-lag] for lag in LAGS}
    columns["same_type_1"] = alike[-1] if len(alike) else np.nan
    columns["same_type_mean"] = _mean(alike)
    columns["same_type_smooth"] = _smooth(_mean(alike))
    columns["weekday_mean"] = _mean(seen[[-28, -21, -14, -7]])
    columns["mean_7"] = _mean(seen[-7:])
    columns["spread_7"] = np.sqrt(_mean((seen[-7:] - _mean(seen[-7:])) ** 2))
    yesterday = seen[-1]
    columns["yesterday"] = _mean(yesterday)
    columns["evening"] = _mean(yesterday[np.isfinite(yesterday)][-8:])
    columns["last_week"] = _mean(seen[-7:].ravel())
    usual = _mean(np.where(np.isfinite(yesterday), _mean(alike_before_yesterday), np.nan))
    columns["yesterday_ratio"] = columns["yesterday"] / usual if usual > 0 else np.nan
    columns["quarter"] = np.arange(QUARTERS, dtype=np.float64)
    columns["weekday"] = float(day.weekday())
    columns["day_type"] = float(own)
    columns["rest_before"] = float(_run(types[HISTORY_DAYS - 3 : HISTORY_DAYS][::-1]))
    columns["rest_after"] = float(_run(types[HISTORY_DAYS + 1 : HISTORY_DAYS + 4]))
    columns["worked_7"] = float((types[HISTORY_DAYS - 7 : HISTORY_DAYS] == 0).sum())
    return columns


def _run(types: Ints) -> int:
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
