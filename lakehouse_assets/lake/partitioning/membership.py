"""Which of a run's partitions each row belongs to, for a whole batch at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse_assets.lake.partitioning.partitions import Axis, PartitionScope
from lakehouse_assets.lake.partitioning.predicate import Interval, Point

I64 = npt.NDArray[np.int64]
OUTSIDE = -1


class Membership:
    """Tells for each row of a batch its partition's place in ``scope.keys``, or ``OUTSIDE``."""

    def __init__(self, scope: PartitionScope) -> None:
        self._scope = scope
        self._shape = tuple(len(axis.stretches) for axis in scope.axes)
        self._grid: I64 = np.full(self._shape, OUTSIDE, dtype=np.int64)
        for place, cell in enumerate(scope.cells):
            self._grid[cell] = place

    def places(self, batch: pa.RecordBatch) -> I64:
        """Each row's partition, as its place in the scope's keys; ``OUTSIDE`` where it has none."""
        if not self._scope.keys:
            return np.full(batch.num_rows, OUTSIDE, dtype=np.int64)
        per_axis = [_places_on(axis, batch.column(axis.column)) for axis in self._scope.axes]
        inside = np.logical_and.reduce([places != OUTSIDE for places in per_axis])
        cells = tuple(np.where(inside, places, 0) for places in per_axis)
        return np.where(inside, self._grid[cells], OUTSIDE)


def _places_on(axis: Axis, column: Any) -> I64:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if isinstance(axis.stretches[0], Point):
        points = [stretch.value for stretch in axis.stretches if isinstance(stretch, Point)]
        found = pc.index_in(column, value_set=pa.array(points, type=column.type))
        places: I64 = found.fill_null(OUTSIDE).to_numpy(zero_copy_only=False).astype(np.int64)
        return places
    return _places_in_windows([one for one in axis.stretches if isinstance(one, Interval)], column)


def _places_in_windows(windows: Sequence[Interval], column: Any) -> I64:
    order = sorted(range(len(windows)), key=lambda place: windows[place].low)
    starts = np.array([_number(windows[place].low) for place in order], dtype=np.int64)
    ends = np.array([_number(windows[place].high) for place in order], dtype=np.int64)
    numbers = _numbers(column)
    nearest = np.searchsorted(starts, numbers, side="right") - 1
    inside = (nearest >= 0) & (numbers < ends[np.maximum(nearest, 0)])
    if column.null_count:
        inside &= column.is_valid().to_numpy(zero_copy_only=False)
    return np.where(inside, np.array(order, dtype=np.int64)[np.maximum(nearest, 0)], OUTSIDE)


def _number(edge: dt.date) -> int:
    """Days since 1970 of a date, microseconds of a time."""
    if isinstance(edge, dt.datetime):
        epoch = dt.datetime(1970, 1, 1, tzinfo=edge.tzinfo)
        return (edge - epoch) // dt.timedelta(microseconds=1)
    return (edge - dt.date(1970, 1, 1)).days


def _numbers(column: Any) -> I64:
    kind = column.type
    if pa.types.is_timestamp(kind):
        whole = pc.cast(column, pa.timestamp("us", kind.tz), safe=False).cast(pa.int64())
    else:
        whole = column.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
    numbers: I64 = whole.fill_null(0).to_numpy(zero_copy_only=False)
    return numbers
