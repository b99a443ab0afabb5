"""Days as tables and frames hold them."""

from __future__ import annotations

from datetime import date
from typing import Any


def as_date(day: Any) -> date:
    """The day of a cell: a date, or an instant of a frame or a table."""
    return date(day.year, day.month, day.day)
