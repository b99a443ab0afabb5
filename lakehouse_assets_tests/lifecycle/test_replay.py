"""A registered version trained again from its tags is the same, or it is said what differs."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.lifecycle.learning.training_rows import TrainingRows, recipe
from lakehouse_assets.lifecycle.model_version import ModelVersion
from lakehouse_assets.lifecycle.replay import Origin, UnknownOriginError, origin_of, replay
from lakehouse_assets.lifecycle.serving.retrieval import features_at
from lakehouse_assets_tests.lifecycle.learning.problems import TASKS, settings
from lakehouse_assets_tests.lifecycle.pumps import VIEW, Plant, candidate, feature_rows, observations, write


def rebuilt(plant: Plant, task: str, versions: Mapping[str, int]) -> TrainingRows:
    """The training rows of the pumps, from the feature table at a version."""
    table = plant.lake.read_pandas(VIEW.key, version=versions[VIEW.table])
    ordered = observations(table.sort_values(["pump", "day"]))
    rows = features_at(plant.lake, ordered, [VIEW], versions)
    label = 100 + 10 * rows["x"] + np.random.default_rng(1).normal(0, 1, len(rows))
    if task == "classification":
        label = (label > 105).astype("float64")
    band = (np.arange(len(rows)) % 2 == 0) if task == "regression" else None
    return TrainingRows(rows[["x", "y"]], label, rows["day"], rows["pump"], band)


def registered(plant: Plant, task: str, name: str, **changed: Any) -> ModelVersion:
    versions = {VIEW.table: plant.lake.version(VIEW.key)}
    rows = rebuilt(plant, task, versions)
    model = rows.fit(task, settings(label_cap=108.0 if task == "regression" else None))
    made = candidate(model, name, delta_versions=versions, rows_digest=rows.digest(), **changed)
    return plant.registry.register(made)


def origin(plant: Plant, version: ModelVersion) -> Origin:
    found = plant.registry.version(version.name, version.version)
    return origin_of(found, plant.registry.metrics_of(found))


@pytest.mark.parametrize("task", TASKS)
def test_any_version_is_trained_again_to_the_last_bit_whatever_its_tables_hold_now(plant: Plant, task: str) -> None:
    version = registered(plant, task, f"{task}_again")
    write(plant.lake, VIEW.table, feature_rows(3, 12).assign(pump="later"))
    write(plant.lake, VIEW.table, feature_rows(12, 40).assign(x=1.5), mode="overwrite")
    found = replay(origin(plant, version), lambda versions: rebuilt(plant, task, versions), "c1")
    assert (found.same, found.same_model, found.causes) == (True, True, ())
    assert "gives the same metrics (the same model to the last bit)" in str(found)
    write(plant.lake, VIEW.table, feature_rows(), mode="overwrite")


def test_other_rows_are_found_out_by_their_hash_and_their_metrics(plant: Plant) -> None:
    version = registered(plant, "regression", "other_rows")

    def poisoned(versions: Mapping[str, int]) -> TrainingRows:
        rows = rebuilt(plant, "regression", versions)
        return replace(rows, label=rows.label.where(rows.label.index != 5, 250.0))

    found = replay(origin(plant, version), poisoned, "c1")
    assert not found.same
    assert not found.same_model
    was, now = found.metrics_differ["out_of_fold_rmse"]
    assert was is not None
    assert now > was
    assert "trained again differs: " in str(found)
    assert "the rows that the noted table versions give are others" in str(found)


def test_other_libraries_and_other_code_are_named(plant: Plant) -> None:
    version = registered(plant, "forecast", "other_code")
    old = replace(origin(plant, version), libraries={"lightgbm": "3.3.5", "catboost": "1.0"}, code_version="c0")
    found = replay(old, lambda versions: rebuilt(plant, "forecast", versions), "c1")
    assert found.same
    here = json.loads(version.tags["libraries"])["lightgbm"]
    assert found.causes == (
        f"libraries: lightgbm 3.3.5 is now {here}, catboost 1.0 is now missing",
        "the code is c1, not c0",
    )
    assert "although libraries" in str(found)


def test_a_version_whose_origin_is_not_noted_cannot_be_trained_again(plant: Plant) -> None:
    version = registered(plant, "regression", "unknown_origin")
    with pytest.raises(UnknownOriginError, match=r"unknown_origin version 1 cannot be trained again: .*'settings'"):
        origin_of(replace(version, tags={"task": "regression"}), {})


def test_a_recipe_changes_with_rows_their_order_names_groups_task_settings_and_code(plant: Plant) -> None:
    rows = rebuilt(plant, "regression", {VIEW.table: plant.lake.version(VIEW.key)})
    turned = np.arange(len(rows.label))[::-1]
    assert rows.groups is not None
    assert rows.band_rows is not None
    made = [
        recipe(rows, "regression", settings()),
        recipe(rows.take(turned), "regression", settings()),
        recipe(replace(rows, features=rows.features.rename(columns={"x": "z"})), "regression", settings()),
        recipe(replace(rows, groups=rows.groups.str.upper()), "regression", settings()),
        recipe(replace(rows, band_rows=~rows.band_rows), "regression", settings()),
        recipe(replace(rows, days=pd.to_datetime(rows.days) + pd.Timedelta(days=1)), "regression", settings()),
        recipe(rows, "forecast", settings()),
        recipe(rows, "regression", settings(rounds=9)),
        recipe(rows, "regression", settings(), {"code_version": "c2"}),
    ]
    assert len(set(made)) == len(made)
    assert recipe(rows.take(np.arange(len(turned))), "regression", settings()) == made[0]
