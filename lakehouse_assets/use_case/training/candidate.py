"""The newest candidate: trained on the training side, with the settings declared or found, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings
from lakehouse_assets.lifecycle.learning.training_rows import TrainingRows, recipe
from lakehouse_assets.lifecycle.registration import Candidate
from lakehouse_assets.lifecycle.serving.feature_versions import one_version
from lakehouse_assets.lifecycle.serving.serving_spec import Instants, ServingSpec
from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.training.labelled import learned_rows

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lifecycle.model_version import ModelVersion
    from lakehouse_assets.use_case.plan import Plan

Progress = Callable[[str], None]

#: What LightGBM needs to give the same model for the same rows. One thread: a fit takes seconds, and threads that wait
#: for a busy core made it several times slower. A use case may say otherwise.
REPEATABLE = {"seed": 1, "deterministic": True, "force_row_wise": True, "num_threads": 1, "verbosity": -1}


def settings_of(use_case: Declaration, found: Mapping[str, Any] | None = None) -> ModelSettings:
    """The settings that the YAML declares, with what a search found in their place."""
    declared, costs = use_case.model, use_case.model.costs
    settings = ModelSettings(
        params={**REPEATABLE, **declared.params},
        rounds=declared.rounds,
        folds=declared.folds,
        least_groups=declared.least_groups,
        label_cap=declared.label_cap,
        reported_cap=declared.reported_cap,
        coverage=declared.coverage,
        cost_of_miss=costs.miss if costs else 1.0,
        cost_of_false_alarm=costs.false_alarm if costs else 1.0,
        quantiles=declared.quantiles,
        calibration_days=declared.calibration_days,
        minimum=use_case.prediction.minimum,
        maximum=use_case.prediction.maximum,
    )
    return settings.with_found(found) if found else settings


def settings_in_force(use_case: Declaration, lake: Lake) -> ModelSettings:
    """The declared settings, with what the last search chose where there was one in the space as it is declared now."""
    key = use_case.key("models", "trials")
    if use_case.tuning is None or not lake.exists(key):
        return settings_of(use_case)
    trials = lake.read_pandas(key)
    chosen = trials.loc[trials["chosen"].astype(bool), "params"]
    found = json.loads(chosen.iloc[0]) if len(chosen) else {}
    return settings_of(use_case, found if use_case.tuning.could_find(found) else None)


@dataclass(frozen=True)
class Ingredients:
    """All that decides what a model becomes: equal ingredients give the same model.

    Attributes:
        rows: What training reads.
        settings: The settings.
        task: The task's name.
        feature_version: Of the features.
        code_version: Of the code that trains.
        learned_until: When the last label among the rows became known.
    """

    rows: TrainingRows
    settings: ModelSettings
    task: str
    feature_version: str
    code_version: str
    learned_until: pd.Timestamp

    @property
    def recipe(self) -> str:
        """A hash of all of them."""
        also = {"feature_version": self.feature_version, "code_version": self.code_version}
        return recipe(self.rows, self.task, self.settings, also)


def ingredients(plan: Plan, rows: pd.DataFrame, settings: ModelSettings) -> Ingredients:
    """What is learned from, out of a training set; rows of which nothing was known are left out.

    Raises:
        FeatureVersionError: they mix feature versions.
    """
    declared = plan.declaration.model
    learned = learned_rows(rows, declared.train_where)
    learned = learned[learned["feature_version"].notna()].reset_index(drop=True)
    mask = np.asarray(plan.function(declared.band_rows)(learned), dtype=bool) if declared.band_rows else None
    return Ingredients(
        rows=TrainingRows(
            features=learned[plan.features],
            label=learned["label"],
            days=pd.to_datetime(learned["day"]),
            groups=learned[declared.folds_by] if declared.folds_by else None,
            band_rows=mask,
        ),
        settings=settings,
        task=plan.declaration.task,
        feature_version=one_version(learned["feature_version"], f"the training set of {plan.name}"),
        code_version=plan.training_code,
        learned_until=learned["label_known_at"].max(),
    )


def trained(
    plan: Plan, made_of: Ingredients, versions: Mapping[str, int], run_id: str, progress: Progress
) -> Candidate:
    """Train a candidate, ready to be registered.

    Args:
        plan: The use case.
        made_of: Rows and settings.
        versions: Table -> Delta version of everything that the rows came from.
        run_id: The Dagster run that trains.
        progress: Is told how far it has come.
    """
    from lakehouse_assets.lifecycle.drawing.plots import importances

    model = made_of.rows.fit(made_of.task, made_of.settings, progress)
    return Candidate(
        model=model,
        serving=serving_of(plan, made_of.feature_version),
        delta_versions=versions,
        recipe=made_of.recipe,
        rows_digest=made_of.rows.digest(),
        code_version=made_of.code_version,
        learned_until=made_of.learned_until.isoformat(),
        tags={"dagster_run_id": run_id},
        figures={"importances.png": importances(model.booster)},
    )


def serving_of(plan: Plan, feature_version: str) -> ServingSpec:
    """How a model of the use case is asked outside of the graph."""
    declared = plan.declaration
    return ServingSpec(
        use_case=plan.name,
        keys={name: note.type for name, note in declared.entity.items()},
        views=tuple(plan.views),
        predicted_at=declared.prediction_time,
        prediction=declared.prediction.name,
        feature_version=feature_version,
        instants=Instants("/".join(declared.key("delivery", "predictions")), "predicted_at"),
    )


def versions_of(plan: Plan, lake: Lake, manifest: pd.DataFrame) -> dict[str, int]:
    """Every table version that a candidate comes from: the manifest's, and those of training set and manifest."""
    found = {str(table): int(number) for table, number in zip(manifest["table"], manifest["version"], strict=True)}
    own = [plan.declaration.key("delivery", name) for name in ("training_set", "training_manifest")]
    return found | {"/".join(key): lake.version(key) for key in own}


def as_row(version: ModelVersion, run_id: str) -> pd.DataFrame:
    """A version as the one row of the candidate's table."""
    return pd.DataFrame(
        {
            "model_version": [version.version],
            "mlflow_run_id": [version.run_id],
            "feature_version": [version.feature_version],
            "recipe": [version.recipe],
            "delta_versions": [json.dumps(dict(version.delta_versions))],
            "run_id": [run_id],
        }
    )
