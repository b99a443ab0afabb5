"""Faults of the data have names of their own, and what merely drifts has none of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lakehouse_assets.monitoring.faults.quality import fault_of

RANDOM = np.random.default_rng(5)
#: Degrees Celsius of a bearing.
REFERENCE = RANDOM.normal(60, 4, 5000)


def named(
    current: np.ndarray, newest: np.ndarray | None = None, reference: np.ndarray = REFERENCE, **more: Any
) -> str | None:
    fault = fault_of(reference, current, newest, **more)
    return None if fault is None else fault.verdict


def window(rows: int = 500) -> np.ndarray:
    return RANDOM.normal(60, 4, rows)


def test_the_same_distribution_has_no_fault() -> None:
    assert named(window()) is None


@pytest.mark.parametrize("shift", [0.5, 1, 2, 4])
def test_a_shift_of_up_to_four_standard_deviations_is_drift_and_no_fault(shift: float) -> None:
    assert named(window() + 4 * shift) is None


POSITIVE = {
    "torque": lambda z: np.clip(40 + 10 * z, 3.8, None),
    "power": lambda z: 20 * np.exp(0.5 * z),
    "counts": lambda z: np.round(8 + 2 * z),
    "share": lambda z: 50 + 50 * np.tanh(z),
}


@pytest.mark.parametrize("made", POSITIVE.values(), ids=POSITIVE)
@pytest.mark.parametrize("shift", [-2.0, 1.0, 2.0, 3.0, 5.0])
@pytest.mark.parametrize("wander", [None, 0.12])
def test_a_positive_or_skewed_reading_that_moved_is_in_no_other_unit(
    made: Callable[[np.ndarray], np.ndarray], shift: float, wander: float | None
) -> None:
    """By chance a conversion comes near where a shift by some standard deviations does; its shape does not."""
    reference = made(RANDOM.normal(size=5000))
    for _ in range(10):
        current = made(RANDOM.normal(size=500)) + shift * reference.std()
        fault = fault_of(reference, current, wander=wander)
        # A share that cannot be above 100 is no drift at 270.
        assert fault is None or (fault.verdict == "out of range" and made is POSITIVE["share"]), fault


@pytest.mark.parametrize("factor", [0.7, 1.3, 1.5])
def test_a_reading_that_wear_stretches_is_in_no_other_unit(factor: float) -> None:
    made = POSITIVE["torque"]
    reference = made(RANDOM.normal(size=5000))
    assert named(factor * made(RANDOM.normal(size=500)), reference=reference) is None


@pytest.mark.parametrize("factor", [1 / 3.6, 1 / 2.204623, 2.204623, 3.6, 14.50377])
@pytest.mark.parametrize("made", [POSITIVE["torque"], POSITIVE["power"]], ids=["torque", "power"])
def test_a_unit_whose_factor_is_small_is_told_from_drift_by_the_shape(
    made: Callable[[np.ndarray], np.ndarray], factor: float
) -> None:
    reference = made(RANDOM.normal(size=5000))
    fault = fault_of(reference, factor * made(RANDOM.normal(size=500)), wander=0.12)
    assert fault is not None
    assert fault.verdict == "unit change"


def test_what_a_column_wanders_by_on_its_own_is_no_unit() -> None:
    """A slow power wanders by as much as pounds and kilograms are apart: there nothing tells them from each other."""
    made = POSITIVE["power"]
    reference = made(RANDOM.normal(size=5000))
    current = made(RANDOM.normal(1.58, 1.0, 500))
    assert named(current, reference=reference, wander=0.12) == "unit change"
    assert named(current, reference=reference, wander=1.2) is None


def test_where_nobody_knows_how_far_a_column_wanders_only_what_no_drift_made_is_another_unit() -> None:
    reference, current = (POSITIVE["torque"](np.random.default_rng(11).normal(size=rows)) for rows in (5000, 500))
    for factor in (2.204623, 14.50377):
        assert named(factor * current, reference=reference, wander=0.12) == "unit change"
    assert named(2.204623 * current, reference=reference) is None
    assert named(14.50377 * current, reference=reference) == "unit change"


def test_one_machine_of_six_in_another_unit_is_named_beside_five_that_are_as_they_were() -> None:
    values = window(600)
    values[::6] = 1.8 * values[::6] + 32
    fault = fault_of(REFERENCE, values)
    assert fault is not None
    assert fault.detail == "17% of the rows look like the reference in another unit: degrees Celsius and Fahrenheit"


@pytest.mark.parametrize("stretch", [0.3, 2.0, 3.0])
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


@pytest.mark.parametrize("share", [0.03, 0.3, 0.6])
def test_glitches_are_out_of_range_though_drift_took_the_bulk_along(share: float) -> None:
    values = window() + 12
    glitches = int(share * 500)
    values[:glitches] = RANDOM.uniform(-9999, -5000, glitches)
    RANDOM.shuffle(values)
    assert named(values) == "out of range"
    assert named(window() + 24) is None, "six standard deviations, all of them together, are drift"
    assert named(window() + 60) == "out of range", "and fifteen are not"


def test_a_slow_sensor_that_is_clipped_stays_at_its_limit_for_a_part_of_a_window() -> None:
    clipped = np.clip(RANDOM.normal(30, 15, 5000), 0, None)
    values = window()
    values[:100] = 0.0
    assert named(values, reference=np.concatenate([clipped, REFERENCE])) is None
    values[:300] = 0.0
    assert named(values, reference=np.concatenate([clipped, REFERENCE])) == "stuck"


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


def test_a_constant_that_moves_a_handful_of_values_and_one_odd_row_say_nothing() -> None:
    assert named(np.full(500, 5.0000001), reference=np.full(5000, 5.0)) is None
    assert named(RANDOM.normal(2, 1, 500), reference=np.array([1.0, 2.0, 3.0])) is None
    few = np.full(500, np.nan)
    few[:12] = np.append(RANDOM.normal(60, 4, 11), 900)
    assert named(few, reference=np.where(np.arange(5000) % 40, np.nan, REFERENCE)) is None
    today = np.append(RANDOM.normal(60, 4, 19), 900)
    assert named(window(1400), today) is None


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


@pytest.mark.parametrize("share", [0.0, 0.01, 0.03, 0.2])
def test_a_rare_flag_is_in_no_other_unit_however_rare_it_is_today(share: float) -> None:
    random = np.random.default_rng(8)
    flags = (random.random(5000) < 0.03).astype(float)
    assert named((random.random(1200) < share).astype(float), reference=flags) is None
