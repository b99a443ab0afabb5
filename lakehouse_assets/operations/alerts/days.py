"""Ranges of days: in words, and which are still wrong after some were looked at again. Pure; standard library only."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

#: What was seen of a part of the range: when (ISO 8601, UTC), whether it was right, and the part's first and last day.
Seen = tuple[str, bool, str, str]


def span_words(first: str, last: str) -> str:
    """Partitions in words; empty where there are none."""
    return first if first == last else f"{first} to {last}"


def days_between(first: str, last: str) -> list[str]:
    """All days of a range as ISO 8601 writes them, both ends among them.

    Raises:
        ValueError: The ends are no days.
    """
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(start + timedelta(days=n)).isoformat() for n in range((end - start).days + 1)]


def still_wrong(first: str, last: str, seen: Iterable[Seen]) -> set[tuple[str, str]]:
    """What of a range that was wrong as a whole is wrong still, each day as first and last.

    Of each day what was seen last counts. Partitions that are no days are one: only what includes all of them tells.

    Args:
        first: First partition that was wrong.
        last: Last one.
        seen: What was seen since, in any order.
    """
    parts = _parts(first, last)
    wrong = set(parts)
    for _, ok, start, end in sorted(seen):
        of_it = {part for part in parts if start <= part[0] and part[1] <= end}
        wrong = wrong - of_it if ok else wrong | of_it
    return wrong


def _parts(first: str, last: str) -> list[tuple[str, str]]:
    try:
        return [(day, day) for day in days_between(first, last)]
    except ValueError:
        return [(first, last)]
