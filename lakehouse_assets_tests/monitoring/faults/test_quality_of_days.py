"""What a usual day of a column is like says what is strange in one: features of whole days, states, whole numbers."""

import numpy as np
import pytest

from lakehouse_assets.monitoring.faults.usual_days import UsualDay, usual_day
from lakehouse_assets_tests.monitoring.faults.test_quality import named

RANDOM = np.random.default_rng(6)


def by_day(numbers: np.ndarray, meters: int) -> np.ndarray:
    """A feature of the whole day: each meter says its number of a day 96 times."""
    return np.repeat(numbers.reshape(-1, meters), 96, axis=0).ravel()


class Fleet:
    """Some meters, each of which says a number of the whole day 96 times: 40 days of reference, 14 of a window."""

    def __init__(self, meters: int) -> None:
        self.meters = meters
        self.days = np.repeat(np.arange(14), 96 * meters)
        self.reference = by_day(RANDOM.normal(40, 4, 40 * meters), meters)
        self.usual = usual_day(self.reference, np.repeat(np.arange(40), 96 * meters))
        self.numbers = RANDOM.normal(40, 4, (14, meters))

    def said(self) -> str | None:
        current = by_day(self.numbers.ravel(), self.meters)
        newest = current[-96 * self.meters :]
        return named(current, newest, self.reference, usual_of_a_day=self.usual, days=self.days)


@pytest.mark.parametrize("meters", [1, 2, 10])
def test_one_strange_day_of_a_feature_of_whole_days_is_one_reading_and_two_are_a_fault(meters: int) -> None:
    fleet = Fleet(meters)
    assert fleet.said() is None
    fleet.numbers[-1] = RANDOM.uniform(90, 120, meters)
    assert fleet.said() is None
    fleet.numbers[-2] = RANDOM.uniform(90, 120, meters)
    assert fleet.said() == "out of range"


@pytest.mark.parametrize("number", [900.0, -9999.0])
def test_one_broken_entity_of_ten_is_a_fault_on_its_second_day(number: float) -> None:
    fleet = Fleet(10)
    fleet.numbers[-1, 3] = number
    assert fleet.said() is None
    fleet.numbers[-2, 3] = number
    assert fleet.said() == "out of range"


@pytest.mark.parametrize("meters", [1, 2])
def test_five_days_of_a_feature_of_whole_days_have_to_look_like_another_unit(meters: int) -> None:
    for days, said in ((1, {None}), (4, {"out of range"}), (14, {"unit change"})):
        fleet = Fleet(meters)
        fleet.numbers[-days:] *= 6.894757
        assert fleet.said() in said


@pytest.mark.parametrize("rows_of_a_day", [20, 40, 1])
def test_a_reading_that_differs_each_time_is_no_feature_of_whole_days(rows_of_a_day: int) -> None:
    """A reference is a sample: of a day it has few rows, and a fine reading says each number once."""
    reference, days = RANDOM.normal(40, 10, 5000).round(1), np.arange(5000) // rows_of_a_day
    usual = usual_day(reference, days)
    today = 14 - np.arange(14 * 40) // 40
    current = RANDOM.normal(40, 10, 14 * 40).round(1)
    assert named(current, current[:40], reference, usual_of_a_day=usual, days=today) is None
    glitches = current.copy()
    glitches[::20] = -9999
    assert named(glitches, glitches[:40], reference, usual_of_a_day=usual, days=today) == "out of range"
    grams = current.copy()
    grams[:40] *= 1000
    assert named(grams, grams[:40], reference, usual_of_a_day=usual, days=today) == "unit change"


def test_a_machine_that_is_off_every_seventh_day_is_not_stuck_on_it() -> None:
    def readings(days: int) -> np.ndarray:
        return np.concatenate([np.zeros(96) if n % 7 == 6 else RANDOM.normal(40, 10, 96).round(1) for n in range(days)])

    reference, current = readings(56), readings(14)
    usual = usual_day(reference, np.repeat(np.arange(56), 96))
    assert named(current, current[-96:], reference, usual_of_a_day=usual, days=np.repeat(np.arange(14), 96)) is None


def test_whole_numbers_that_stay_the_same_all_day_are_stuck_where_they_never_did() -> None:
    reference, today = (np.round(RANDOM.normal(8, 2, rows)) for rows in (5000, 100))
    usual = usual_day(reference, np.repeat(np.arange(50), 100))
    assert named(today, today, reference, usual_of_a_day=usual) is None
    assert named(today, np.full(100, 8.0), reference, usual_of_a_day=usual) == "stuck"
    # Of a state that stays for days, and where nobody knows what a day is like, it is nothing.
    assert named(today, np.full(100, 8.0), reference, usual_of_a_day=UsualDay(0.9, 3)) is None
    assert named(today, np.full(100, 8.0), reference) is None


def test_how_much_of_a_day_one_number_fills_is_counted_day_by_day() -> None:
    days = RANDOM.integers(0, 40, 600)
    values = RANDOM.integers(0, 4, 600).astype(float)
    values[RANDOM.random(600) < 0.1] = np.nan
    known = np.isfinite(values)
    by_hand = [np.unique(values[known & (days == day)], return_counts=True)[1] for day in range(40)]
    usual = usual_day(values, days)
    assert usual is not None
    by_hand = [one for one in by_hand if one.sum() >= 5]
    assert usual.share == pytest.approx(np.median([one.max() / one.sum() for one in by_hand]))
    assert usual.numbers == np.median([len(one) for one in by_hand])
    assert usual_day(np.repeat([1.0, 2.0, 3.0], 5), np.repeat([1, 2, 3], 5)) == UsualDay(1.0, 1.0, 5.0, 0.0)
    # Four rows a day tell nothing, and no row does neither.
    assert usual_day(np.repeat([1.0, 2.0], 4), np.repeat([1, 2], 4)) is None
    assert usual_day([np.nan], [1]) is None
