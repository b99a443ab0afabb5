"""Times of several columns as integers that can be compared: microseconds, or nanoseconds if a column has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

_NAIVE = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
_AWARE = ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS WITH TIME ZONE")


def common_unit(columns: Mapping[str, str]) -> str:
    """The unit in which the times of all columns are compared without loss.

    Args:
        columns: For each column, as messages shall call it, its DuckDB type.

    Returns:
        ``"us"``, or ``"ns"`` if a column has nanoseconds.

    Raises:
        ValueError: A column is no date or timestamp, or some have a time zone and some do not.
    """
    for column, kind in columns.items():
        if kind not in (*_NAIVE, *_AWARE, "DATE"):
            raise ValueError(f"{column} is {kind}; a date or a timestamp is needed to compare it with the others")
    aware = [column for column, kind in columns.items() if kind in _AWARE]
    naive = [column for column, kind in columns.items() if kind in _NAIVE]
    if aware and naive:
        raise ValueError(
            f"time with a zone: {', '.join(aware)}; without: {', '.join(naive)}. Which is later would be a guess: "
            "convert all to UTC with a zone, or all to none"
        )
    return "ns" if any("_NS" in kind for kind in columns.values()) else "us"


def integer_span(span: timedelta, unit: str) -> int:
    """A span of time as a number of that unit, exactly."""
    return span // timedelta(microseconds=1) * (1000 if unit == "ns" else 1)
