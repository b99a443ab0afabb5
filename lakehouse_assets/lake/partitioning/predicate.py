"""Conditions on columns, and their text in SQL that both delta-rs (DataFusion) and DuckDB understand.

delta-rs takes predicates as text only, so this is the one place that formats values into SQL, by type and quoted. An
instant is written as plain text, which both engines turn into the column's own type: a ``TIMESTAMP`` literal has
nanoseconds in DataFusion, which then refuses to compare it with the microseconds of a Delta column.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Point:
    """Exactly this value; ``None`` is null."""

    value: Any


@dataclass(frozen=True)
class Interval:
    """From ``low`` (included) to ``high`` (not included). ``None`` leaves that side open."""

    low: Any
    high: Any


Stretch = Point | Interval
Where = Mapping[str, Any]
"""What ``Lake.read`` takes: column to a value, a list of values, a ``(low, high)`` tuple or an ``Interval``."""


def literal(value: Any) -> str:
    """A value as SQL.

    Raises:
        TypeError: for a type that has no literal here.
    """
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float) and math.isinf(value):
        return f"CAST('{value}' AS DOUBLE)"
    if isinstance(value, int | float | decimal.Decimal) and not math.isnan(value):  # NaN equals nothing
        return str(value)
    if isinstance(value, str):
        return quoted_text(value)
    if isinstance(value, dt.datetime):
        return _instant(value)
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if hasattr(value, "item"):  # a NumPy scalar
        return literal(value.item())
    raise TypeError(f"Cannot compare a column with {value!r} ({type(value).__name__}).")


def _instant(value: dt.datetime) -> str:
    if value.tzinfo is None:
        return f"'{value.isoformat()}'"
    return f"'{value.astimezone(dt.UTC).replace(tzinfo=None).isoformat()}Z'"


def quoted_text(text: str) -> str:
    """A text as it stands in SQL."""
    return "'" + text.replace("'", "''") + "'"


def quoted(column: str, alias: str | None = None) -> str:
    """A column's name as a SQL identifier, below a table's alias if one is given."""
    name = '"' + column.replace('"', '""') + '"'
    return f"{alias}.{name}" if alias else name


def column_condition(column: str, stretches: Sequence[Stretch], alias: str | None = None) -> str:
    """The SQL that holds where a column lies in any of the stretches; ``FALSE`` for none."""
    name = quoted(column, alias)
    points = [stretch.value for stretch in stretches if isinstance(stretch, Point)]
    parts = [_interval(name, interval) for interval in joined(stretches)]
    known = [literal(value) for value in points if value is not None]
    if len(known) == 1:
        parts.append(f"{name} = {known[0]}")
    elif known:
        parts.append(f"{name} IN ({', '.join(known)})")
    if len(known) < len(points):
        parts.append(f"{name} IS NULL")
    return _any_of(parts)


def _interval(name: str, interval: Interval) -> str:
    sides = []
    if interval.low is not None:
        sides.append(f"{name} >= {literal(interval.low)}")
    if interval.high is not None:
        sides.append(f"{name} < {literal(interval.high)}")
    return "(" + " AND ".join(sides) + ")" if sides else "TRUE"


def joined(stretches: Sequence[Stretch]) -> list[Interval]:
    """The intervals among the stretches, with those that meet joined into one, so that a month is one condition."""
    intervals = [stretch for stretch in stretches if isinstance(stretch, Interval)]
    if any(interval.low is None or interval.high is None for interval in intervals):
        return intervals
    merged: list[Interval] = []
    for interval in sorted(intervals, key=lambda one: one.low):
        if merged and interval.low <= merged[-1].high:
            merged[-1] = Interval(merged[-1].low, max(merged[-1].high, interval.high))
        else:
            merged.append(interval)
    return merged


def _any_of(parts: Sequence[str]) -> str:
    if not parts:
        return "FALSE"
    return parts[0] if len(parts) == 1 else "(" + " OR ".join(parts) + ")"


Box = Sequence[tuple[str, Sequence[Stretch]]]


@dataclass(frozen=True)
class Condition:
    """Holds of the rows that lie in any of the boxes. A box pairs columns with stretches, all of which must hold.

    It is kept as more than SQL so that the log alone can tell which files hold such rows
    (``lake/reading/selection.py``).
    """

    boxes: tuple[Box, ...]

    def sql(self, alias: str | None = None) -> str:
        """The condition as SQL, on columns below a table's alias if one is given; ``FALSE`` without any box."""
        texts = [
            all_of([column_condition(column, stretches, alias) for column, stretches in box]) for box in self.boxes
        ]
        return texts[0] if len(texts) == 1 else _any_of([f"({text})" for text in texts])


NOTHING = Condition(())
"""Holds of no row."""


def sql_of(condition: Condition | str | None) -> str | None:
    """A condition, or what is SQL already, as SQL; ``None`` where all rows are meant."""
    return condition.sql() if isinstance(condition, Condition) else condition


def any_of(conditions: Sequence[str]) -> str:
    """The SQL that holds where any of the conditions does."""
    return _any_of(conditions)


def all_of(conditions: Sequence[str]) -> str:
    """The SQL that holds where all of the conditions do; empty for none."""
    return " AND ".join(conditions)


def stretches_of(wanted: Any) -> list[Stretch]:
    """A value of a ``Where`` as stretches."""
    if isinstance(wanted, Point | Interval):
        return [wanted]
    if isinstance(wanted, tuple):
        low, high = wanted
        return [Interval(low, high)]
    if isinstance(wanted, list | set | frozenset):
        return [Point(value) for value in wanted]
    return [Point(wanted)]


def where_condition(where: Where | None) -> Condition | None:
    """The condition of a ``Where``: all columns' stretches together, or ``None`` when there is none."""
    if not where:
        return None
    return Condition((tuple((column, stretches_of(wanted)) for column, wanted in where.items()),))
