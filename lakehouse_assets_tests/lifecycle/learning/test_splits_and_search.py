"""Splits respect group and time, a search goes by the metric, and its trials are runs that are never logged twice."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from lakehouse_assets import settings as platform
from lakehouse_assets.lifecycle.learning.search import in_words, trial_loss
from lakehouse_assets.lifecycle.learning.splits import expanding_windows, group_folds, random_folds, splits_of
from lakehouse_assets.lifecycle.learning.training_rows import TrainingRows
from lakehouse_assets.lifecycle.learning.trial_runs import search_run
from lakehouse_assets.lifecycle.learning.tuning import Trial, open_storage, trials_of, tune
from lakehouse_assets_tests.lifecycle.learning.problems import problem, settings
from lakehouse_assets_tests.lifecycle.pumps import Plant

SPACE: dict[str, dict[str, Any]] = {
    "rounds": {"low": 1, "high": 30},
    "learning_rate": {"low": 0.01, "high": 0.5, "log": True},
}


def rows_of(task: str = "regression") -> TrainingRows:
    given = problem(task)
    return TrainingRows(given.features, given.label, given.days, given.groups)


def test_each_group_is_measured_on_once_and_never_learned_from_then() -> None:
    rows = rows_of()
    splits = splits_of(rows, "group", 4)
    assert rows.groups is not None
    for learn, measure in splits:
        assert not set(rows.groups.iloc[learn]) & set(rows.groups.iloc[measure])
        assert len(learn) + len(measure) == 400
    assert sorted(np.concatenate([measure for _, measure in splits])) == list(range(400))
    again, other = splits_of(rows, "group", 4), splits_of(rows, "group", 4, seed=2)
    assert all((a[1] == b[1]).all() for a, b in zip(splits, again, strict=True))
    assert any(len(a[1]) != len(b[1]) or (a[1] != b[1]).any() for a, b in zip(splits, other, strict=True))


def test_what_is_measured_on_lies_after_all_that_was_learned_from() -> None:
    days = problem("forecast").days.sample(frac=1, random_state=1)
    splits = expanding_windows(days, 3)
    last = pd.Timestamp.min
    for learn, measure in splits:
        assert days.iloc[learn].max() < days.iloc[measure].min()
        assert days.iloc[measure].min() > last
        last = days.iloc[measure].max()
    assert last == days.max()
    assert len(splits[0][0]) < len(splits[-1][0])
    with pytest.raises(ValueError, match="2 days; 3 windows need 4"):
        expanding_windows(pd.to_datetime(["2024-01-01", "2024-01-02"]), 3)


def test_rows_are_dealt_evenly_by_class_where_there_are_classes() -> None:
    label = np.array([1] * 8 + [0] * 72)
    assert [int(label[measure].sum()) for _, measure in random_folds(label, 4)] == [2] * 4
    numbers = random_folds(np.arange(81.0), 4)
    assert sorted(np.concatenate([measure for _, measure in numbers])) == list(range(81))
    with pytest.raises(ValueError, match="no groups"):
        splits_of(replace(rows_of(), groups=None), "group", 4)
    with pytest.raises(ValueError, match="3 groups, 4 folds"):
        group_folds(["a", "b", "c"] * 5, 4)


JUDGED_BY = [("regression", "rmse"), ("classification", "average_precision"), ("forecast", "pinball")]


@pytest.mark.parametrize(("task", "metric"), JUDGED_BY)
def test_a_search_finds_better_settings_than_the_worst_in_its_space(task: str, metric: str) -> None:
    rows = rows_of(task)
    loss, splits = trial_loss(rows, task, settings(), metric), splits_of(rows, "time", 2)
    tried: list[Trial] = []
    best = tune(SPACE, loss, splits, name=task, most_trials=6, on_trial=tried.append)
    worst = [loss({"rounds": 1, "learning_rate": 0.01}, *split) for split in splits]
    assert best.loss < np.mean(worst)
    assert best.loss == min(one.loss for one in tried)


def test_a_search_by_a_figure_that_judges_nothing_is_refused() -> None:
    for metric in ("bias", "nonsense"):
        with pytest.raises(ValueError, match="expected one of rmse, mae"):
            trial_loss(rows_of(), "regression", settings(), metric)


@pytest.mark.parametrize(("task", "metric"), [("regression", "mae"), ("classification", "average_precision")])
def test_the_progress_of_a_search_names_its_metric_and_shows_it_as_people_read_it(task: str, metric: str) -> None:
    rows, said = rows_of(task), list[str]()
    judged = (task, settings(), metric)
    splits = splits_of(rows, "group", 2, 1)
    best = tune(
        SPACE,
        trial_loss(rows, *judged),
        splits,
        name="told",
        most_trials=2,
        progress=said.append,
        in_words=in_words(*judged),
    )
    figure = abs(best.loss)
    assert said[-1].startswith(f"trial 2 of 2: {metric} ")
    assert said[-1].endswith(f"best {metric} {figure:.4f}")
    assert all(f"{metric} -" not in line for line in said)


def test_trials_are_nested_runs_and_an_interrupted_search_logs_each_once(plant: Plant, tmp_path: Path) -> None:
    storage = open_storage(f"sqlite:///{tmp_path / 'new' / 'tuning.db'}")

    def search(most: int, runs: Any) -> Trial:
        split = [(np.arange(2), np.arange(2))]
        return tune(
            SPACE, lambda params, *_: params["rounds"] / 7, split, name="s", storage=storage, most_trials=most,
            on_trial=runs.log,
        )  # fmt: skip

    class Pulled(BaseException):
        pass

    class Unlogged:
        def log(self, trial: Trial) -> None:
            raise Pulled

    assert trials_of("s", storage) == []
    runs = search_run(plant.registry, "searched", "s")
    search(3, runs)
    with pytest.raises(Pulled):
        search(4, Unlogged())
    again = search_run(plant.registry, "searched", "s")
    assert again.run_id == runs.run_id
    assert again.logged() == {0, 1, 2}
    again.log_missing(trials_of("s", storage))
    best = search(6, again)
    again.log_missing(trials_of("s", storage))
    again.finish(best, {"code_version": "c1"})

    client = MlflowClient(plant.registry.tracking_uri)
    logged = client.search_runs([again.experiment_id], f"tags.`mlflow.parentRunId` = '{again.run_id}'")
    kept = {one.number: one for one in trials_of("s", storage)}
    assert sorted(int(run.data.tags["trial"]) for run in logged) == sorted(kept) == list(range(6))
    for run in logged:
        trial = kept[int(run.data.tags["trial"])]
        assert run.data.metrics["loss"] == trial.loss
        assert run.data.params == {name: str(value) for name, value in trial.params.items()}
        assert run.info.status == "FINISHED"
    whole = client.get_run(again.run_id)
    assert (whole.info.status, whole.data.tags["chosen_trial"]) == ("FINISHED", str(best.number))
    assert search_run(plant.registry, "searched", "another").run_id != runs.run_id


def test_searches_are_kept_beside_the_registry_unless_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TUNING_STORAGE", raising=False)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////x/mlflow.db")
    assert platform.tuning_storage() == "sqlite:////x/tuning.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow:5000")
    assert platform.tuning_storage().endswith("data/mlflow/tuning.db")
    monkeypatch.setenv("TUNING_STORAGE", "postgresql://tuning")
    assert platform.tuning_storage() == "postgresql://tuning"
