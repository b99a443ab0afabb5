"""Daily predictions: every engine in service, by the champion, with its uncertainty band."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lakehouse_assets.lifecycle.intervals import apply_band
from lakehouse_assets.lifecycle.training_set import one_feature_version

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.booster_registry import LoadedModel
    from lakehouse_assets.lifecycle.model_version import ModelVersion


def in_service(features: pd.DataFrame, failures: pd.DataFrame) -> pd.DataFrame:
    """The feature rows of engines that had not failed by the end of the row's day.

    Args:
        features: Feature rows of some days.
        failures: engine_id and day of the failures known on those days.
    """
    day_of = dict(zip(failures["engine_id"], pd.to_datetime(failures["day"]), strict=True))
    failed_on = pd.to_datetime(pd.Series([day_of.get(engine) for engine in features["engine_id"]], features.index))
    alive = failed_on.isna() | (failed_on > pd.to_datetime(features["day"]))
    return features[alive].reset_index(drop=True)


def predict(rows: pd.DataFrame, model: "LoadedModel") -> pd.DataFrame:
    """One prediction per row: remaining cycles (at least 0) in their band, and which model and features made it."""
    predicted = np.maximum(model.predict(rows), 0.0) if len(rows) else np.empty(0)
    lower, upper = apply_band(predicted, model.band)
    return rows[["engine_id", "day", "fleet", "cycle"]].assign(
        cycle=rows["cycle"].astype("int64"),
        remaining_cycles=predicted,
        lower=np.minimum(lower, predicted),
        upper=np.maximum(upper, predicted),
        model_version=model.version.version,
        feature_version=model.version.feature_version,
    )


def require_same_features(version: "ModelVersion", rows: pd.DataFrame) -> None:
    """Refuse to predict with features that the model did not learn from.

    Raises:
        ValueError: the rows were made with other regimes or columns than the model's training set, or mix several.
    """
    now = one_feature_version(rows, "the feature view")
    if len(rows) and version.feature_version != now:
        raise ValueError(
            f"champion {version.name} version {version.version} learned from features {version.feature_version}, but "
            f"the feature view is now {now}: its operating regimes or columns changed. Materialise the feature view "
            "for all days and run the training job, or put the earlier operating regimes back."
        )
