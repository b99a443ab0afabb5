"""What a usual day of a column is like, and when rows are enough readings: a feature of the whole day repeats one."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log
from typing import Any

import numpy as np
import numpy.typing as npt

#: Fewer values tell no distribution.
LEAST_VALUES = 20
#: The same of a column that says one number a day, in days; and how unlike its numbers may be in share.
LEAST_DAYS, ALIKE = 5, 1.5
#: Said so often a day, a number is repeated; in a sample of a reference, too.
REPEATED = 2.0
#: A day of the reference, which is a sample, with fewer rows tells nothing of how often a number comes in a day.
LEAST_OF_A_DAY = 5
#: Fewer days do not tell how far a day lies off by chance.
LEAST_PLACES = 10
#: So many standard errors are no chance, however many columns and days are looked at.
SURE = 5.0


@dataclass(frozen=True)
class Places:
    """Where the middles of a column's days lie: their mean and spread, on the scale on which they lie more evenly.

    A day of a slow column lies farther off than its rows suggest, and one of a skewed column, a power or a
    concentration, is multiplied by what it wanders, as by another unit: on the scale of its logarithms that is a move.
    """

    mean: float
    spread: float
    is_log: bool

    @classmethod
    def of(cls, middles: npt.NDArray[np.float64]) -> Places | None:
        """From the medians of the days; None where they are too few."""
        if len(middles) < LEAST_PLACES:
            return None
        is_log = bool((middles > 0).all()) and abs(_skew(np.log(middles))) < abs(_skew(middles))
        scaled = np.log(middles) if is_log else middles
        return cls(float(scaled.mean()), float(scaled.std(ddof=1)), is_log)

    def are_left_by(self, middle: float) -> bool:
        """Whether a day with this median lies farther off than any would by chance."""
        if self.is_log and middle <= 0:
            return True
        scaled = log(middle) if self.is_log else middle
        return abs(scaled - self.mean) > SURE * self.spread


def _skew(values: npt.NDArray[np.float64]) -> float:
    spread = float(values.std())
    return float((((values - values.mean()) / spread) ** 3).mean()) if spread > 0 else 0.0


@dataclass(frozen=True)
class UsualDay:
    """What a column is like on a usual day of the reference.

    Attributes:
        share: Of the day's rows, the share that its most frequent number fills.
        numbers: How many different numbers it says.
        times: How often it says each.
        most: The largest such share of any day with enough rows to tell.
        least_spread: Standard deviation within the day that varied least; 0 where some day did not at all.
        places: Where the days lie; None: they are too few.
    """

    share: float
    numbers: float
    times: float = 1.0
    most: float = 0.0
    least_spread: float = 0.0
    places: Places | None = field(default=None, compare=False)

    @property
    def is_repeated(self) -> bool:
        """Whether few numbers fill the day alike: a feature of the whole day, of one entity or of some side by side."""
        return self.times >= REPEATED and self.share * self.numbers <= ALIKE


@dataclass(frozen=True)
class Days:
    """What is known of a column's days: of a usual one, and those of the rows; None: they are of a single one."""

    usual: UsualDay | None
    of_rows: npt.NDArray[Any] | None = None

    @property
    def is_single(self) -> bool:
        """Whether the rows are those of one day."""
        return self.of_rows is None

    def number(self, rows: npt.NDArray[np.bool_]) -> int:
        """How many days some of the rows are of."""
        return 1 if self.of_rows is None else len(np.unique(self.of_rows[rows]))

    def are_enough(self, rows: npt.NDArray[np.bool_]) -> bool:
        """Whether these are enough readings to tell a distribution by, however often each is repeated."""
        if self.usual is not None and self.usual.is_repeated:
            return self.number(rows) >= LEAST_DAYS
        return int(rows.sum()) >= LEAST_VALUES

    def are_one_reading(self, rows: npt.NDArray[np.bool_]) -> bool:
        """Whether these rows are what one day says again and again."""
        return self.usual is not None and self.usual.is_repeated and self.number(rows) < 2


def usual_day(reference: npt.ArrayLike, days: npt.ArrayLike) -> UsualDay | None:
    """What a column is like on a usual day; None where no day has `LEAST_OF_A_DAY` rows.

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
        return None
    order = np.lexsort((values, codes))
    values, codes = values[order], codes[order]
    begins = np.flatnonzero(np.concatenate([[True], (np.diff(codes) != 0) | (np.diff(values) != 0)]))
    lengths = np.diff(np.append(begins, len(values)))
    days_begin = np.flatnonzero(np.concatenate([[True], np.diff(codes[begins]) != 0]))
    rows, most = np.add.reduceat(lengths, days_begin), np.maximum.reduceat(lengths, days_begin)
    numbers = np.diff(np.append(days_begin, len(begins)))
    told, sure = rows >= LEAST_OF_A_DAY, rows >= LEAST_VALUES
    if not told.any():
        return None
    shares, times, spreads = most / rows, rows / numbers, _spreads(values, codes)
    return UsualDay(
        share=float(np.median(shares[told])),
        numbers=float(np.median(numbers[told])),
        times=float(np.median(times[told])),
        most=float(shares[sure].max(initial=0.0)),
        least_spread=float(spreads[told].min()),
        places=Places.of(_middles(values, codes)[told]),
    )


def _middles(values: npt.NDArray[np.float64], codes: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """The median of each day that has values; these are in order within their days, and the days are."""
    _, begins, rows = np.unique(codes, return_index=True, return_counts=True)
    found: npt.NDArray[np.float64] = (values[begins + (rows - 1) // 2] + values[begins + rows // 2]) / 2
    return found


def _spreads(values: npt.NDArray[np.float64], codes: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Standard deviation within each day that has values; `codes` are the days' numbers, in order."""
    _, days, rows = np.unique(codes, return_inverse=True, return_counts=True)
    off = values - (np.bincount(days, values) / rows)[days]
    found: npt.NDArray[np.float64] = np.sqrt(np.bincount(days, off**2) / rows)
    return found
