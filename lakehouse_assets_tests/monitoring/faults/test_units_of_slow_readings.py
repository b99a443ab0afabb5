"""What a slow, skewed reading wanders by from day to day is multiplied, as by another unit, and is none."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.signal import lfilter

from lakehouse_assets.monitoring.faults.quality import fault_of
from lakehouse_assets.monitoring.faults.usual_days import Places, usual_day

ROWS, REFERENCE, DAYS = 50, 100, 14


def slow(seed: int, phi: float, sigma: float, days: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(days + 60) * ROWS)
    return 20 * np.exp(sigma * lfilter([np.sqrt(1 - phi**2)], [1, -phi], noise)[60 * ROWS :])


def said(values: np.ndarray, last_day: int, wander: float | None, convert: Callable[[np.ndarray], np.ndarray]) -> str:
    """The verdict on the window that ends with a day, of which another unit is used."""
    reference, day = values[: REFERENCE * ROWS], np.arange(len(values)) // ROWS
    window = slice((last_day - DAYS + 1) * ROWS, (last_day + 1) * ROWS)
    current = values[window].copy()
    current[-ROWS:] = convert(current[-ROWS:])
    usual = usual_day(reference, day[: REFERENCE * ROWS])
    fault = fault_of(reference, current, current[-ROWS:], usual, wander, day[window])
    return "" if fault is None else fault.verdict


@pytest.mark.parametrize(("phi", "wander"), [(0.9, 0.45), (0.98, 1.2), (0.98, None), (0.995, None)])
@pytest.mark.parametrize("sigma", [0.5, 1.0, 1.5])
def test_a_slow_skewed_reading_is_in_no_other_unit_on_any_day(sigma: float, phi: float, wander: float | None) -> None:
    found = [
        said(values, REFERENCE + DAYS + 3 * place, wander, lambda same: same)
        for seed in range(10)
        for values in [slow(seed, phi, sigma, REFERENCE + 72)]
        for place in range(20)
    ]
    assert found.count("unit change") == 0, f"in {found.count('unit change')} of {len(found)} windows"


@pytest.mark.parametrize(
    ("phi", "sigma", "factor", "verdicts"),
    [
        (0, 0.5, 6.894757, {"unit change"}),
        (0, 1.0, 14.50377, {"unit change"}),
        # A slow one is on each day somewhere else, so that its quantiles fit none too well.
        (0.9, 0.5, 100, {"unit change", "out of range"}),
        (0.98, 0.5, 1000, {"unit change", "out of range"}),
    ],
)
def test_another_unit_that_takes_it_farther_than_it_ever_wanders_is_a_fault_on_its_first_day(
    phi: float, sigma: float, factor: float, verdicts: set[str]
) -> None:
    for seed in range(8):
        values = slow(seed, phi, sigma, REFERENCE + 30)
        assert said(values, REFERENCE + 20, 0.45, lambda one: factor * one) in verdicts


def test_where_days_lie_is_told_on_the_scale_on_which_they_lie_evenly() -> None:
    even = np.random.default_rng(1).normal(60, 4, 100)
    skewed = np.exp(np.random.default_rng(1).normal(0, 1, 100))
    places = Places.of(skewed)
    assert places is not None
    assert places.is_log
    assert (places.mean, places.spread) == pytest.approx((np.log(skewed).mean(), np.log(skewed).std(ddof=1)))
    left = [places.are_left_by(float(np.exp(places.mean + n * places.spread))) for n in (-5.1, -4.9, 4.9, 5.1)]
    assert left == [True, False, False, True]
    assert places.are_left_by(-1.0), "what was always above nought"
    assert not Places.of(even - 60).is_log  # type: ignore[union-attr]
    assert Places.of(even[:9]) is None
    assert not Places.of(np.full(20, 7.0)).are_left_by(7.0)  # type: ignore[union-attr]


def test_the_middles_of_days_are_their_medians() -> None:
    random = np.random.default_rng(3)
    days, values = random.integers(0, 30, 600), random.normal(60, 4, 600)
    medians = np.array([np.median(values[days == day]) for day in range(30)])
    expected = Places.of(medians)
    usual = usual_day(values, days)
    assert usual is not None
    assert usual.places is not None
    assert expected is not None
    assert (usual.places.mean, usual.places.spread) == pytest.approx((expected.mean, expected.spread))
