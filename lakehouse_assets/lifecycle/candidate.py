"""The newest candidate: trained on the training side, with the settings declared or found, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lakehouse_assets.lifecycle.declaration import Declaration
from lakehouse_assets.lifecycle.labelled import learned_rows
from lakehouse_assets.lifecycle.model_settings import ModelSettings
from lakehouse_assets.lifecycle.tasks import task_named

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lifecycle.model import TrainedModel

Progress = Callable[[str], None]


def settings_of(use_case: Declaration, found: Mapping[str, Any] | None = None) -> ModelSettings:
    """The settings that the YAML declares, with what a search found in their place."""
    declared, costs = use_case.model, use_case.model.costs
    settings = ModelSettings(
        params=declared.params,
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
    """The declared settings, with what the last search chose where there was one."""
    key = use_case.key("models", "trials")
    if use_case.tuning is None or not lake.exists(key):
        return settings_of(use_case)
    trials = lake.read_pandas(key)
    chosen = trials.loc[trials["chosen"].astype(bool), "params"]
    return settings_of(use_case, json.loads(chosen.iloc[0]) if len(chosen) else None)


@dataclass(frozen=True)
class Ingredients:
    """All that decides what a model becomes: equal ingredients give the same model."""

    rows: pd.DataFrame
    settings: ModelSettings
    features: list[str]
    feature_version: str

    @property
    def digest(self) -> str:
        """A hash of rows, features and settings."""
        from lakehouse_assets.lifecycle.training_set import recipe

        columns = [*self.features, "label", "feature_version"]
        told = json.dumps(self.settings.to_json(), sort_keys=True)
        return recipe(self.rows[[*columns, *_keys_of(self.rows, columns)]], told, ",".join(self.features))


def ingredients(use_case: Declaration, features: list[str], rows: pd.DataFrame, settings: ModelSettings) -> Ingredients:
    """The rows to learn from, out of a training set.

    Raises:
        ValueError: they mix feature versions.
    """
    from lakehouse_assets.lifecycle.training_set import one_feature_version

    learned = learned_rows(rows, use_case.model.train_where)
    seen = learned[learned["feature_version"].notna()]
    return Ingredients(learned, settings, features, one_feature_version(seen, "the training set"))


def fit(use_case: Declaration, made_of: Ingredients, band_rows: Any, progress: Progress) -> TrainedModel:
    """Train.

    Args:
        use_case: The use case.
        made_of: Rows and settings.
        band_rows: The use case's function that chooses the rows of the band, or None.
        progress: Is told how far it has come.
    """
    rows, by = made_of.rows, use_case.model.folds_by
    mask = np.asarray(band_rows(rows), dtype=bool) if band_rows is not None else None
    return task_named(use_case.task).fit(
        rows[made_of.features],
        rows["label"],
        rows[by] if by else None,
        pd.to_datetime(rows["day"]),
        made_of.settings,
        progress,
        band_rows=mask,
    )


def _keys_of(rows: pd.DataFrame, columns: list[str]) -> list[str]:
    others = ("predicted_at", "label_known_at", "split", *columns)
    return [name for name in rows.columns if name not in others]
