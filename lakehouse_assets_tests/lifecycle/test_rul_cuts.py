import numpy as np
import pandas as pd

from lakehouse_assets.lifecycle.evaluation import value_of
from lakehouse_assets.lifecycle.rul_cuts import DECIDING_METRIC, held_out_cuts, official_cuts
from lakehouse_assets.lifecycle.rul_evaluation import fleet_scores


def training_set() -> pd.DataFrame:
    rows = [
        (engine, fleet, split, pd.Timestamp("2024-01-01") + pd.Timedelta(days=c), float(c), float(200 - c))
        for engine, fleet, split in [("a", "F1", "held_out"), ("b", "F2", "held_out"), ("c", "F1", "training")]
        for c in range(1, 201)
    ]
    return pd.DataFrame(rows, columns=["engine_id", "fleet", "split", "day", "cycle", "rul"])


def test_held_out_engines_are_cut_at_random_and_no_training_engine_is_looked_at() -> None:
    cuts = held_out_cuts(training_set())
    assert set(cuts["engine_id"]) == {"a", "b"}
    assert cuts.groupby("engine_id").size().eq(8).all()
    assert cuts["rul"].between(5, 150).all()
    pd.testing.assert_frame_equal(cuts, held_out_cuts(training_set()))


def test_without_held_out_engines_there_is_nothing_to_decide_by() -> None:
    only_training = training_set().query("split == 'training'")
    assert held_out_cuts(only_training).empty
    assert value_of(fleet_scores(held_out_cuts(only_training), [], "held_out"), "held_out", DECIDING_METRIC) is None


def test_an_official_engine_is_judged_at_its_last_row_against_the_stated_life() -> None:
    rows = training_set().query("engine_id == 'a' and cycle <= 30")
    lives = pd.DataFrame({"engine_id": ["a", "never_seen"], "remaining_cycles": [170, 5]})
    cuts = official_cuts(rows, lives)
    assert cuts[["engine_id", "cycle", "rul"]].values.tolist() == [["a", 30.0, 170.0]]


def test_scores_are_given_over_all_and_per_fleet_capped_and_not() -> None:
    cuts = pd.DataFrame({"engine_id": ["a", "b"], "fleet": ["F1", "F2"], "rul": [145.0, 10.0]})
    scores = fleet_scores(cuts, np.array([125.0, 13.0]), "held_out")
    assert value_of(scores, "held_out", "rmse", "F1") == 20.0
    assert value_of(scores, "held_out", "rmse_capped_125", "F1") == 0.0
    assert value_of(scores, "held_out", "mae", "F2") == 3.0
    assert value_of(scores, "held_out", "rmse") == np.sqrt((400 + 9) / 2)
    assert value_of(scores, "official_test", "rmse") is None
