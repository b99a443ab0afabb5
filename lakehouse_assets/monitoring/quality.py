"""Faults of the data, told apart from drift: what a stuck sensor or another unit does to a column must not be learned.

Each rule looks for what drift does not do. A machine that wears moves its readings; it does not repeat one number, it
does not multiply them by a thousand, and it does not leave them out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lakehouse_assets.monitoring.verdicts import NO_READINGS, NULLS, OUT_OF_RANGE, STUCK, UNIT_CHANGE

Floats = npt.NDArray[np.float64]

#: Share of rows without a value beyond the reference's that is a fault.
MORE_NULLS = 0.1
#: Share of rows with one and the same value: so much beyond that of the reference's most frequent one, and three times
#: it (a slow sensor of coarse resolution stays near one value for a window); of a single day, half.
MORE_OF_ONE, TIMES_AS_MUCH, MOST_OF_A_DAY = 0.1, 3.0, 0.5
#: A column whose most frequent value fills more of the reference is a state or a count: it may well stay where it is.
CONTINUOUS = 0.1
#: Values farther outside the reference's smallest and largest than this share of what lies between them.
FAR = 0.5
#: Share of such values that is a fault.
MORE_FAR = 0.01
#: Another unit must explain the values this well, in standard deviations of the reference, and have moved them so far.
EXPLAINED, MOVED = 0.75, 3.0
LEAST_VALUES = 20
#: So many standard errors are no chance, however many columns and days are looked at.
SURE = 5.0
#: A day of the reference, which is a sample, with fewer rows tells nothing of how often a number comes in a day.
LEAST_OF_A_DAY = 5

#: Factors between units that are mistaken for each other: prefixes, time, pressure, mass, length, temperature steps.
FACTORS = {
    **{f"a factor of {10**n:,}": float(10**n) for n in (1, 2, 3, 5, 6)},
    "minutes and hours, or seconds and minutes": 60.0,
    "seconds and hours": 3600.0,
    "km/h and m/s, or kWh and MJ": 3.6,
    "psi and kPa": 6.894757,
    "bar and psi": 14.50377,
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


@dataclass(frozen=True)
class Fault:
    """What is wrong with a column, and how one sees it."""

    verdict: str
    detail: str


def fault_of(
    reference: npt.ArrayLike, current: npt.ArrayLike, newest: npt.ArrayLike | None = None, usual_of_a_day: float = 0.0
) -> Fault | None:
    """The fault of one column; None where its values are at least possible.

    Args:
        reference: The champion's reference, missing values included.
        current: The window's values.
        newest: Those of its last day: what began today is seen in them long before it fills the window.
        usual_of_a_day: The share that one number fills of a day of the reference (`most_of_a_day`).
    """
    ours, window = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    last = window if newest is None else np.asarray(newest, dtype=np.float64)
    known = ours[np.isfinite(ours)]
    if not len(known) or not len(window):
        return None
    if not np.isfinite(window).any():
        return Fault(NO_READINGS, f"none of {len(window):,} rows has a value")
    parts = [window] if last is window or len(last) < LEAST_VALUES else [last, window]
    of_a_day = max(MOST_OF_A_DAY, usual_of_a_day)
    for rule in (_nulls, _unit_change, _stuck, _out_of_range):
        for part in parts:
            fault = rule(ours, part, None if part is window else of_a_day)
            if fault is not None:
                return fault
    return None


def most_of_a_day(reference: npt.ArrayLike, days: npt.ArrayLike) -> float:
    """The share of its rows that one number fills on a usual day; 0 where no day has `LEAST_OF_A_DAY` rows.

    A feature that speaks of the whole day before says one number all day long. That is no stuck sensor: it does so on
    every day of the reference.

    Args:
        reference: n values.
        days: The n rows' days.
    """
    values, (_, codes) = np.asarray(reference, dtype=np.float64), np.unique(np.asarray(days), return_inverse=True)
    kept = np.isfinite(values)
    values, codes = values[kept], codes[kept]
    if not len(values):
        return 0.0
    order = np.lexsort((values, codes))
    values, codes = values[order], codes[order]
    begins = np.flatnonzero(np.concatenate([[True], (np.diff(codes) != 0) | (np.diff(values) != 0)]))
    lengths = np.diff(np.append(begins, len(values)))
    days_begin = np.flatnonzero(np.concatenate([[True], np.diff(codes[begins]) != 0]))
    rows, most = np.add.reduceat(lengths, days_begin), np.maximum.reduceat(lengths, days_begin)
    told = rows >= LEAST_OF_A_DAY
    return float(np.median(most[told] / rows[told])) if told.any() else 0.0


def _nulls(reference: Floats, current: Floats, _: float | None) -> Fault | None:
    before, now = (1 - float(np.isfinite(one).mean()) for one in (reference, current))
    # By chance alone a day of few rows lacks many more values than usual; and a share of none is a guess, too.
    usual = max(before, 1 / max(len(reference), 1))
    if now <= before + max(MORE_NULLS, SURE * float(np.sqrt(usual * (1 - usual) / len(current)))):
        return None
    return Fault(NULLS, f"{now:.0%} of the rows have no value, {before:.0%} of the reference")


def _stuck(reference: Floats, current: Floats, of_a_day: float | None) -> Fault | None:
    known, now = _finite(reference), _finite(current)
    usual = _most_frequent(known)[1]
    if usual > CONTINUOUS or len(now) < LEAST_VALUES or len(known) < LEAST_VALUES:
        return None
    value, share = _most_frequent(now)
    if share <= (max(usual + MORE_OF_ONE, TIMES_AS_MUCH * usual) if of_a_day is None else of_a_day):
        return None
    return Fault(STUCK, f"{share:.0%} of the rows say {value:g}; no value fills more than {usual:.0%} of the reference")


def _out_of_range(reference: Floats, current: Floats, _: float | None) -> Fault | None:
    far = _far(reference, current)
    share = float(far.sum() / max(np.isfinite(current).sum(), 1))
    if share <= MORE_FAR:
        return None
    known = _finite(reference)
    return Fault(
        OUT_OF_RANGE,
        f"{share:.0%} of the rows lie far outside {known.min():g} to {known.max():g}, as {current[far][0]:g}",
    )


def _unit_change(reference: Floats, current: Floats, _: float | None) -> Fault | None:
    """Whether another unit explains the values far outside, or, where a factor makes them small, all of them."""
    known, now = _finite(reference), _finite(current)
    strange = current[_far(reference, current)]
    if len(strange) < max(LEAST_VALUES, MORE_FAR * len(now)):
        strange = now
    spread = max(float(known.std()), 1e-12)
    if len(strange) < LEAST_VALUES or np.ptp(known) == 0:
        return None
    if not _moved(known, strange, spread):
        return None
    for name, (factor, offset) in _conversions().items():
        misfit = _quantile_misfit(known, (strange - offset) / factor, spread)
        if misfit <= EXPLAINED:
            share = len(strange) / len(now)
            return Fault(UNIT_CHANGE, f"{share:.0%} of the rows look like the reference in another unit: {name}")
    return None


def _moved(known: Floats, strange: Floats, spread: float) -> bool:
    """Whether the values are not merely elsewhere: far off, or stretched, or squeezed beyond a quiet window."""
    width, usual = (float(np.subtract(*np.quantile(one, [0.75, 0.25]))) for one in (strange, known))
    far = abs(float(np.median(strange) - np.median(known))) > MOVED * spread
    # Where one value fills half of the reference (a flag), its quartiles tell no width.
    return bool(far or (usual > 0 and not 1 / 20 < width / usual < 3))


def _quantile_misfit(known: Floats, converted: Floats, spread: float) -> float:
    """Largest distance of the quantiles that tell place and width; the width's misfit counts as well."""
    at = [0.1, 0.25, 0.5, 0.75, 0.9]
    gap = np.abs(np.quantile(converted, at) - np.quantile(known, at)).max() / spread
    width = max(float(converted.std()), 1e-12) / spread
    return float(gap) if 0.4 < width < 2.5 else float("inf")


def _conversions() -> dict[str, tuple[float, float]]:
    both = {}
    for name, (factor, offset) in ({key: (one, 0.0) for key, one in FACTORS.items()} | AFFINE).items():
        both[name] = (factor, offset)
        both[f"{name}, the other way"] = (1 / factor, -offset / factor)
    return both


def _far(reference: Floats, current: Floats) -> npt.NDArray[np.bool_]:
    known = _finite(reference)
    margin = FAR * float(np.ptp(known))
    found: npt.NDArray[np.bool_] = (current < known.min() - margin) | (current > known.max() + margin)
    return found


def _most_frequent(values: Floats) -> tuple[float, float]:
    found, counts = np.unique(values, return_counts=True)
    place = int(counts.argmax())
    return float(found[place]), float(counts[place] / len(values))


def _finite(values: Floats) -> Floats:
    kept: Floats = values[np.isfinite(values)]
    return kept
