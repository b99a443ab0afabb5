"""How a simulated engine wears, and what its sensors show of it.

Wear follows Saxena et al. 2008 (Damage propagation modeling for aircraft engine run-to-failure simulation): an initial
wear from manufacture, then exponential growth until a threshold. Levels, spreads and responses of the sensors are
rounded measurements of the published FD001 (compressor fault) and FD003 (compressor or fan fault) at sea level. Beside
sea level there are two of FD002's other flight conditions, with about its sensor levels. Units are the publisher's
(degrees Rankine, psia, rpm and ratios).

Unlike C-MAPSS, whose sensor noise is white, the noise here is autocorrelated, as it is in a real plant.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SENSOR_NAMES: Final = tuple(f"s{number}" for number in range(1, 22))

# One line a sensor: level at sea level; level at 35,000 ft, Mach 0.84; level at 25,000 ft, Mach 0.62, 60 % throttle;
# standard deviation of the noise; of the difference between healthy engines; response to wear until failure with a
# compressor fault and with a fan fault; its standard deviation between engines; decimals in the published files.
_TABLE: Final[tuple[tuple[float, float, float, float, float, float, float, float, int], ...]] = (
    (518.67, 449.44, 462.54, 0.0, 0.0, 0.0, 0.0, 0.0, 2),
    (642.20, 555.30, 537.00, 0.30, 0.18, 1.55, 1.50, 0.20, 2),
    (1585.5, 1358.6, 1257.0, 4.0, 2.2, 18.0, 23.0, 2.5, 2),
    (1400.0, 1125.0, 1045.0, 4.0, 3.0, 31.0, 34.0, 3.5, 2),
    (14.62, 5.48, 7.05, 0.0, 0.0, 0.0, 0.0, 0.0, 2),
    (21.6097, 8.0000, 9.0200, 0.0023, 0.0, 0.0, -0.006, 0.01, 2),
    (554.20, 194.90, 176.00, 0.42, 0.30, -2.95, 16.5, 0.40, 2),
    (2388.03, 2222.65, 1915.10, 0.032, 0.030, 0.215, 0.65, 0.060, 2),
    (9052.0, 8342.0, 8003.0, 4.2, 5.5, 36.0, 75.0, 40.0, 2),
    (1.3000, 1.0200, 0.9400, 0.0, 0.0, 0.0, 0.012, 0.002, 2),
    (47.27, 41.95, 36.55, 0.105, 0.08, 0.93, 1.15, 0.10, 2),
    (521.90, 183.20, 164.40, 0.32, 0.25, -2.55, 16.0, 0.35, 2),
    (2388.03, 2387.90, 2028.20, 0.032, 0.030, 0.215, 0.65, 0.060, 2),
    (8136.0, 8052.0, 7868.0, 3.2, 5.5, 24.0, 60.0, 35.0, 2),
    (8.4100, 9.3300, 10.8700, 0.020, 0.012, 0.122, -0.175, 0.015, 4),
    (0.03, 0.02, 0.02, 0.0, 0.0, 0.0, 0.0, 0.0, 2),
    (391.7, 334.0, 309.0, 0.85, 0.40, 4.7, 6.0, 0.60, 0),
    (2388.0, 2223.0, 1915.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0),
    (100.0, 100.0, 84.93, 0.0, 0.0, 0.0, 0.0, 0.0, 2),
    (38.97, 14.85, 14.25, 0.10, 0.05, -0.58, 0.67, 0.07, 2),
    (23.380, 8.900, 8.580, 0.060, 0.030, -0.345, 0.41, 0.04, 4),
)
_COLUMNS: Final = np.array([row[:8] for row in _TABLE]).T

REGIME_LEVELS: Final[Floats] = _COLUMNS[:3]
"""(3, 21): each regime's level of each sensor in a healthy engine."""
REGIME_SCALES: Final[Floats] = REGIME_LEVELS / REGIME_LEVELS[0]
"""(3, 21): noise and responses of a regime relative to those at sea level."""
REGIME_SETTINGS: Final[Floats] = np.array([[0.0, 0.0, 100.0], [35.0, 0.84, 100.0], [25.0, 0.62, 60.0]])
"""(3, 3): altitude in 1,000 ft, Mach number, throttle resolver angle in percent."""
REGIME_SHARES: Final[Floats] = np.array([0.5, 0.3, 0.2])
"""(3,): the probability that an engine flies in each regime on a day."""

NOISE: Final[Floats] = _COLUMNS[3]
"""(21,): stationary standard deviation of each sensor's noise at sea level."""
MANUFACTURE: Final[Floats] = _COLUMNS[4]
"""(21,): standard deviation of each sensor's level between new engines at sea level."""
RESPONSES: Final = {"compressor": _COLUMNS[5], "fan": _COLUMNS[6]}
"""(21,) each: mean change of each sensor from no wear to failure at sea level, by fault mode."""
RESPONSE_SPREAD: Final[Floats] = _COLUMNS[7]
"""(21,): standard deviation of that change between engines."""
DECIMALS: Final = tuple(row[8] for row in _TABLE)
FAULT_MODES: Final = tuple(RESPONSES)

HEALTHY_SPREAD: Final[Floats] = np.hypot(NOISE, MANUFACTURE)
"""(21,): standard deviation of single readings over healthy engines at sea level: the unit of `Drift.shift`."""
CONSTANT_SENSORS: Final = tuple(name for name, spread in zip(SENSOR_NAMES, HEALTHY_SPREAD, strict=True) if spread == 0)

MOST_INITIAL_WEAR: Final = 0.08
"""Wear of a new engine, as a share of the wear at failure, is uniform from 0 to this."""
STEEPNESS: Final = (3.0, 5.0)
"""Wear grows by exp(steepness) in a life; uniform between these over engines. FD001's sensors show 3 to 5."""
PERSISTENCE: Final = (0.6, 0.8)
"""Correlation of a sensor's noise from one day to the next; uniform between these over sensors of an engine."""
SETTING_NOISE: Final[Floats] = np.array([0.0022, 0.0003, 0.0])
"""(3,): standard deviation of the settings around their regime's."""


def wear(life: int, initial: float, steepness: float) -> Floats:
    """Wear after each cycle of a life, (life,): grows exponentially from ``initial`` and is 1 in the last cycle."""
    cycles = np.arange(1, life + 1) / life
    grown = np.expm1(steepness * cycles) / math.expm1(steepness)
    return initial + (1.0 - initial) * grown


def autocorrelated(shocks: Floats, persistence: Floats) -> Floats:
    """First-order autoregressive noise of standard deviation 1 from independent standard normal ``shocks``.

    Args:
        shocks: (days, sensors).
        persistence: (sensors,) correlation from one day to the next.
    """
    noise = np.empty_like(shocks)
    noise[0] = shocks[0]
    innovation = np.sqrt(1.0 - persistence**2)
    for step in range(1, len(shocks)):
        noise[step] = persistence * noise[step - 1] + innovation * shocks[step]
    return noise
