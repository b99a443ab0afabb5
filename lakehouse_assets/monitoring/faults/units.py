"""Which other unit of measurement explains what came, told apart from a reading that merely moved.

Factors near one, as those of horsepower and kilowatts, are not looked for: wear stretches a reading as much.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Another unit must explain the values to so many spreads of the reference, and three times as well as a move that
#: leaves their shape alone: a machine that wears moves its readings, another unit stretches or squeezes them.
EXPLAINED, BETTER_THAN_A_MOVE = 0.75, 3.0
#: What lies so many spreads off, or is so much wider or narrower, no drift has made: a unit that fits roughly has.
BEYOND_DRIFT, BEYOND_STRETCH, ROUGHLY = 10.0, 20.0, 1.5
#: Nor is there a unit to look for where the middle moved by less than so many spreads, or by no more than twice what
#: the column wanders by on its own; less will do where it was squeezed beyond drift, for what is squeezed lies near 0.
#: Where nobody knows how far it wanders (a slow, skewed column does by several spreads), only what lies beyond drift.
UNKNOWN_WANDER = 1.5
MOVED, WANDERED, SQUEEZED = 1.0, 2.0, 1 / 3
#: Converted, a window is about as wide as the reference.
OTHER_WIDTH = 2.5

#: Factors between units that are mistaken for each other: prefixes, time, pressure, mass, length, temperature steps.
FACTORS = {
    **{f"a factor of {10**n:,}": float(10**n) for n in (1, 2, 3, 5, 6)},
    "minutes and hours, or seconds and minutes": 60.0,
    "seconds and hours": 3600.0,
    "km/h and m/s, or kWh and MJ": 3.6,
    "psi and kPa": 6.894757,
    "bar and psi": 14.50377,
    "rad/s and revolutions a minute": 9.549297,
    "kg and lb": 2.204623,
    "inches and mm": 25.4,
    "feet and m": 3.28084,
    "kelvin and degrees Rankine": 1.8,
}
#: value' = factor * value + offset.
AFFINE = {
    "degrees Celsius and kelvin": (1.0, 273.15),
    "degrees Celsius and Fahrenheit": (1.8, 32.0),
    "kelvin and degrees Fahrenheit": (1.8, -459.67),
}


def best_conversion(known: Floats, strange: Floats, wander: float | None, quietest: float = 0.0) -> str | None:
    """The conversion that explains values best; None if none does, or a move of what was known does as well.

    Args:
        known: The values of the reference, finite.
        strange: What came, at least one value, finite.
        wander: How far windows lie off by chance, in standard deviations of the reference; None: not known.
        quietest: Standard deviation within the day of the reference that varied least: a slow column is as narrow on
            its own. 0: not known.
    """
    spread = spread_of(known)
    moved = float(np.median(strange) - np.median(known)) / spread
    width, usual = quartiles_width(strange), quartiles_width(known)
    # Where one value fills half of the reference (a flag), its quartiles tell no width.
    stretched = usual > 0 and not 1 / BEYOND_STRETCH < width / usual < BEYOND_STRETCH
    if stretched and width < usual and 0 < quietest <= float(strange.std()):
        stretched = False
    beyond = stretched or abs(moved) > BEYOND_DRIFT
    if wander is None and not beyond:
        return None
    by_chance = WANDERED * (UNKNOWN_WANDER if wander is None else wander) * float(known.std()) / spread
    if abs(moved) < (SQUEEZED if stretched else max(MOVED, by_chance)):
        return None
    fits = {name: _misfit(known, (strange - offset) / factor) for name, (factor, offset) in conversions().items()}
    best = min(fits, key=lambda name: fits[name])
    if beyond:
        return best if fits[best] <= ROUGHLY else None
    as_a_move = _misfit(known, strange - moved * spread)
    return best if fits[best] <= min(EXPLAINED, as_a_move / BETTER_THAN_A_MOVE) else None


def spread_of(known: Floats) -> float:
    """As a normal column's standard deviation, by the quartiles: a long tail makes everything look near each other."""
    by_quartiles, by_all = quartiles_width(known) / 1.349, float(known.std())
    return max(min(by_quartiles or by_all, by_all), 1e-12)


def quartiles_width(values: Floats) -> float:
    """How far the quartiles lie apart."""
    return float(np.subtract(*np.quantile(values, [0.75, 0.25])))


def conversions() -> dict[str, tuple[float, float]]:
    """Each conversion both ways, by name: factor and offset."""
    both = {}
    for name, (factor, offset) in ({key: (one, 0.0) for key, one in FACTORS.items()} | AFFINE).items():
        both[name] = (factor, offset)
        both[f"{name}, the other way"] = (1 / factor, -offset / factor)
    return both


def _misfit(known: Floats, values: Floats) -> float:
    """Largest distance of the quantiles that tell place and width, in spreads; infinite where the width is another."""
    at, usual = [0.1, 0.25, 0.5, 0.75, 0.9], quartiles_width(known)
    if usual > 0 and not 1 / OTHER_WIDTH < quartiles_width(values) / usual < OTHER_WIDTH:
        return float("inf")
    return float(np.abs(np.quantile(values, at) - np.quantile(known, at)).max() / spread_of(known))
