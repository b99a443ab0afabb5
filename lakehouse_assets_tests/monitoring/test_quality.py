"""Faults of the data have names of their own, and what merely drifts has none of them."""

import numpy as np
import pytest

from lakehouse_assets.monitoring.quality import fault_of, most_of_a_day

RANDOM = np.random.default_rng(5)
#: Degrees Celsius of a bearing.
REFERENCE = RANDOM.normal(60, 4, 5000)


def named(current: np.ndarray, newest: np.ndarray | None = None, reference: np.ndarray = REFERENCE) -> str | None:
    fault = fault_of(reference, current, newest)
    return None if fault is None else fault.verdict


def window(rows: int = 500) -> np.ndarray:
    return RANDOM.normal(60, 4, rows)


def test_the_same_distribution_has_no_fault() -> None:
    assert named(window()) is None


@pytest.mark.parametrize("shift", [0.5, 1, 2, 4])
def test_a_shift_of_up_to_four_standard_deviations_is_drift_and_no_fault(shift: float) -> None:
    assert named(window() + 4 * shift) is None


@pytest.mark.parametrize("stretch", [0.3, 2.0])
def test_a_change_of_spread_is_drift_and_no_fault(stretch: float) -> None:
    assert named(60 + stretch * (window() - 60)) is None


def test_a_sensor_that_repeats_its_last_value_is_stuck() -> None:
    values = window()
    values[300:] = values[300]
    assert named(values) == "stuck"
    assert named(np.full(500, 61.2)) == "stuck"


def test_a_sensor_stuck_since_today_is_seen_in_todays_rows() -> None:
    values = window(1400)
    values[1340:] = values[1340]
    assert named(values) is None
    assert named(values, values[-100:]) == "stuck"


def test_a_state_that_stays_and_a_coarse_slow_reading_are_not_stuck() -> None:
    states = RANDOM.integers(0, 3, 5000).astype(float)
    assert named(np.ones(500), reference=states) is None
    # In steps of 0.8 degrees no value fills more than 8 % of the reference, and one fills 21 % of a quiet window.
    coarse, quiet = (0.8 * np.round(one / 0.8) for one in (REFERENCE, RANDOM.normal(60, 1.52, 5000)))
    assert 0.2 < (quiet == 60).mean() < 0.22
    assert named(quiet, reference=coarse) is None


@pytest.mark.parametrize(
    ("convert", "what"),
    [
        (lambda celsius: celsius + 273.15, "kelvin"),
        (lambda celsius: 1.8 * celsius + 32, "Fahrenheit"),
        (lambda celsius: celsius * 1000, "factor of 1,000"),
        (lambda celsius: celsius / 1000, "factor of 1,000"),
    ],
)
def test_another_unit_is_named(convert: object, what: str) -> None:
    fault = fault_of(REFERENCE, convert(window()))  # type: ignore[operator]
    assert fault is not None
    assert fault.verdict == "unit change"
    assert what in fault.detail


def test_another_unit_since_today_is_seen_in_todays_rows() -> None:
    values = window(1400)
    values[-100:] = values[-100:] + 273.15
    assert named(values, values[-100:]) == "unit change"


def test_missing_values_are_nulls_and_none_at_all_no_readings() -> None:
    values = window()
    values[:40] = np.nan
    assert named(values) is None
    values[:60] = np.nan
    assert named(values) == "nulls"
    assert named(np.full(500, np.nan)) == "no readings"


def test_a_column_with_as_many_nulls_in_the_reference_is_as_it_was() -> None:
    often = REFERENCE.copy()
    often[::2] = np.nan
    values = window()
    values[::2] = np.nan
    assert named(values, reference=often) is None


def test_a_column_without_a_reference_has_nothing_to_be_at_fault_against() -> None:
    assert named(np.full(500, np.nan), reference=np.full(5000, np.nan)) is None


def test_values_that_cannot_be_are_out_of_range() -> None:
    values = window()
    values[::20] = -9999
    fault = fault_of(REFERENCE, values)
    assert fault is not None
    assert fault.verdict == "out of range"
    assert fault.detail.startswith("5% of the rows lie far outside")
    assert fault.detail.endswith("as -9999")


def test_a_slow_sensor_whose_day_is_narrow_has_no_fault() -> None:
    # A standardised column near zero: a factor would make any narrow day fit.
    reference = RANDOM.normal(size=5000)
    for place in (-1.5, 0.0, 0.7):
        assert named(RANDOM.normal(0, 0.7, 500), RANDOM.normal(place, 0.15, 50), reference) is None


def test_how_much_of_a_day_one_number_fills_is_counted_day_by_day() -> None:
    days = RANDOM.integers(0, 40, 600)
    values = RANDOM.integers(0, 4, 600).astype(float)
    values[RANDOM.random(600) < 0.1] = np.nan
    known = np.isfinite(values)
    by_hand = [np.unique(values[known & (days == day)], return_counts=True)[1] for day in range(40)]
    assert most_of_a_day(values, days) == pytest.approx(np.median([one.max() / one.sum() for one in by_hand]))
    assert most_of_a_day(np.repeat([1.0, 2.0, 3.0], 5), np.repeat([1, 2, 3], 5)) == 1.0
    # Four rows a day tell nothing, and no row does neither.
    assert most_of_a_day(np.repeat([1.0, 2.0], 4), np.repeat([1, 2], 4)) == 0.0
    assert most_of_a_day([np.nan], [1]) == 0.0


@pytest.mark.parametrize("share", [0.0, 0.01, 0.03, 0.2])
def test_a_rare_flag_is_in_no_other_unit_however_rare_it_is_today(share: float) -> None:
    random = np.random.default_rng(8)
    flags = (random.random(5000) < 0.03).astype(float)
    assert named((random.random(1200) < share).astype(float), reference=flags) is None
