"""Labels, cuts and metrics of remaining useful life."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.lifecycle.rul import (
    mae,
    nasa_score,
    random_cuts,
    remaining_life,
    rmse,
    rmse_capped,
    training_label,
)

LIVES = st.lists(st.integers(0, 300), min_size=1, max_size=30)


def failed(lives: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"engine_id": [f"engine-{number:03d}" for number in range(len(lives))], "last_cycle": lives})


def test_the_last_cycle_has_no_life_left_and_the_label_is_capped() -> None:
    left = remaining_life([1, 150, 200], 200)
    assert left.tolist() == [199.0, 50.0, 0.0]
    assert training_label(left, cap=125).tolist() == [125.0, 50.0, 0.0]


def test_a_cycle_after_the_last_one_is_refused() -> None:
    with pytest.raises(ValueError, match="after"):
        remaining_life([201], 200)


def test_cuts_are_the_same_for_the_same_seed_and_others_for_another() -> None:
    engines = failed([200] * 20)
    pd.testing.assert_frame_equal(random_cuts(engines, 1, 3), random_cuts(engines, 1, 3))
    assert not random_cuts(engines, 1, 3)["cycle"].equals(random_cuts(engines, 2, 3)["cycle"])


def test_an_engine_keeps_its_cuts_when_others_join_or_the_order_changes() -> None:
    engines = failed([200, 210, 220, 230])
    all_cuts = random_cuts(engines.iloc[::-1], 5, 2)
    one = random_cuts(engines.iloc[[2]], 5, 2)
    kept = all_cuts[all_cuts["engine_id"] == "engine-002"].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, one)


@given(lives=LIVES, seed=st.integers(-10, 10**12), cuts=st.integers(1, 12))
def test_a_cut_engine_has_flown_enough_and_has_life_left(lives: list[int], seed: int, cuts: int) -> None:
    engines = failed(lives)
    found = random_cuts(engines, seed, cuts, first_cut=20, last_cut=5, longest_rul=150).merge(engines, on="engine_id")
    assert (found["cycle"] >= 20).all()
    assert found["rul"].between(5, 150).all()
    assert (found["cycle"] + found["rul"] == found["last_cycle"]).all()
    assert not found.duplicated(["engine_id", "cycle"]).any()
    possible = engines.set_index("engine_id")["last_cycle"].map(lambda last: len(range(max(20, last - 150), last - 4)))
    expected = possible.clip(upper=cuts)
    assert found.groupby("engine_id").size().to_dict() == expected[expected > 0].to_dict()


def test_cuts_spread_evenly_over_the_cycles_that_are_possible() -> None:
    rul = random_cuts(failed([300] * 2000), 0)["rul"]
    shares = np.histogram(rul, bins=4, range=(5, 150))[0] / len(rul)
    np.testing.assert_allclose(shares, 0.25, atol=0.04)


def test_an_engine_named_twice_is_refused() -> None:
    engines = failed([200])
    with pytest.raises(ValueError, match="twice"):
        random_cuts(pd.concat([engines, engines]), 0)
    with pytest.raises(ValueError, match="at least 1"):
        random_cuts(engines, 0, 0)


def test_metrics_on_errors_known_by_hand() -> None:
    predicted, truth = [10.0, 120.0], [13.0, 140.0]
    assert rmse(predicted, truth) == pytest.approx(math.sqrt((9 + 400) / 2))
    assert rmse_capped(predicted, truth, cap=125) == pytest.approx(math.sqrt((9 + 25) / 2))
    assert mae(predicted, truth) == pytest.approx(11.5)
    assert nasa_score(predicted, truth) == pytest.approx(math.exp(3 / 13) - 1 + math.exp(20 / 13) - 1)


@given(error=st.floats(0.5, 100.0))
def test_the_nasa_score_punishes_a_late_prediction_more_than_an_early_one(error: float) -> None:
    assert nasa_score([100.0 + error], [100.0]) > nasa_score([100.0 - error], [100.0]) > 0.0
    assert nasa_score([100.0], [100.0]) == 0.0


@pytest.mark.parametrize("metric", [rmse, rmse_capped, mae, nasa_score])
def test_metrics_refuse_nothing_missing_values_and_lists_of_different_length(metric: object) -> None:
    assert callable(metric)
    for predicted, truth in [([], []), ([math.nan], [1.0]), ([1.0], [math.inf]), ([1.0, 2.0], [1.0])]:
        with pytest.raises(ValueError):
            metric(predicted, truth)
