"""Calibrated probabilities come true, and decisions follow from what mistakes cost."""

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.lifecycle.drawing.calibration_curve import calibration_curve, calibration_plot
from lakehouse_assets.lifecycle.judging.slices import collapsed_slices
from lakehouse_assets.lifecycle.learning.calibrated_classifier import fit_classifier, stratified_folds
from lakehouse_assets.lifecycle.learning.contributions import contributions_plot, mean_contributions
from lakehouse_assets.lifecycle.learning.probability import alarm_threshold, fit_platt

PARAMS = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 10,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


def features_of(frame: pd.DataFrame) -> pd.DataFrame:
    stands = frame["quality"].map({"L": 11_000.0, "M": 12_000.0, "H": 13_000.0})
    return frame[["speed", "torque", "wear"]].assign(overstrain=frame["wear"] * frame["torque"] / stands)


def products(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "quality": random.choice(["L", "M", "H"], n),
            "speed": random.normal(1500, 150, n),
            "torque": random.normal(40, 10, n),
            "wear": random.uniform(0, 240, n),
        }
    )
    strain = features_of(frame)["overstrain"].to_numpy()
    return frame, (random.random(n) < 1 / (1 + np.exp(-8 * (strain - 1)))).astype(int)


def test_overconfident_scores_become_the_probabilities_they_came_from() -> None:
    random = np.random.default_rng(1)
    true = random.uniform(0.02, 0.9, 20_000)
    label = (random.random(20_000) < true).astype(int)
    logit = np.log(true / (1 - true))
    calibrated = fit_platt(1 / (1 + np.exp(-(3 * logit + 1))), label)(1 / (1 + np.exp(-(3 * logit + 1))))
    assert np.abs(calibrated - true).max() < 0.03


def test_separable_scores_do_not_run_away_and_hopeless_labels_are_refused() -> None:
    scaling = fit_platt([0.1] * 20 + [0.9] * 20, [0] * 20 + [1] * 20)
    assert 0 < scaling([0.1])[0] < 0.1 < 0.9 < scaling([0.9])[0] < 1
    with pytest.raises(ValueError, match="5 of each"):
        fit_platt([0.1] * 20, [0] * 18 + [1] * 2)
    with pytest.raises(ValueError, match="between 0 and 1"):
        fit_platt([3.0] * 20, [0, 1] * 10)


def test_the_threshold_makes_both_mistakes_cost_the_same() -> None:
    p = alarm_threshold(9.0, 1.0)
    assert (1 - p) * 1.0 == pytest.approx(p * 9.0)
    with pytest.raises(ValueError, match="positive"):
        alarm_threshold(0.0, 1.0)


def test_the_classifier_is_calibrated_on_rows_it_did_not_learn_and_the_same_every_time() -> None:
    frame, label = products(1_500, 1)
    features = features_of(frame)
    model = fit_classifier(features, label, PARAMS, 20)
    again = fit_classifier(features, label, PARAMS, 20)
    new, came = products(4_000, 2)
    said = model.predict(features_of(new))
    assert (said == again.predict(features_of(new))).all()
    assert said.mean() == pytest.approx(came.mean(), abs=0.03)
    curve = calibration_curve(said, came, 5)
    assert (curve["said"] - curve["came"]).abs().max() < 0.1
    assert curve["n"].sum() == 4_000
    assert mean_contributions(model.booster, features).index[0] == "overstrain"
    for png in (calibration_plot(curve, "x"), contributions_plot(mean_contributions(model.booster, features), "x")):
        assert png.startswith(b"\x89PNG")


def test_folds_hold_each_row_once_and_each_class_evenly() -> None:
    label = np.array([0] * 50 + [1] * 10)
    folds = np.array(list(stratified_folds(label, 5, 1)))
    assert (folds.sum(axis=0) == 1).all()
    assert [label[fold].sum() for fold in folds] == [2] * 5


def test_a_slice_that_got_much_worse_is_named() -> None:
    before = {"a": 10.0, "b": 10.0, "c": 10.0}
    assert collapsed_slices({"a": 12.4, "b": 12.6, "new": 99.0, "c": None}, before, True) == [
        "b: 12.600 against the champion's 10.000"
    ]
    assert collapsed_slices({"a": 7.6, "b": 7.4}, before, False) == ["b: 7.400 against the champion's 10.000"]
    assert len(collapsed_slices({"a": float("nan")}, before, True)) == 1
