"""Faults of the data, told apart from drift: what a stuck sensor or another unit does to a column must not be learned.

Each rule looks for what drift does not do. A machine that wears moves its readings; it does not repeat one number, it
does not multiply them by a thousand, and it does not leave them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from lakehouse_assets.monitoring.calibration import normed_wasserstein
from lakehouse_assets.monitoring.faults.units import best_conversion, quartiles_width, spread_of
from lakehouse_assets.monitoring.faults.usual_days import LEAST_VALUES, SURE, Days, UsualDay
from lakehouse_assets.monitoring.verdicts import NO_READINGS, NULLS, OUT_OF_RANGE, STUCK, UNIT_CHANGE

Floats = npt.NDArray[np.float64]

#: Share of rows without a value beyond the reference's that is a fault.
MORE_NULLS = 0.1
#: Share of rows with one and the same value: so much beyond that of the reference's most frequent one, and three times
#: it (a slow sensor of coarse resolution stays near one value for a window); of a single day, half.
MORE_OF_ONE, TIMES_AS_MUCH, MOST_OF_A_DAY = 0.1, 3.0, 0.5
#: A number that fills so much of the reference is usual there, as the limit of a clipped sensor is: where readings
#: follow each other slowly it fills a part of a window now and then, and only half of one is a fault.
USUAL_NUMBER = 0.005
#: A column whose most frequent value fills more of the reference is a state or a count: it may well stay where it is.
#: It is stuck where it says one number all day and fills less than half of a usual day with any.
CONTINUOUS, ALL_DAY, VARIED_DAY = 0.1, 0.99, 0.5
#: The converter's noise goes on where a sensor is stuck: it varies by less than this share of what the reference does
#: on the day on which it varies least.
ONLY_NOISE = 0.05
#: Values farther outside the reference's smallest and largest than this share of what lies between them. Half of that
#: is two standard deviations where a column has ends (a share, two levels, a daily cycle), and drift takes the bulk of
#: one farther than that: the bulk itself must lie so many standard deviations outside.
FAR, BULK_FAR = 0.5, 6.0
#: Share of such values that is a fault.
MORE_FAR = 0.01
#: Drift may stretch a column so much, seen by its quartiles.
STRETCHED = 4.0
#: Rows beside those far off are as they were where their middle moved less than so many spreads.
AS_IT_WAS = 1.0
#: What differs by so little, as a share or at all, is the same number: of a constant, its last digits.
SAME, SAME_AS_NONE = 1e-6, 1e-9


@dataclass(frozen=True)
class Fault:
    """What is wrong with a column, and how one sees it."""

    verdict: str
    detail: str


def fault_of(
    reference: npt.ArrayLike,
    current: npt.ArrayLike,
    newest: npt.ArrayLike | None = None,
    usual_of_a_day: UsualDay | None = None,
    wander: float | None = None,
    days: npt.ArrayLike | None = None,
) -> Fault | None:
    """The fault of one column; None where its values are at least possible.

    Args:
        reference: The champion's reference, missing values included.
        current: The window's values.
        newest: Those of its last day: what began today is seen in them long before it fills the window.
        usual_of_a_day: What the column is like on a usual day of the reference (`usual_day`).
        wander: How far windows lie off by chance, in standard deviations of the reference: the threshold of their
            distance. None: not known.
        days: The days of the window's rows; None: each is of a day of its own.
    """
    ours, window = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    last = window if newest is None else np.asarray(newest, dtype=np.float64)
    known = ours[np.isfinite(ours)]
    if not len(known) or not len(window):
        return None
    if not np.isfinite(window).any():
        return Fault(NO_READINGS, f"none of {len(window):,} rows has a value")
    of_rows = np.arange(len(window)) if days is None else np.asarray(days)
    parts = [(window, Days(usual_of_a_day, of_rows))]
    if newest is not None and len(last) >= LEAST_VALUES:
        parts.insert(0, (last, Days(usual_of_a_day)))
    rules = (_nulls, _stuck, partial(_unit_change, wander), _only_noise, partial(_out_of_range, wander))
    for rule in rules:
        for part, of_part in parts:
            fault = rule(ours, part, of_part)
            if fault is not None:
                return fault
    return None


def _nulls(reference: Floats, current: Floats, _: Days) -> Fault | None:
    before, now = (1 - float(np.isfinite(one).mean()) for one in (reference, current))
    # By chance alone a day of few rows lacks many more values than usual; and a share of none is a guess, too.
    usual = max(before, 1 / max(len(reference), 1))
    if now <= before + max(MORE_NULLS, SURE * float(np.sqrt(usual * (1 - usual) / len(current)))):
        return None
    return Fault(NULLS, f"{now:.0%} of the rows have no value, {before:.0%} of the reference")


def _stuck(reference: Floats, current: Floats, days: Days) -> Fault | None:
    known, now = _finite(reference), _finite(current)
    if min(len(now), len(known)) < LEAST_VALUES:
        return None
    usual = _most_frequent(known)[1]
    value, share = _most_frequent(now)
    if share <= _most_of_one(usual, float((known == value).mean()), days):
        return None
    return Fault(STUCK, f"{share:.0%} of the rows say {value:g}; no value fills more than {usual:.0%} of the reference")


def _only_noise(reference: Floats, current: Floats, days: Days) -> Fault | None:
    """Whether a reading stands still but for noise; asked for after the unit, since another one makes it as narrow."""
    known, now, day = _finite(reference), _finite(current), days.usual
    if min(len(now), len(known)) < LEAST_VALUES or day is None or day.is_repeated:
        return None
    spread = float(now.std())
    if _most_frequent(known)[1] > CONTINUOUS or spread >= ONLY_NOISE * day.least_spread:
        return None
    what = f"the rows stay at {np.median(now):g} and vary by {spread:.2g}"
    return Fault(STUCK, f"{what}; no day of the reference varies by less than {day.least_spread:.2g}")


def _most_of_one(usual: float, of_this: float, days: Days) -> float:
    """The share of rows that one number may fill; `of_this` is its own in the reference."""
    day = days.usual or UsualDay(share=0.0, numbers=0.0)
    if usual > CONTINUOUS:
        varied = days.is_single and days.usual is not None and day.share < VARIED_DAY and day.most < ALL_DAY
        return ALL_DAY if varied else 1.0
    if days.is_single:
        return max(MOST_OF_A_DAY, day.share, day.most)
    return MOST_OF_A_DAY if of_this >= USUAL_NUMBER else max(usual + MORE_OF_ONE, TIMES_AS_MUCH * usual)


def _out_of_range(wander: float | None, reference: Floats, current: Floats, days: Days) -> Fault | None:
    """Whether values lie far outside the reference, and far from where drift has taken the bulk of the window."""
    known, held = _finite(reference), np.isfinite(current)
    now = current[held]
    if min(len(known), len(now)) < LEAST_VALUES:
        return None
    if np.ptp(known) == 0:
        return _no_longer_constant(float(known[0]), now, held, days)
    far = _far_from_bulk(known, now)
    if days.of_rows is not None:
        # Drift that began lately has taken all rows of its days along, and those of the days before not.
        of_rows = days.of_rows[held]
        for day in np.unique(of_rows[far]):
            if (of_rows == day).sum() >= LEAST_VALUES:
                far[of_rows == day] &= _far_from_bulk(known, now[of_rows == day])
    share = float(far.mean())
    many = share > MORE_FAR and far.sum() >= 2
    if days.are_one_reading(_among(held, far)) or not (many or _look_like_drift(far, wander, known, now, days)):
        return None
    what = (
        f"{share:.0%} of the rows lie"
        if many
        else f"{far.sum():,} of {len(now):,} rows, which alone look like drift, lie"
    )
    return Fault(OUT_OF_RANGE, f"{what} far outside {known.min():g} to {known.max():g}, as {now[far][0]:g}")


def _far_from_bulk(known: Floats, now: Floats) -> npt.NDArray[np.bool_]:
    far = _far(known, now)
    if not _far(known, np.median(now, keepdims=True), BULK_FAR * float(known.std()))[0]:
        usual, width = quartiles_width(known), quartiles_width(now)
        stretch = min(max(width / usual, 1.0), STRETCHED) if usual > 0 else 1.0
        middle = np.median(known)
        far &= _far(middle + _moved(known, now) + stretch * (known - middle), now)
    return far


def _no_longer_constant(constant: float, now: Floats, held: npt.NDArray[np.bool_], days: Days) -> Fault | None:
    """Whether what never varied holds other numbers; a flag may be raised that never was."""
    other = ~np.isclose(now, constant, rtol=SAME, atol=SAME_AS_NONE)
    share = float(other.mean())
    flags = constant in (0.0, 1.0) and bool(np.isin(now, (0.0, 1.0)).all())
    if flags or share <= MORE_FAR or other.sum() < 2 or days.are_one_reading(_among(held, other)):
        return None
    what = f"{share:.0%} of the rows say another number than {constant:g}, as {now[other][0]:g}"
    return Fault(OUT_OF_RANGE, f"{what}; the whole reference says {constant:g}")


def _look_like_drift(
    far: npt.NDArray[np.bool_], threshold: float | None, known: Floats, now: Floats, days: Days
) -> bool:
    """Whether few rows far off make a drift of a window without one: the distance grows with how far off they are."""
    if threshold is None or days.is_single or not far.any() or far.mean() > MORE_FAR:
        return False
    return normed_wasserstein(known, now[~far]) <= threshold < normed_wasserstein(known, now)


def _unit_change(wander: float | None, reference: Floats, current: Floats, days: Days) -> Fault | None:
    """Whether another unit explains the values far outside, or, where those beside them moved as well, all of them."""
    known, held = _finite(reference), np.isfinite(current)
    now, rows = current[held], int(held.sum())
    if not rows or not days.are_enough(held) or np.ptp(known) == 0:
        return None
    far = _far(known, now)
    apart = days.are_enough(_among(held, far)) and far.sum() >= MORE_FAR * rows and not far.all()
    if apart and abs(float(np.median(now[~far]) - np.median(known))) < AS_IT_WAS * spread_of(known):
        now = now[far]
    # A threshold is that of a window: how far a single day wanders only the days of the reference tell.
    known_of_a_window = None if days.is_single else wander
    places = days.usual.places if days.usual else None
    if known_of_a_window is None and places is not None:
        if not places.are_left_by(float(np.median(now))):
            return None
        known_of_a_window = wander
    unit = best_conversion(known, now, known_of_a_window, days.usual.least_spread if days.usual else 0.0)
    if unit is None:
        return None
    return Fault(UNIT_CHANGE, f"{len(now) / rows:.0%} of the rows look like the reference in another unit: {unit}")


def _among(held: npt.NDArray[np.bool_], chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Of all rows, those chosen among the ones that are held."""
    rows = held.copy()
    rows[held] = chosen
    return rows


def _moved(known: Floats, now: Floats) -> float:
    """How far the bulk moved: the middle one of its quantiles' moves, for a median alone jumps between two levels."""
    at = np.linspace(0.01, 0.99, 99)
    return float(np.median(np.quantile(now, at) - np.quantile(known, at)))


def _far(known: Floats, values: Floats, at_least: float = 0.0) -> npt.NDArray[np.bool_]:
    margin = max(FAR * float(np.ptp(known)), at_least)
    found: npt.NDArray[np.bool_] = (values < known.min() - margin) | (values > known.max() + margin)
    return found


def _most_frequent(values: Floats) -> tuple[float, float]:
    found, counts = np.unique(values, return_counts=True)
    place = int(counts.argmax())
    return float(found[place]), float(counts[place] / len(values))


def _finite(values: Floats) -> Floats:
    kept: Floats = values[np.isfinite(values)]
    return kept
