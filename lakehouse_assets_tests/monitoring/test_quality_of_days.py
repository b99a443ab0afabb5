"""What a usual day of a column is like says what is strange in one: features of whole days, states, whole numbers."""

import numpy as np
import pytest

from lakehouse_assets.monitoring.quality import UsualDay, usual_day
from lakehouse_assets_tests.monitoring.test_quality import named

RANDOM = np.random.default_rng(6)


def by_day(numbers: np.ndarray, meters: int) -> np.ndarray:
    """A feature of the whole day: each meter says its number of a day 96 times."""
    return np.repeat(numbers.reshape(-1, meters), 96, axis=0).ravel()


@pytest.mark.parametrize("meters", [1, 2])
def test_one_strange_day_of_a_feature_of_whole_days_is_one_reading_and_two_are_a_fault(meters: int) -> None:
    reference = by_day(RANDOM.normal(1, 0.1, 40 * meters), meters)
    usual = usual_day(reference, np.repeat(np.arange(40), 96 * meters))
    numbers = RANDOM.normal(1, 0.1, 14 * meters)
    numbers[-meters:] = RANDOM.uniform(3, 4, meters)
    current = by_day(numbers, meters)
    newest = current[-96 * meters :]
    assert named(current, newest, reference, usual_of_a_day=usual) is None
    # In a column that varies within the day so many rows cannot be chance.
    assert named(current, newest, reference, usual_of_a_day=UsualDay(0.2, 10)) is not None
    numbers[-3 * meters :] = RANDOM.uniform(3, 4, 3 * meters)
    current = by_day(numbers, meters)
    assert named(current, current[-96 * meters :], reference, usual_of_a_day=usual) == "out of range"


@pytest.mark.parametrize("meters", [1, 2])
def test_five_days_of_a_feature_of_whole_days_have_to_look_like_another_unit(meters: int) -> None:
    reference = by_day(RANDOM.normal(40, 10, 40 * meters), meters)
    usual = usual_day(reference, np.repeat(np.arange(40), 96 * meters))
    for days, said in ((1, {None}), (4, {None, "out of range"}), (14, {"unit change"})):
        numbers = RANDOM.normal(40, 10, 14 * meters)
        numbers[-days * meters :] *= 6.894757
        current = by_day(numbers, meters)
        assert named(current, current[-96 * meters :], reference, usual_of_a_day=usual) in said


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
    assert usual_day(np.repeat([1.0, 2.0, 3.0], 5), np.repeat([1, 2, 3], 5)) == UsualDay(1.0, 1.0)
    # Four rows a day tell nothing, and no row does neither.
    assert usual_day(np.repeat([1.0, 2.0], 4), np.repeat([1, 2], 4)) is None
    assert usual_day([np.nan], [1]) is None
