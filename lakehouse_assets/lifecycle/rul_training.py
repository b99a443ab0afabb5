"""Training of a remaining-useful-life model from a training set: booster, band, figures and origin."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from lakehouse_assets.features.windows import feature_names
from lakehouse_assets.lifecycle import plots
from lakehouse_assets.lifecycle.booster_registry import BoosterCandidate
from lakehouse_assets.lifecycle.evaluation import CUTS_PER_ENGINE, CUTS_SEED
from lakehouse_assets.lifecycle.intervals import COVERAGE, fit_band
from lakehouse_assets.lifecycle.rul import (
    DEFAULT_PARAMS,
    NUM_ROUNDS,
    RUL_CAP,
    TRAIN_EVERY,
    random_cuts,
    rmse_capped,
    training_label,
)
from lakehouse_assets.lifecycle.training import Floats, Progress, out_of_fold, train_booster
from lakehouse_assets.lifecycle.training_set import TRAINING, one_feature_version, recipe

if TYPE_CHECKING:
    import pandas as pd


def training_recipe(rows: "pd.DataFrame") -> str:
    """A hash of all that decides the model: training rows with their feature version, parameters, rounds, cap."""
    settings = json.dumps([dict(DEFAULT_PARAMS), NUM_ROUNDS, RUL_CAP, TRAIN_EVERY, COVERAGE], sort_keys=True)
    return recipe(_training_rows(rows), settings)


def train_candidate(
    rows: "pd.DataFrame",
    delta_versions: Mapping[str, int],
    made_of: str,
    run_id: str,
    progress: Progress,
) -> BoosterCandidate:
    """Train on the training engines of a training set.

    Args:
        rows: The training set.
        delta_versions: Table -> version of everything that the training set was made from.
        made_of: Its recipe.
        run_id: The Dagster run that trains.
        progress: Is told how far it has come.

    Raises:
        ValueError: too few training engines have failed yet, or the rows mix feature versions.
    """
    names = feature_names()
    training = _training_rows(rows)
    if training["engine_id"].nunique() < 10:
        raise ValueError(
            f"{training['engine_id'].nunique()} training engines have failed so far, at least 10 are needed: "
            "materialise more days before training"
        )
    features, label = training[names], training_label(training["rul"])
    progress(f"training on {len(training):,} rows of {training['engine_id'].nunique()} engines, {len(names)} features")
    unseen = out_of_fold(features, label, training["engine_id"], DEFAULT_PARAMS, NUM_ROUNDS, progress)
    band, fold_error = _band(training, unseen)
    booster = train_booster(features, label, DEFAULT_PARAMS, NUM_ROUNDS, progress, "final model")
    return BoosterCandidate(
        booster=booster,
        band=band,
        features=names,
        params={**DEFAULT_PARAMS, "rounds": NUM_ROUNDS, "rul_cap": RUL_CAP, "train_every": TRAIN_EVERY},
        metrics={"out_of_fold_rmse_capped": fold_error, "training_engines": float(training["engine_id"].nunique())},
        delta_versions=delta_versions,
        feature_version=one_feature_version(training, "the training set"),
        recipe=made_of,
        tags={"dagster_run_id": run_id, "use_case": "turbofan_rul"},
        figures={"importances.png": plots.importances(booster)},
        example=features.head(5).astype("float64"),
    )


def _training_rows(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Every third cycle of the training engines."""
    training = rows[rows["split"].eq(TRAINING)].sort_values(["engine_id", "day"])
    return training[training["cycle"].astype("int64") % TRAIN_EVERY == 0].reset_index(drop=True)


def _band(training: "pd.DataFrame", unseen: Floats) -> tuple["pd.DataFrame", float]:
    """The band from out-of-fold predictions at random cuts, the same number for each engine, and their error."""
    last = training.assign(last_cycle=training["cycle"] + training["rul"])
    engines = last.groupby("engine_id", as_index=False)["last_cycle"].max().astype({"last_cycle": "int64"})
    cuts = random_cuts(engines, CUTS_SEED, CUTS_PER_ENGINE * TRAIN_EVERY)
    keyed = training.assign(cycle=training["cycle"].astype("int64"), unseen=unseen)
    at_cuts = keyed.merge(cuts[["engine_id", "cycle"]], on=["engine_id", "cycle"])
    return fit_band(at_cuts["unseen"], at_cuts["rul"]), rmse_capped(at_cuts["unseen"], at_cuts["rul"])
