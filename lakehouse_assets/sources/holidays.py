"""Public holidays of South Korea, known in advance: the days on which a works' calendar differs.

Both read it: the forecast of demand as its calendar, and the simulated meters, which rest on them.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

#: Days off by law in 2018, the year of the published readings, with their names. Sources: Regulations on Holidays of
#: Public Offices (Presidential Decree, articles 2 and 3; the election by article 10-2) and the Designation of Workers'
#: Day Act. All were fixed before the year began.
YEAR_2018: Mapping[date, str] = MappingProxyType(
    {
        date(2018, 1, 1): "New Year's Day",
        date(2018, 2, 15): "Seollal, day before",
        date(2018, 2, 16): "Seollal",
        date(2018, 2, 17): "Seollal, day after",
        date(2018, 3, 1): "Independence Movement Day",
        date(2018, 5, 1): "Workers' Day",
        date(2018, 5, 5): "Children's Day",
        date(2018, 5, 7): "Children's Day, substitute",
        date(2018, 5, 22): "Buddha's Birthday",
        date(2018, 6, 6): "Memorial Day",
        date(2018, 6, 13): "Local elections",
        date(2018, 8, 15): "Liberation Day",
        date(2018, 9, 23): "Chuseok, day before",
        date(2018, 9, 24): "Chuseok",
        date(2018, 9, 25): "Chuseok, day after",
        date(2018, 9, 26): "Chuseok, substitute",
        date(2018, 10, 3): "National Foundation Day",
        date(2018, 10, 9): "Hangeul Day",
        date(2018, 12, 25): "Christmas Day",
    }
)

_COMPLETE = 2018
_SAME_EVERY_YEAR = {(1, 1), (3, 1), (5, 1), (5, 5), (6, 6), (8, 15), (10, 3), (10, 9), (12, 25)}

# Seollal and Chuseok by the lunar calendar; each also takes the day before and the day after.
_LUNAR = {
    date.fromisoformat(day)
    for day in (
        *("2018-02-16", "2018-09-24", "2019-02-05", "2019-09-13", "2020-01-25", "2020-10-01", "2021-02-12"),
        *("2021-09-21", "2022-02-01", "2022-09-10", "2023-01-22", "2023-09-29", "2024-02-10", "2024-09-17"),
        *("2025-01-29", "2025-10-06", "2026-02-17", "2026-09-25"),
    )
}


def is_public_holiday(day: date) -> bool:
    """Whether a day is a public holiday in South Korea.

    2018 is complete. Of other years it knows the days that are the same every year and, until 2026, Seollal and
    Chuseok: no substitute days, no elections, nothing else that hangs on the moon.
    """
    return day in YEAR_2018 if day.year == _COMPLETE else is_recurring_holiday(day)


def is_recurring_holiday(day: date) -> bool:
    """Whether a day is a holiday of every year: what the published meter's load types know too, which take substitute
    days, Buddha's Birthday and elections for working days. Seollal and Chuseok are known from 2018 to 2026.
    """
    around = (day + timedelta(days=n) for n in (-1, 0, 1))
    return (day.month, day.day) in _SAME_EVERY_YEAR or any(one in _LUNAR for one in around)
