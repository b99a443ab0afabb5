"""What is particular to each task: the band, the alarm, the quantiles, and the figures of each."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from lakehouse_assets.lifecycle.learning.calibrated_classifier import grouped_folds
from lakehouse_assets.lifecycle.learning.model import TrainedModel
from lakehouse_assets.lifecycle.learning.tasks import task_named
from lakehouse_assets_tests.lifecycle.learning.problems import PARAMS, Problem, problem, settings


def fit(task: str, given: Problem | None = None, band_rows: Any = None, **changed: Any) -> TrainedModel:
    p = given or problem(task)
    return task_named(task).fit(p.features, p.label, p.groups, p.days, settings(**changed), band_rows=band_rows)


def test_the_band_holds_new_rows_and_keeps_the_limits() -> None:
    new = problem("regression", 2000, seed=9)
    found = fit("regression", coverage=0.8).predict(new.features)
    held = (found["lower"] <= new.label) & (new.label <= found["upper"])
    assert 0.72 < held.mean() < 0.9
    limited = fit("regression", minimum=40.0, maximum=60.0).predict(new.features)
    assert limited.min().min() == 40.0
    assert limited.max().max() == 60.0
    assert (limited["lower"] <= limited["prediction"]).all()
    assert (limited["prediction"] <= limited["upper"]).all()
    assert found["prediction"].min() < 40.0


def test_the_band_is_fitted_on_the_rows_that_are_named_and_the_booster_on_all() -> None:
    given = problem("regression")
    wild = np.arange(400) % 2 == 0
    noisy = given.label + np.where(wild, np.random.default_rng(3).normal(0, 60, 400), 0.0)
    calm, all_rows = (fit("regression", replace(given, label=noisy), rows) for rows in (~wild, None))
    widths = [
        (m.predict(given.features)["upper"] - m.predict(given.features)["lower"]).mean() for m in (calm, all_rows)
    ]
    assert widths[0] < 0.7 * widths[1]
    assert (calm.predict(given.features)["prediction"] == all_rows.predict(given.features)["prediction"]).all()
    assert calm.training_metrics["out_of_fold_rmse"] < all_rows.training_metrics["out_of_fold_rmse"]
    with pytest.raises(ValueError, match="choose 3; at least 10"):
        fit("regression", given, np.arange(400) < 3)


def test_a_capped_label_is_learned_and_the_band_still_holds_the_truth() -> None:
    given = problem("regression")
    capped = fit("regression", label_cap=55.0, reported_cap=60.0)
    found = capped.predict(given.features)
    assert found["prediction"].max() < 56.0
    assert found["upper"].max() > 60.0
    metrics = capped.training_metrics
    assert metrics["out_of_fold_rmse_capped"] < metrics["out_of_fold_rmse"]
    measured = task_named("regression").metrics(capped.settings)
    assert measured["rmse_capped"](found, [200.0] * 400) == measured["rmse"](found, [60.0] * 400)
    assert "rmse_capped" not in task_named("regression").metrics(settings())


def test_a_group_is_never_in_the_fold_that_predicts_it() -> None:
    given = problem("regression")
    level = given.groups.map({name: 100.0 * number for number, name in enumerate(sorted(given.groups.unique()))})
    names_it = replace(given, features=pd.DataFrame({"level": level}), label=level)
    whole, alone = (
        task_named("regression").fit(names_it.features, level, groups, names_it.days, settings())
        for groups in (names_it.groups, None)
    )
    assert alone.training_metrics["out_of_fold_mae"] < 0.3 * whole.training_metrics["out_of_fold_mae"]


def test_a_training_in_which_hardly_a_tree_grows_says_so_and_one_on_enough_rows_does_not() -> None:
    bags = {**PARAMS, "min_data_in_leaf": 20, "bagging_fraction": 0.25, "bagging_freq": 1}
    said: dict[int, list[str]] = {}
    for rows in (110, 400):
        p = problem("regression", rows)
        told = said.setdefault(rows, [])
        model = task_named("regression").fit(p.features, p.label, p.groups, p.days, settings(params=bags), told.append)
        assert (model.booster.num_trees() == 15) == (rows == 400)
    (final,) = [line for line in said[110] if line.startswith("final model: only")]
    assert "of 15 trees grew" in final
    assert "110 rows are few" in final
    assert [line for line in said[400] if "trees grew" in line] == []


def test_too_few_groups_or_ones_are_refused_with_what_to_do() -> None:
    given = problem("regression")
    three = given.groups.map(lambda name: f"e{ord(name[-1]) % 3}").rename("engine_id")
    with pytest.raises(ValueError, match="are of 3 engine_id so far, at least 10 are needed: materialise more"):
        fit("regression", replace(given, groups=three))
    failures = problem("classification")
    rare = pd.Series(np.where(np.arange(400) < 4, 1.0, 0.0))
    with pytest.raises(ValueError, match=r"4 training rows have label 1 and 396 label 0 .* at least 5 of each"):
        fit("classification", replace(failures, label=rare))
    with pytest.raises(ValueError, match=r"labels are 0 or 1; found \[2\.0\]"):
        fit("classification", replace(failures, label=failures.label * 2))
    with pytest.raises(ValueError, match=r"50 days .* more than calibration_days \(50\)"):
        fit("forecast", calibration_days=50)


def test_an_alarm_is_raised_from_the_probability_that_the_costs_give() -> None:
    rows = problem("classification").features
    careful, calm = (fit("classification", cost_of_miss=cost).predict(rows) for cost in (9.0, 1.0))
    assert (careful["alarm"] == (careful["prediction"] >= 0.1)).all()
    assert (calm["alarm"] == (calm["prediction"] >= 0.5)).all()
    assert careful["alarm"].sum() > calm["alarm"].sum() > 0


def test_the_figures_of_alarms_are_those_of_scikit_learn_and_cost_counts_both_mistakes() -> None:
    random = np.random.default_rng(1)
    truth = (random.random(300) < 0.2).astype(int)
    said = np.clip(truth * 0.3 + random.random(300) * 0.7, 0, 1)
    rows = pd.DataFrame({"prediction": said, "alarm": said >= 0.5})
    found = task_named("classification").metrics(settings(cost_of_miss=7.0, cost_of_false_alarm=2.0))
    for name, of_sklearn in {"f1": f1_score, "precision": precision_score, "recall": recall_score}.items():
        assert found[name](rows, truth) == pytest.approx(of_sklearn(truth, rows["alarm"]))
    missed, false = ((~rows["alarm"]) & (truth == 1)).sum(), (rows["alarm"] & (truth == 0)).sum()
    assert found["cost"](rows, truth) == pytest.approx((7 * missed + 2 * false) / 300)
    assert missed > 0
    assert false > 0
    assert np.isnan(found["auc"](rows, np.zeros(300)))
    assert np.isnan(found["average_precision"](rows, np.ones(300)))
    assert [name for name, metric in found.items() if metric.lower_is_better] == ["brier", "cost"]


def test_folds_of_a_classification_keep_groups_together_where_groups_are_given() -> None:
    given = problem("classification")
    level = given.groups.map({name: float(n) for n, name in enumerate(sorted(given.groups.unique()))})
    label = (level % 2).astype("float64")
    named = replace(given, features=pd.DataFrame({"level": level}), label=label)
    whole = fit("classification", named, cost_of_miss=1.0)
    alone = task_named("classification").fit(named.features, label, None, named.days, settings())
    # A group's level gives its label away only to a model that has seen the group.
    assert alone.training_metrics["out_of_fold_auc"] > 0.99
    assert whole.training_metrics["out_of_fold_auc"] < 0.9


def test_whole_groups_are_dealt_and_those_with_a_one_evenly() -> None:
    groups = np.repeat([f"g{n}" for n in range(10)], 7)
    label = np.where((np.arange(70) % 7 == 3) & (np.arange(70) < 35), 1, 0)
    folds = np.array(list(grouped_folds(label, groups, 5, seed=1)))
    assert (folds.sum(axis=0) == 1).all()
    assert [label[fold].sum() for fold in folds] == [1] * 5
    assert all(len(set(groups[fold])) * 7 == fold.sum() for fold in folds)
    with pytest.raises(ValueError, match="10 groups, 11 folds"):
        list(grouped_folds(label, groups, 11, seed=1))


def test_a_forecast_gives_the_median_between_its_outermost_quantiles() -> None:
    new = problem("forecast", 2000, seed=9)
    model = fit("forecast", quantiles=(0.05, 0.25, 0.5, 0.9), minimum=0.0)
    found = model.predict(new.features)
    assert (found["lower"] <= found["prediction"]).all()
    assert (found["prediction"] <= found["upper"]).all()
    assert found["lower"].min() >= 0.0
    measured = task_named("forecast").metrics(model.settings)
    assert measured["coverage"](found, new.label) == pytest.approx(0.85, abs=0.08)
    assert measured["mae"](found, new.label) < 6.0
    assert measured["pinball"](found, new.label) < measured["pinball"](found + 5.0, new.label)
    assert model.training_metrics["calibration_mae"] == pytest.approx(measured["mae"](found, new.label), rel=0.5)


def test_bias_says_too_much_or_too_little_and_decides_nothing() -> None:
    bias = task_named("regression").metrics(settings())["bias"]
    rows = pd.DataFrame({"prediction": [3.0, 5.0]})
    assert bias(rows, [1.0, 1.0]) == 3.0
    assert bias(rows, [9.0, 9.0]) == -5.0
    assert not bias.decides
