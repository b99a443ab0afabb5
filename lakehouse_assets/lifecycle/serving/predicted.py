"""Predictions of a model for observations whose features were fetched: what scoring writes and serving answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakehouse_assets.lifecycle.learning.model import ALARM, PREDICTION
from lakehouse_assets.lifecycle.serving.feature_versions import FEATURE_VERSION, require_version

if TYPE_CHECKING:
    import pandas as pd

    from lakehouse_assets.lifecycle.learning.model import TrainedModel

MODEL_VERSION = "model_version"


def predicted(
    model: TrainedModel, rows: pd.DataFrame, name: str, model_version: int | None, learned: str, what: str
) -> pd.DataFrame:
    """One prediction per row, null where nothing was known of the entity.

    Args:
        model: The model.
        rows: What :func:`retrieval.features_at` gives.
        name: What the column of the prediction shall be called.
        model_version: The model's version; None if it is not a registered one.
        learned: Version of the features that the model learned from.
        what: Which rows and which model, for errors.

    Returns:
        With the rows' index: the prediction, then the model's bounds or alarm, ``model_version``, ``feature_version``.

    Raises:
        FeatureVersionError: The features are of another version than the model learned from.
    """
    import pandas as pd

    require_version(rows[FEATURE_VERSION], learned, what)
    # LightGBM predicts from nothing as well: the mean, which would look like a prediction.
    known = rows[FEATURE_VERSION].notna()
    made = model.predict(rows[known]).reindex(rows.index)
    if ALARM in made.columns:
        # In pandas only this type has both truth values and nulls.
        made[ALARM] = made[ALARM].astype("boolean")
    made = made.rename(columns={PREDICTION: name})
    made[MODEL_VERSION] = pd.Series(
        model_version, index=rows.index, dtype="Int64" if model_version is None else "int64"
    )
    made[FEATURE_VERSION] = rows[FEATURE_VERSION]
    return made
