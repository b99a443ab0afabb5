"""Public holidays of South Korea, known long in advance: the days on which the steel works' calendar differs."""

from __future__ import annotations

from datetime import date

SOUTH_KOREA: dict[date, str] = {
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
"""Days off by law in 2018, the year of the data, with their names. Sources: Regulations on Holidays of Public Offices
(Presidential Decree, articles 2 and 3; the election by article 10-2) and the Designation of Workers' Day Act. All were
fixed before the year began."""
