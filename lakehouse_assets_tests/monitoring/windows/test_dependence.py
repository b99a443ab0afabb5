import numpy as np
import pytest
from scipy.signal import lfilter

from lakehouse_assets.monitoring.windows.dependence import Dependence, fit_dependence, likely_dependences, normal_scores

SLOW = Dependence((0.98,), 1 - 0.98**2)


def test_rows_of_a_slow_series_are_worth_a_hundredth_of_a_value_each() -> None:
    assert SLOW.rows_per_value == pytest.approx(99)
    assert Dependence((), 1.0).rows_per_value == 1


def test_the_dependence_of_a_long_series_is_found_again() -> None:
    (series,) = SLOW.simulate(np.random.default_rng(2), 1, 200_000)
    fitted = fit_dependence(series.astype(np.float64))
    assert fitted.rows_per_value == pytest.approx(99, rel=0.1)
    assert np.corrcoef(series[:-1], series[1:])[0, 1] == pytest.approx(0.98, abs=0.003)
    assert series.std() == pytest.approx(1, abs=0.05)


def test_independent_rows_are_found_to_be_independent() -> None:
    fitted = fit_dependence(np.random.default_rng(3).normal(size=10_000))
    assert fitted.coefficients == ()


def test_two_steps_of_memory_are_found_with_their_long_run_variance() -> None:
    noise = np.random.default_rng(4).normal(size=100_000)
    series = lfilter([1], [1, -0.5, -0.3], noise)
    fitted = fit_dependence(series)
    assert fitted.coefficients == pytest.approx((0.5, 0.3), abs=0.02)
    assert fitted.rows_per_value == pytest.approx(1 / (1 - 0.8) ** 2 / series.var(), rel=0.1)


def test_what_may_lie_behind_a_fit_scatters_as_fits_do() -> None:
    random = np.random.default_rng(5)
    likely = [one.coefficients[0] for one in likely_dependences(SLOW, 10_000, random, 200)]
    assert np.std(likely) == pytest.approx(np.sqrt((1 - 0.98**2) / 10_000), rel=0.25)
    assert max(likely) < 1


def test_normal_scores_keep_the_order_and_ties_and_leave_out_what_is_missing() -> None:
    scores = normal_scores([3.0, np.nan, 1.0, 1.0, 9.0])
    assert len(scores) == 4
    assert scores[1] == scores[2] < scores[0] < scores[3]
