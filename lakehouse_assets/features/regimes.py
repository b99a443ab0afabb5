"""Operating regimes: which flight condition a reading was taken in, and its sensors relative to that condition.

A sensor moves far more between flight conditions than it does with wear, so trends show only after each reading is
compared with others of its own regime (Peel 2008, *Data driven prognostics using a Kalman filter ensemble*, and most
work on C-MAPSS since). Fit on the readings of training engines only: mean and spread of an engine that is held out or
in service would tell the model about rows that it must not have seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pandas as pd

SETTINGS: tuple[str, ...] = ("altitude", "mach", "tra")
"""The operating settings, in the harmonized zone's units (m, Mach number, throttle resolver angle in degrees)."""

SENSORS: tuple[str, ...] = (
    *("t2", "t24", "t30", "t50", "p2", "p15", "p30", "nf", "nc", "epr", "ps30"),
    *("phi", "nrf", "nrc", "bpr", "farb", "htbleed", "nf_dmd", "pcnfr_dmd", "w31", "w32"),
)
"""The sensors s1 to s21 of C-MAPSS, in the publisher's order, by their names in the harmonized zone."""

RESOLUTION: Mapping[str, float] = {"altitude": 300.0, "mach": 0.03, "tra": 2.0}
"""The gap in each setting that separates two regimes. Jitter inside a C-MAPSS regime is about 3 m, 0.001 and 0 degrees;
the closest two regimes are 5,000 ft apart."""

CONSTANT: float = 1e-9
"""A spread below this share of the mean is rounding, not signal: converting units leaves 1e-15 on constant sensors."""

Floats = npt.NDArray[np.float64]


def fit_regimes(
    readings: pd.DataFrame,
    settings: Sequence[str] = SETTINGS,
    sensors: Sequence[str] = SENSORS,
    resolution: Mapping[str, float] = RESOLUTION,
) -> pd.DataFrame:
    """Find the regimes that the training engines flew in, and what each sensor reads there.

    Regimes are the groups left after splitting the readings at every gap wider than ``resolution`` in any setting,
    until no such gap is left. Their number need not be known, and the order of the rows does not matter to them.

    Args:
        readings: Readings of training engines only; one column per setting and sensor. Rows that lack a setting are
            left out.
        settings: Names of the operating settings.
        sensors: Names of the sensors.
        resolution: Per setting, the gap (in the setting's unit) that separates two regimes.

    Returns:
        One row per regime, ordered by its settings: ``regime`` (0, 1, …), ``rows``, ``reach`` (how far from the centre
        a reading may lie, in units of ``resolution``), one column per setting (the centre: its mean), and
        ``mean_<sensor>`` and ``std_<sensor>`` (of all rows that have the sensor; the spread is 0 for a constant
        sensor, both are NaN for one never read there).

    Raises:
        ValueError: A column is missing, or no reading has all its settings.
    """
    _require(readings, [*settings, *sensors], "fit_regimes")
    # Sums depend on the order of the rows in their last bits, and Delta gives no order.
    readings = readings.sort_values([*settings, *sensors], ignore_index=True)
    scaled = _scaled(readings, settings, resolution)
    known = np.isfinite(scaled).all(axis=1)
    if not known.any():
        raise ValueError(
            f"fit_regimes: none of {len(readings)} readings has all of {list(settings)}; are the zones filled?"
        )
    scaled = scaled[known]
    setting_values = readings[list(settings)].to_numpy(dtype=np.float64)[known]
    sensor_values = readings[list(sensors)].to_numpy(dtype=np.float64)[known]
    regimes = []
    for members in _split_at_gaps(scaled):
        centre = setting_values[members].mean(axis=0)
        mean, std = _mean_and_std(sensor_values[members])
        distance = np.sqrt(np.square(scaled[members] - scaled[members].mean(axis=0)).sum(axis=1))
        regimes.append(
            {"rows": len(members), "reach": float(distance.max()) + 0.5}
            | dict(zip(settings, centre, strict=True))
            | {f"mean_{sensor}": value for sensor, value in zip(sensors, mean, strict=True)}
            | {f"std_{sensor}": value for sensor, value in zip(sensors, std, strict=True)}
        )
    table = pd.DataFrame(regimes).sort_values(list(settings), ignore_index=True)
    table.insert(0, "regime", np.arange(len(table), dtype=np.int64))
    return table


