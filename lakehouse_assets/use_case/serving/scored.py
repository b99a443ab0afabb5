"""Predictions of a day, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets.lake.reading.read import to_pandas
from lakehouse_assets.lifecycle.serving.predicted import predicted
from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.observations import Days, Source, labels, observations

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.learning.model import TrainedModel
    from lakehouse_assets.lifecycle.model_version import ModelVersion
    from lakehouse_assets.lifecycle.serving.retrieval import ViewSpec


def scoring_rows(
    use_case: Declaration, folder: Path, source: Source, views: Sequence[ViewSpec], days: Days
) -> pd.DataFrame:
    """The observations of some days with the features known at their time: what training would have seen of them."""
    from lakehouse_assets.lifecycle.serving.retrieval import features_at

    return features_at(source.lake, observations(use_case, folder, source, days), views, source.versions)


def scored(use_case: Declaration, rows: pd.DataFrame, model: TrainedModel, version: ModelVersion) -> pd.DataFrame:
    """One prediction a row, with the versions of model and features that made it.

    Args:
        use_case: The use case.
        rows: Observations with features (`scoring_rows`).
        model: The model, loaded.
        version: Its version in the registry.

    Raises:
        FeatureVersionError: rows carry another feature version than the model learned from.
    """
    kept = rows[[*use_case.keys, "day", "predicted_at", *use_case.context]]
    what = f"{version.name} version {version.version}"
    name = use_case.prediction.name
    return kept.join(predicted(model, rows, name, version.version, version.feature_version, what))


def outcomes(use_case: Declaration, folder: Path, source: Source, table: str, days: Days) -> pd.DataFrame:
    """What became known on some days of the predictions made before.

    Args:
        use_case: The use case.
        folder: Of its YAML.
        source: The lake.
        table: The predictions.
        days: Days whose rows tell labels.

    Returns:
        Entity, day (of the row that tells the label), predicted_day, the predictions' other columns, label,
        label_known_at. Predictions further back than the labels' `lookback_days` are not looked at.
    """
    made = to_pandas(source.read(table, days.back(use_case.labels.lookback_days)))
    made = made.assign(day=pd.to_datetime(made["day"]).astype("datetime64[us]"))
    came = labels(use_case, folder, source, made, days)
    rows = made.merge(came, on=[*use_case.keys, "day"], how="inner", validate="one_to_one")
    return rows.rename(columns={"day": "predicted_day", "label_day": "day"})
