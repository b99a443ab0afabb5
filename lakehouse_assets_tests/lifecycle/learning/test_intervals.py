"""The band covers as many new engines as it says, and is narrow where the model errs little."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.lifecycle.learning.intervals import apply_band, fit_band


def engines(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    truth = random.uniform(5, 150, n)
    predicted = np.clip(truth + random.normal(0, 2 + truth * 0.1), 0, 125)
    return predicted, truth


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_new_engines_fall_into_the_band_as_often_as_promised(coverage: float) -> None:
    shares = []
    for seed in range(20):
        band = fit_band(*engines(400, seed), coverage)
        predicted, truth = engines(2000, 1000 + seed)
        lower, upper = apply_band(predicted, band)
        shares.append(np.mean((lower <= truth) & (truth <= upper)))
    assert coverage - 0.01 <= np.mean(shares) <= coverage + 0.05


def test_the_band_is_narrower_near_failure_than_far_from_it() -> None:
    lower, upper = apply_band([15.0, 100.0], fit_band(*engines(2000, 1)))
    assert upper[0] - lower[0] < 0.5 * (upper[1] - lower[1])


def test_every_prediction_of_the_calibration_falls_into_the_bin_that_counted_it() -> None:
    predicted, truth = engines(500, 4)
    band = fit_band(predicted, truth)
    place = np.searchsorted(band["predicted_from"], predicted, side="right") - 1
    assert np.bincount(place, minlength=len(band)).tolist() == band["n"].tolist()
    assert band["n"].min() >= 40


def test_few_rows_make_one_bin() -> None:
    assert len(fit_band(*engines(60, 2))) == 1


def test_equal_predictions_fall_into_one_bin() -> None:
    band = fit_band(np.full(500, 125.0), np.linspace(100, 200, 500))
    assert band["n"].tolist() == [500]


def test_the_order_of_the_rows_does_not_matter() -> None:
    predicted, truth = engines(300, 5)
    order = np.random.default_rng(0).permutation(300)
    pd.testing.assert_frame_equal(fit_band(predicted, truth), fit_band(predicted[order], truth[order]))


@settings(max_examples=50, deadline=None)
@given(
    rows=st.lists(st.tuples(st.floats(-20, 150), st.floats(0, 300)), min_size=10, max_size=200),
    coverage=st.floats(0.05, 0.98),
    new=st.lists(st.floats(-50, 400), max_size=20),
)
def test_bounds_are_ordered_and_never_below_zero(
    rows: list[tuple[float, float]], coverage: float, new: list[float]
) -> None:
    predicted, truth = np.array(rows).T
    lower, upper = apply_band(new, fit_band(predicted, truth, coverage))
    assert len(lower) == len(upper) == len(new)
    assert (lower >= 0).all()
    assert (upper >= lower).all()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_more_coverage_never_gives_a_narrower_band(seed: int) -> None:
    predicted, truth = engines(200, seed)
    widths = [
        np.subtract(*apply_band(predicted, fit_band(predicted, truth, coverage))[::-1]) for coverage in (0.5, 0.9)
    ]
    assert (widths[1] >= widths[0]).all()


def test_what_cannot_make_a_band_is_refused() -> None:
    predicted, truth = engines(50, 0)
    with pytest.raises(ValueError, match="coverage"):
        fit_band(predicted, truth, 1.0)
    with pytest.raises(ValueError, match="at least 10"):
        fit_band(predicted[:5], truth[:5])
    with pytest.raises(ValueError, match="finite"):
        fit_band(predicted, np.where(truth > 50, np.nan, truth))
    with pytest.raises(ValueError, match="needs rows"):
        apply_band(predicted, fit_band(predicted, truth).iloc[:0])
