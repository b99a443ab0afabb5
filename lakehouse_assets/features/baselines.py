"""An engine's own beginning: what each sensor read over its first cycles, before wear showed.

Engines leave the factory with different initial wear (Saxena et al. 2008), so the distance from an engine's own
first cycles says more than the distance from the fleet. The state is small (a count and a sum per sensor), is carried
from day to day, and stays empty for an engine that was first seen in mid-life.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

FIRST_CYCLES: int = 20
"""Cycles 1 to 20 count as an engine's beginning."""

KNOWN_TYPE: str = "datetime64[us, UTC]"


def baseline_columns(sensors: Sequence[str]) -> list[str]:
    """List the columns of a baseline table: the two keys, since when it is known, then a count and a sum per sensor."""
    return ["engine_id", "day", "known_at", *_counts(sensors), *_sums(sensors)]


def empty_baselines(sensors: Sequence[str]) -> pd.DataFrame:
    """Give the state before the first day: no engine, and the columns with their types."""
    columns = {"engine_id": pd.Series(dtype="str"), "day": pd.Series(dtype="datetime64[us]")}
    columns["known_at"] = pd.Series(dtype=KNOWN_TYPE)
    columns |= {name: pd.Series(dtype="int64") for name in _counts(sensors)}
    columns |= {name: pd.Series(dtype="float64") for name in _sums(sensors)}
    return pd.DataFrame(columns)


def update_baselines(
    previous: pd.DataFrame,
    readings: pd.DataFrame,
    sensors: Sequence[str],
    first_cycles: int = FIRST_CYCLES,
) -> pd.DataFrame:
    """Carry the state of each engine's beginning on over one or several days.

    Readings are added one after the other in the order of their cycles, so running day by day, or any range of days at
    once, gives the same bits.

    Args:
        previous: The state before the first day of ``readings`` (:func:`baseline_columns`). Where an engine has several
            rows, its latest counts. May be empty.
        readings: Normalised readings of the following days, in any order, one row per engine and day: ``engine_id``,
            ``day``, ``known_at``, ``cycle``, and a column per sensor (missing values are skipped).
        sensors: Names of the sensors.
        first_cycles: Readings up to and including this cycle count.

    Returns:
        One row per engine and day of ``readings``, ordered by them: ``engine_id``, ``day``, ``known_at`` (the latest of
        all readings in the state; null where none counted), ``n_<sensor>`` (readings that counted, int64) and
        ``sum_<sensor>`` (their sum, float64; 0 where none counted).

    Raises:
        ValueError: A column is missing, an engine has two readings on a day, or ``previous`` knows an engine on a day
            that ``readings`` holds again (adding that day twice would count it twice).
    """
    taken = ["engine_id", "day", "known_at", "cycle", *sensors]
    _require(readings, taken, "readings")
    _require(previous, baseline_columns(sensors), "previous")
    rows = readings[taken].sort_values(["engine_id", "day"], ignore_index=True)
    if rows.duplicated(["engine_id", "day"]).any():
        twice = rows.loc[rows.duplicated(["engine_id", "day"]), ["engine_id", "day"]].iloc[0]
        raise ValueError(
            f"update_baselines: {twice.engine_id} has two readings on {twice.day}; harmonized should hold one"
        )
    state = _latest_states(previous, rows)

    values = rows[list(sensors)].to_numpy(dtype=np.float64)
    counts = np.isfinite(values) & (rows["cycle"].to_numpy() <= first_cycles)[:, None]
    starts = np.flatnonzero(~rows["engine_id"].duplicated().to_numpy())
    stops = np.append(starts, len(rows))[1:]
    n = counts.astype(np.int64)
    total = np.where(counts, values, 0.0)
    n[starts] += state[_counts(sensors)].to_numpy(dtype=np.int64)
    # The first term is the state so far: (state + x1) + x2 rounds as adding the days one by one does.
    total[starts] = state[_sums(sensors)].to_numpy(dtype=np.float64) + total[starts]
    known = np.where(counts.any(axis=1), as_instants(rows["known_at"]), NEVER)
    known[starts] = np.maximum(known[starts], as_instants(state["known_at"]))
    for start, stop in zip(starts, stops, strict=True):
        np.cumsum(n[start:stop], axis=0, out=n[start:stop])
        np.cumsum(total[start:stop], axis=0, out=total[start:stop])
        np.maximum.accumulate(known[start:stop], out=known[start:stop])
    keys = rows[["engine_id", "day"]].assign(known_at=as_times(known))
    return pd.concat(
        [keys, pd.DataFrame(n, columns=_counts(sensors)), pd.DataFrame(total, columns=_sums(sensors))], axis=1
    )


def baseline_means(baselines: pd.DataFrame, sensors: Sequence[str], at_least: int = 1) -> npt.NDArray[np.float64]:
    """Give each engine's mean over its first cycles, as known on each row's day.

    Args:
        baselines: Rows that :func:`update_baselines` gives, n of them.
        sensors: Names of the k sensors.
        at_least: Fewer readings than this give no mean.

    Returns:
        n x k means in the readings' unit; NaN where fewer than ``at_least`` first cycles were seen.
    """
    n = baselines[_counts(sensors)].to_numpy(dtype=np.float64)
    total = baselines[_sums(sensors)].to_numpy(dtype=np.float64)
    known = n >= at_least
    return np.where(known, total / np.where(known, n, 1.0), np.nan)


NEVER: int = np.iinfo(np.int64).min
"""No time at all, among instants; as an integer it is less than any other, so a maximum passes it over."""


def as_instants(times: pd.Series) -> npt.NDArray[np.int64]:
    """Times as microseconds since 1970 in UTC, `NEVER` where there is none."""
    instants: npt.NDArray[np.int64] = times.astype(KNOWN_TYPE).to_numpy(dtype="datetime64[us]").astype(np.int64)
    return instants


def as_times(instants: npt.NDArray[np.int64]) -> pd.Series:
    """The inverse of `as_instants`."""
    return pd.Series(instants.astype("datetime64[us]")).dt.tz_localize("UTC")


def _latest_states(previous: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """One state per engine of ``rows``, in their order; zeros for an engine that is new."""
    latest = previous.sort_values(["engine_id", "day"]).drop_duplicates("engine_id", keep="last").set_index("engine_id")
    first = rows.drop_duplicates("engine_id").set_index("engine_id")["day"]
    known = first.index.intersection(latest.index)
    again = known[(latest.loc[known, "day"] >= first.loc[known]).to_numpy(dtype=bool)]
    if len(again):
        raise ValueError(
            f"update_baselines: the previous state of {again[0]} is of {latest.loc[again[0], 'day']}, which is not "
            f"before {first.loc[again[0]]}; pass the state of the day before the first reading"
        )
    found = latest.reindex(first.index).drop(columns="day")
    return found.fillna(dict.fromkeys(found.columns.drop("known_at"), 0))


def _counts(sensors: Sequence[str]) -> list[str]:
    return [f"n_{sensor}" for sensor in sensors]


def _sums(sensors: Sequence[str]) -> list[str]:
    return [f"sum_{sensor}" for sensor in sensors]


def _require(table: pd.DataFrame, columns: Sequence[str], which: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(f"update_baselines: {which} has no columns {missing}; found {list(table.columns)}")
