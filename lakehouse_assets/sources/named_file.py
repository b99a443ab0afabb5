"""What a domain's night needs to know of a delivered file, from its name alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class NamedFile:
    """What a file's name says.

    Attributes:
        day: The day of all its rows; None for a whole history, which can hold any day.
        awaited: Whether the domain's night waits for such a file. Others are taken whenever they come.
    """

    day: date | None
    awaited: bool = True
