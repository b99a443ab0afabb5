"""Intervals hold the truth about as often as they say, and know that rows of a group belong together."""

import numpy as np
import pytest

from lakehouse_assets.lifecycle.judging.bootstrap import is_worse, metric_interval, paired_difference


def mae(predicted: np.ndarray, truth: np.ndarray) -> float:
    return float(np.abs(predicted - truth).mean())


def test_the_interval_holds_the_true_error_about_as_often_as_it_says() -> None:
    held = 0
    for seed in range(40):
        errors = np.random.default_rng(seed).exponential(2.0, 100)
        interval = metric_interval(mae, errors, np.zeros(100), resamples=100, coverage=0.9)
        held += interval.low <= 2.0 <= interval.high
    assert 31 <= held <= 40


def test_rows_that_depend_on_each_other_make_the_interval_wider() -> None:
    errors = np.repeat(np.random.default_rng(1).exponential(1.0, 20), 50)
    engines = np.repeat(np.arange(20), 50)
    alone = metric_interval(mae, errors, np.zeros(1000))
    together = metric_interval(mae, errors, np.zeros(1000), engines)
    assert together.high - together.low > 4 * (alone.high - alone.low)
    assert together.value == alone.value


def test_a_small_steady_difference_shows_only_when_rows_are_paired() -> None:
    hard = np.random.default_rng(1).exponential(5.0, 200)
    champion, candidate = hard, hard + 0.1
    difference = paired_difference(mae, candidate, champion, np.zeros(200))
    assert difference.low == pytest.approx(0.1)
    assert is_worse(difference, lower_is_better=True)
    assert not is_worse(difference, lower_is_better=True, margin=0.2)
    assert not is_worse(difference, lower_is_better=False)
    apart = [metric_interval(mae, one, np.zeros(200)) for one in (champion, candidate)]
    assert apart[0].high > apart[1].low


def test_the_same_seed_gives_the_same_interval_and_the_order_of_group_names_does_not_matter() -> None:
    values, groups = np.arange(40.0), np.repeat(["a", "b", "c", "d"], 10)
    first = metric_interval(mae, values, np.zeros(40), groups)
    assert metric_interval(mae, values, np.zeros(40), groups) == first
    assert metric_interval(mae, values, np.zeros(40), groups, seed=2) != first


def test_resamples_without_a_value_are_left_out_and_counted() -> None:
    def needs_both(p: np.ndarray, y: np.ndarray) -> float:
        return 1.0 if len(set(y)) == 2 else float("nan")

    interval = metric_interval(needs_both, np.zeros(3), np.array([0, 0, 1]), resamples=300)
    assert interval.low == interval.high == 1.0
    assert 100 < interval.resamples < 300


def test_one_group_or_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer than two"):
        metric_interval(mae, np.zeros(5), np.zeros(5), ["a"] * 5)
    with pytest.raises(ValueError, match="n of each"):
        metric_interval(mae, np.zeros(4), np.zeros(5))
