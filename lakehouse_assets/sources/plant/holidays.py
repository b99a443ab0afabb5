"""Days on which the simulated works rest: Korea's public holidays and three days in August."""

from datetime import date, timedelta
from typing import Final

_FIXED: Final = {(1, 1), (3, 1), (5, 1), (5, 5), (6, 6), (8, 15), (10, 3), (10, 9), (12, 25), (8, 1), (8, 2), (8, 3)}

# Lunar new year and harvest festival; each also takes the day before and the day after.
_LUNAR: Final = {
    date.fromisoformat(day)
    for day in (
        *("2018-02-16", "2018-09-24", "2019-02-05", "2019-09-13", "2020-01-25", "2020-10-01"),
        *("2021-02-12", "2021-09-21", "2022-02-01", "2022-09-10", "2023-01-22", "2023-09-29"),
        *("2024-02-10", "2024-09-17", "2025-01-29", "2025-10-06", "2026-02-17", "2026-09-25"),
    )
}


def is_holiday(day: date) -> bool:
    """Whether the works rest on a day that is not a Sunday; lunar holidays are known from 2018 to 2026."""
    around = (day + timedelta(days=n) for n in (-1, 0, 1))
    return (day.month, day.day) in _FIXED or any(one in _LUNAR for one in around)
