"""A sensor that stands still but for its converter's noise is stuck, and what is quiet by nature is not."""

import numpy as np
import pytest
from scipy.signal import lfilter

from lakehouse_assets.monitoring.faults.usual_days import UsualDay, usual_day
from lakehouse_assets_tests.monitoring.faults.test_quality import named

RANDOM = np.random.default_rng(10)
REFERENCE_DAYS, DAYS = np.repeat(np.arange(100), 50), np.repeat(np.arange(14), 50)
REFERENCE = RANDOM.normal(100, 5, 5000)


def said(current: np.ndarray, reference: np.ndarray = REFERENCE) -> str | None:
    usual = usual_day(reference, REFERENCE_DAYS)
    return named(current, current[-50:], reference, usual_of_a_day=usual, days=DAYS)


@pytest.mark.parametrize("place", [100.0, 93.0, 130.0])
@pytest.mark.parametrize("noise", [1e-9, 0.02, 0.1])
def test_a_frozen_reading_is_stuck_from_its_first_day_though_its_last_digits_move(place: float, noise: float) -> None:
    frozen = RANDOM.normal(place, noise, 700)
    assert said(frozen) == "stuck"
    since_today = RANDOM.normal(100, 5, 700)
    since_today[-50:] = frozen[-50:]
    assert said(since_today) == "stuck"


@pytest.mark.parametrize("narrower", [0.1, 0.3])
def test_a_reading_that_only_became_quieter_drifts(narrower: float) -> None:
    assert said(RANDOM.normal(100, 5 * narrower, 700)) is None


def test_a_slow_reading_varies_little_in_a_day_and_is_not_stuck() -> None:
    for _ in range(20):
        slow = lfilter([np.sqrt(1 - 0.998**2)], [1, -0.998], RANDOM.normal(size=10_000))[-5700:]
        assert said(slow[5000:], slow[:5000]) is None


def test_a_machine_that_was_off_for_a_day_of_the_reference_may_be_off_today() -> None:
    off = REFERENCE.copy()
    off[REFERENCE_DAYS == 33] = 100
    today = RANDOM.normal(100, 5, 700)
    today[-50:] = RANDOM.normal(100, 0.02, 50)
    assert said(today, off) is None


def test_features_of_whole_days_are_quiet_by_nature() -> None:
    meters = UsualDay(share=0.5, numbers=2, times=48, least_spread=4.0)
    quiet = RANDOM.normal(100, 0.02, 700)
    assert named(quiet, reference=REFERENCE, usual_of_a_day=meters) is None
    assert named(quiet, reference=REFERENCE, usual_of_a_day=UsualDay(0.02, 50, least_spread=4.0)) == "stuck"


def test_a_flag_that_is_never_raised_in_a_window_is_not_stuck() -> None:
    flags = (RANDOM.random(5000) < 0.3).astype(float)
    assert said(np.where(np.arange(700) % 3, 0.0, 1e-3), flags) is None


def test_a_reading_in_another_unit_is_narrow_and_keeps_its_name() -> None:
    assert said(RANDOM.normal(100, 5, 700) / 1000) == "unit change"


def test_a_slow_skewed_reading_is_as_narrow_on_a_quiet_day_as_another_unit_would_make_it() -> None:
    """Its days vary by a fiftieth of what it does over all, where it is low."""
    places = RANDOM.exponential(1, 100)
    reference = np.repeat(places, 50) * RANDOM.normal(1, 0.1, 5000) + RANDOM.normal(0, 0.005, 5000)
    current = np.repeat(places[:14], 50) * RANDOM.normal(1, 0.1, 700)
    current[-50:] = RANDOM.normal(0.05, 0.015, 50)
    assert said(current, reference) is None
    current[-50:] = RANDOM.exponential(1, 50) / 1000
    assert said(current, reference) == "unit change"


def test_the_quietest_day_is_found_day_by_day() -> None:
    days = RANDOM.integers(0, 40, 600)
    values = RANDOM.normal(1e6, 1 + days, 600)
    values[RANDOM.random(600) < 0.1] = np.nan
    usual = usual_day(values, days)
    by_hand = [values[np.isfinite(values) & (days == day)] for day in range(40)]
    assert usual is not None
    assert usual.least_spread == pytest.approx(min(one.std() for one in by_hand if len(one) >= 5))
    assert usual_day(np.append(values, np.full(9, 7.0)), np.append(days, np.full(9, 99))).least_spread == 0.0  # type: ignore[union-attr]