def assign_regimes(
    readings: pd.DataFrame,
    regimes: pd.DataFrame,
    settings: Sequence[str] = SETTINGS,
    resolution: Mapping[str, float] = RESOLUTION,
) -> npt.NDArray[np.int64]:
    """Say which regime each reading belongs to: the nearest, if the reading lies within its reach.

    Args:
        readings: Readings with their settings, n rows.
        regimes: The table that :func:`fit_regimes` gives.
        settings: Names of the operating settings.
        resolution: As the regimes were fitted with.

    Returns:
        n row numbers of ``regimes``; -1 where a setting is missing or no regime is within reach. A condition that no
        training engine ever flew in has no mean to compare with, and the nearest one's would look like heavy wear.

    Raises:
        ValueError: A column is missing, or there is no regime.
    """
    _require(readings, settings, "assign_regimes")
    _require(regimes, [*settings, "reach"], "assign_regimes")
    if regimes.empty:
        raise ValueError("assign_regimes: the table of regimes is empty; fit it on the training engines first")
    points = _scaled(readings, settings, resolution)
    centres = _scaled(regimes, settings, resolution)
    nearest = np.full(len(points), -1, dtype=np.int64)
    least = np.full(len(points), np.inf)
    for number, (centre, reach) in enumerate(zip(centres, regimes["reach"].to_numpy(dtype=np.float64), strict=True)):
        distance = np.sqrt(np.square(points - centre).sum(axis=1))
        closer = (distance <= reach) & (distance < least)
        nearest[closer] = number
        least[closer] = distance[closer]
    return nearest


def normalise(
    readings: pd.DataFrame,
    regimes: pd.DataFrame,
    settings: Sequence[str] = SETTINGS,
    sensors: Sequence[str] = SENSORS,
    resolution: Mapping[str, float] = RESOLUTION,
) -> pd.DataFrame:
    """Express each sensor in standard deviations from its mean in the reading's own regime.

    Args:
        readings: Readings with settings and sensors, n rows in any order; further columns (keys) are kept.
        regimes: The table that :func:`fit_regimes` gives.
        settings: Names of the operating settings.
        sensors: Names of the sensors.
        resolution: As the regimes were fitted with.

    Returns:
        A copy of ``readings`` with float64 z-scores in place of the sensors: 0 for a sensor that is constant in its
        regime, NaN where the sensor is missing, was never read in that regime, or the reading is in no known regime.

    Raises:
        ValueError: A column is missing, or there is no regime.
    """
    _require(readings, [*settings, *sensors], "normalise")
    _require(regimes, [f"{part}_{sensor}" for part in ("mean", "std") for sensor in sensors], "normalise")
    regime = assign_regimes(readings, regimes, settings, resolution)
    mean = regimes[[f"mean_{sensor}" for sensor in sensors]].to_numpy(dtype=np.float64)[regime]
    std = regimes[[f"std_{sensor}" for sensor in sensors]].to_numpy(dtype=np.float64)[regime]
    values = readings[list(sensors)].to_numpy(dtype=np.float64)
    scores = np.where(
        std == 0.0, np.where(np.isnan(values), np.nan, 0.0), (values - mean) / np.where(std == 0.0, 1.0, std)
    )
    scores[regime < 0] = np.nan
    result = readings.copy()
    result[list(sensors)] = scores
    return result


def _require(table: pd.DataFrame, columns: Sequence[str], who: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ValueError(f"{who}: columns {missing} are missing; found {list(table.columns)}")


def _scaled(table: pd.DataFrame, settings: Sequence[str], resolution: Mapping[str, float]) -> Floats:
    widths = np.array([resolution[setting] for setting in settings], dtype=np.float64)
    scaled: Floats = table[list(settings)].to_numpy(dtype=np.float64) / widths
    return scaled


def _split_at_gaps(points: Floats) -> list[npt.NDArray[np.int64]]:
    """Row numbers of each group; two rows share a group if no gap wider than 1 in any coordinate parts them."""
    pending = [np.arange(len(points), dtype=np.int64)]
    groups = []
    while pending:
        members = pending.pop()
        for coordinate in points[members].T:
            order = np.argsort(coordinate, kind="stable")
            cuts = np.flatnonzero(np.diff(coordinate[order]) > 1.0) + 1
            if len(cuts):
                pending.extend(np.split(members[order], cuts))
                break
        else:
            groups.append(members)
    return groups


def _mean_and_std(values: Floats) -> tuple[Floats, Floats]:
    present = ~np.isnan(values)
    count = present.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(present, values, 0.0).sum(axis=0) / count
        std = np.sqrt(np.where(present, np.square(values - mean), 0.0).sum(axis=0) / count)
    constant = std <= CONSTANT * np.maximum(np.abs(mean), 1e-300)
    return mean, np.where(constant, 0.0, std)


def regimes_version(regimes: pd.DataFrame, names: Sequence[str]) -> str:
    """The version of features that these regimes normalise: a hash of the regimes and the names, 12 hex digits.

    A model may only be asked on features of the version that it learned from; refitted regimes are another one.
    """
    digest = sha256(pd.util.hash_pandas_object(regimes, index=False).to_numpy().tobytes())
    digest.update(",".join([*regimes.columns, *names]).encode())
    return digest.hexdigest()[:12]
