"""The calendar that forecasts and simulated meters go by."""

from datetime import date, timedelta

from lakehouse_assets.sources.holidays import is_public_holiday, is_recurring_holiday
from lakehouse_assets.sources.plant.energy import Works, usage_on


def holidays(year: int) -> list[date]:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366)]
    return [day for day in days if day.year == year and is_public_holiday(day)]


def test_the_year_of_the_published_readings_is_complete_with_substitutes_and_elections() -> None:
    assert len(holidays(2018)) == 19
    assert {date(2018, 5, 7), date(2018, 6, 13), date(2018, 9, 26)} <= set(holidays(2018))


def test_other_years_know_the_days_that_are_the_same_every_year_and_the_lunar_feasts() -> None:
    feasts = {date(2024, 2, 9), date(2024, 2, 10), date(2024, 2, 11), *(date(2024, 9, n) for n in (16, 17, 18))}
    assert set(holidays(2024)) == feasts | {day.replace(year=2024) for day in holidays(2030)}
    assert len(holidays(2030)) == 9


def test_the_simulated_works_rest_on_the_holidays_of_every_year_and_work_on_substitutes_as_the_published_ones() -> None:
    works = Works()
    noon = {day: usage_on(works, works.meters[0], day)[44:48].mean() for day in holidays(2018)}
    assert max(kwh for day, kwh in noon.items() if is_recurring_holiday(day)) < 10
    assert noon[date(2018, 5, 7)] > 30
