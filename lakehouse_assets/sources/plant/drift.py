"""A drift on command: from a day on, a column shows more than it should."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class ColumnDrift:
    """A lasting shift of one column, in every file of a simulated source.

    ``shift`` counts the column's spreads (a standard deviation that the source states). It is reached at once, or in
    equal daily steps over ``ramp_days``.
    """

    column: str
    from_day: date
    shift: float
    ramp_days: int = 0

    def __post_init__(self) -> None:
        """Refuse a ramp that runs backwards."""
        if self.ramp_days < 0:
            raise ValueError(f"drift of {self.column}: expected ramp days of 0 or more, found {self.ramp_days}")


def ramped(day: date, from_day: date, shift: float, ramp_days: int) -> float:
    """The part of a shift that is reached on a day; 0 before it begins."""
    days = (day - from_day).days
    if days < 0:
        return 0.0
    return shift * min(1.0, (days + 1) / (ramp_days + 1))


def shifts_on(day: date, drifts: Sequence[ColumnDrift], spreads: Mapping[str, float]) -> dict[str, float]:
    """By how much each column shows too much on a day, in its own unit.

    Raises:
        ValueError: a drift is of a column that has no spread.
    """
    shifts = dict.fromkeys(spreads, 0.0)
    for drift in drifts:
        if drift.column not in spreads:
            raise ValueError(f"drift of {drift.column!r}: expected one of {', '.join(spreads)}")
        shifts[drift.column] += spreads[drift.column] * ramped(day, drift.from_day, drift.shift, drift.ramp_days)
    return shifts
