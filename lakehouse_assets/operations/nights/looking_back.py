"""How many later days rest on a day, by what assets say that they read. Pure; standard library only."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import TypeVar

K = TypeVar("K")

#: More days than any lake has: of a table that carries its own days on, every later one rests on a day.
ALL_LATER = timedelta.max.days


def days_after(nodes: Iterable[tuple[K, Mapping[K, int]]], start: Collection[K]) -> dict[K, int]:
    """Of each asset that is made from these, how many days after a day still rest on it; `ALL_LATER`: all.

    Along a way the days add up; the longest way counts.

    Args:
        nodes: Assets with a partition a day, inputs before what is made from them, each with how many days before its
            own it reads of its inputs. One that reads earlier days of itself carries them on.
        start: Where the day changed.
    """
    ahead = dict.fromkeys(start, 0)
    for key, looks_back in nodes:
        reached = [ahead[one] + days for one, days in looks_back.items() if one in ahead and one != key]
        if reached or key in ahead:
            carried_on = looks_back.get(key, 0) > 0
            ahead[key] = ALL_LATER if carried_on else min(max([*reached, ahead.get(key, 0)]), ALL_LATER)
    return ahead
