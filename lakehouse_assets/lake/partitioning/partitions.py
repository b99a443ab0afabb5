"""Dagster partitions as conditions on columns: the one place where a partition key becomes a predicate.

A time partition holds the rows

- whose *date* lies in its window, in the partitions' own time zone,
- whose *timestamp with a zone* lies from the window's start up to before its end,
- whose *timestamp without a zone* does so on the wall clock of the partitions' time zone; an hour that the clocks run
  through twice is refused,
- whose *text* is the partition key, or whose *integer* is the key as a number (``fmt="%Y%m%d"``).

A static or dynamic partition holds the rows whose text, integer or ISO date is the partition key.

Anything that could put a row into two partitions, or in none, is refused instead of guessed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pyarrow as pa

from lakehouse_assets.lake.errors import MissingSettingError, PartitionTypeError
from lakehouse_assets.lake.partitioning.partition_keys import iso_date, whole_number
from lakehouse_assets.lake.partitioning.predicate import Box, Condition, Interval, Point, Stretch

PartitionExpr = str | Mapping[str, str]


@dataclass(frozen=True)
class Axis:
    """One partitioned column, and the distinct stretches of it that are asked for."""

    column: str
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True)
class PartitionScope:
    """The partitions of one run or of one input.

    ``cells`` holds for each key its stretch on each axis: ``axes[a].stretches[cells[k][a]]`` is key ``k``'s.
    """

    keys: tuple[str, ...]
    axes: tuple[Axis, ...]
    cells: tuple[tuple[int, ...], ...]

    @property
    def columns(self) -> list[str]:
        """The columns that the partitions are told apart by."""
        return [axis.column for axis in self.axes]

    def condition(self) -> Condition:
        """What holds of exactly the rows of these partitions."""
        whole_grid = 1
        for axis in self.axes:
            whole_grid *= len(axis.stretches)
        if self.keys and whole_grid == len(set(self.cells)):
            return Condition((tuple((axis.column, axis.stretches) for axis in self.axes),))
        return Condition(tuple(self._box(cell) for cell in self.cells))

    def _box(self, cell: Sequence[int]) -> Box:
        return [(axis.column, [axis.stretches[place]]) for axis, place in zip(self.axes, cell, strict=True)]

    def predicate(self, alias: str | None = None) -> str:
        """The same as SQL."""
        return self.condition().sql(alias)

    def describe(self) -> str:
        """The keys for people: all when they are few, else the first and the last."""
        if len(self.keys) <= 3:
            return ", ".join(self.keys)
        return f"{self.keys[0]} … {self.keys[-1]} ({len(self.keys)} partitions)"


def partition_columns(
    expr: PartitionExpr | None, partitions_def: dg.PartitionsDefinition, asset: str
) -> dict[str, str]:
    """Dimension to column for a partitioned asset. The dimension of a one-dimensional definition is ``""``.

    Raises:
        MissingSettingError: when ``partition_expr`` is missing or does not name every dimension.
    """
    if isinstance(partitions_def, dg.MultiPartitionsDefinition):
        dimensions = [dimension.name for dimension in partitions_def.partitions_defs]
        if not isinstance(expr, Mapping) or set(expr) != set(dimensions):
            raise MissingSettingError(
                f"Asset {asset} is partitioned by {' and '.join(dimensions)}: its metadata must say which columns hold "
                f'them, as {{"partition_expr": {{{", ".join(f"{name!r}: <column>" for name in dimensions)}}}}}. '
                f"Found {expr!r}."
            )
        return {name: expr[name] for name in dimensions}
    if not isinstance(expr, str):
        raise MissingSettingError(
            f"Asset {asset} is partitioned: its metadata must say which column holds the partition, as "
            f'{{"partition_expr": <column>}}. Found {expr!r}.'
        )
    return {"": expr}


def resolve(
    keys: Sequence[str],
    partitions_def: dg.PartitionsDefinition,
    columns: Mapping[str, str],
    schema: pa.Schema,
    asset: str,
) -> PartitionScope:
    """The conditions of partition keys on a table's columns.

    Args:
        keys: partition keys, in the order in which their data versions are wanted.
        partitions_def: what the keys belong to.
        columns: dimension to column, from ``partition_columns``.
        schema: the table's or the frame's, for the columns' types.
        asset: named in errors.

    Raises:
        PartitionTypeError: when a column is missing, or its type cannot tell these partitions apart.
    """
    if isinstance(partitions_def, dg.MultiPartitionsDefinition):
        definitions = {dimension.name: dimension.partitions_def for dimension in partitions_def.partitions_defs}
        parts = [partitions_def.get_partition_key_from_str(key).keys_by_dimension for key in keys]
        key_parts = {name: [part[name] for part in parts] for name in columns}
    else:
        definitions = {"": partitions_def}
        key_parts = {"": list(keys)}
    axes, places = [], []
    for name, column in columns.items():
        kind = _column_type(schema, column, asset)
        distinct = list(dict.fromkeys(key_parts[name]))
        stretches = [_stretch(key, definitions[name], column, kind, asset) for key in distinct]
        axes.append(Axis(column, tuple(stretches)))
        place = {key: index for index, key in enumerate(distinct)}
        places.append([place[key] for key in key_parts[name]])
    return PartitionScope(tuple(keys), tuple(axes), tuple(zip(*places, strict=True)))


def physical_columns(columns: Mapping[str, str], schema: pa.Schema) -> list[str]:
    """The columns that the Delta table is laid out by: all of the partitions' but timestamps.

    A folder for every microsecond would be as many files as rows. A table partitioned by a timestamp is therefore
    one folder, whose files' smallest and largest times (which Delta keeps) tell the writer and the reader the few
    files of a partition. Where the partitions are days and the table is large, a date column beside it is better.
    """
    laid_out = [column for column in columns.values() if not pa.types.is_timestamp(schema.field(column).type)]
    # The engine cannot write files of no columns; a table of nothing but partition columns is one folder too.
    return laid_out if len(laid_out) < len(schema) else []


def _column_type(schema: pa.Schema, column: str, asset: str) -> pa.DataType:
    if column not in schema.names:
        raise PartitionTypeError(
            f"Asset {asset} is partitioned by column {column!r}, which its rows do not have. "
            f"They have: {', '.join(schema.names)}. Add the column, or correct the asset's partition_expr."
        )
    kind = schema.field(column).type
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _stretch(key: str, definition: dg.PartitionsDefinition, column: str, kind: pa.DataType, asset: str) -> Stretch:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        if not key:
            raise PartitionTypeError(
                f"Asset {asset}: a partition key is an empty text, by which the Delta protocol means null in column "
                f"{column!r}. Give that partition a name."
            )
        return Point(key)
    if pa.types.is_integer(kind):
        return Point(_in_range(whole_number(key, definition, column, asset), kind, column, asset))
    if isinstance(definition, dg.TimeWindowPartitionsDefinition):
        return _window(key, definition, column, kind, asset)
    if pa.types.is_date(kind):
        return Point(iso_date(key, definition, column, asset))
    raise PartitionTypeError(
        f"Asset {asset}, partition {key!r}: column {column!r} has type {kind}, which cannot hold this partition. "
        "Use a text column that holds the partition key."
    )


def _in_range(number: int, kind: pa.DataType, column: str, asset: str) -> int:
    low, high = (
        (-(2 ** (kind.bit_width - 1)), 2 ** (kind.bit_width - 1))
        if pa.types.is_signed_integer(kind)
        else (0, 2**kind.bit_width)
    )
    if not low <= number < high:
        raise PartitionTypeError(
            f"Asset {asset}: column {column!r} has type {kind}, which cannot hold partition key {number}. Use a wider "
            "integer, or a text column that holds the partition key."
        )
    return number


def _window(
    key: str, definition: dg.TimeWindowPartitionsDefinition, column: str, kind: pa.DataType, asset: str
) -> Interval:
    window = definition.time_window_for_partition_key(key)
    start, end = window.start, window.end
    if pa.types.is_date(kind):
        if start.date() == end.date():
            raise PartitionTypeError(
                f"Asset {asset}, partition {key!r}: its window ({start} to {end}) is shorter than a day, and column "
                f"{column!r} holds dates. Use a timestamp column."
            )
        return Interval(start.date(), end.date())
    if not pa.types.is_timestamp(kind):
        raise PartitionTypeError(
            f"Asset {asset}, partition {key!r}: column {column!r} has type {kind}, which cannot hold a time. "
            "Use a date, a timestamp, or a text column that holds the partition key."
        )
    if kind.tz is not None:
        return Interval(start.astimezone(dt.UTC), end.astimezone(dt.UTC))
    if not _tells_on_wall_clock(start, end):
        raise PartitionTypeError(
            f"Asset {asset}, partition {key!r}: its window ({start} to {end}) lies in an hour that the clocks of "
            f"{definition.timezone} run through twice, and column {column!r} has no time zone, so its rows cannot be "
            "told from the other hour's. Use a timestamp with a time zone, or partitions in UTC."
        )
    return Interval(start.replace(tzinfo=None), end.replace(tzinfo=None))


def _tells_on_wall_clock(start: dt.datetime, end: dt.datetime) -> bool:
    """Whether every instant that a wall clock shows between the window's ends lies in the window."""
    last = end.replace(tzinfo=None) - dt.timedelta(microseconds=1)
    latest = last.replace(tzinfo=end.tzinfo, fold=1)
    earliest = start.replace(fold=0)
    return (
        start.replace(tzinfo=None) <= last
        and earliest.astimezone(dt.UTC) >= start.astimezone(dt.UTC)
        and latest.astimezone(dt.UTC) < end.astimezone(dt.UTC)
    )


def python_value(value: Any) -> str:
    """A value as it is shown in errors."""
    return value.isoformat() if isinstance(value, dt.date) else repr(value)
