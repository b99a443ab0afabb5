"""What drift is measured on: the sensors that the model reads, normalised by regime, and the model's predictions."""

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets.features.windows import MODEL_SENSORS
from lakehouse_assets.monitoring.calibration import WINDOW_DAYS

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.booster_registry import LoadedModel

PREDICTION = "remaining_cycles"
#: Reports need no more of the reference than this: its own sampling error is calibrated into the thresholds.
SAMPLE_ROWS = 5000
SAMPLE_SEED = 20240101


def monitored_columns() -> list[str]:
    """The model's sensors, and its prediction."""
    return [*MODEL_SENSORS, PREDICTION]


def build_reference(normalised: pd.DataFrame, features: pd.DataFrame, model: "LoadedModel") -> pd.DataFrame:
    """All rows of the champion's training period with its own predictions for them.

    Args:
        normalised: Normalised readings at the version that the champion learned from.
        features: The feature view at that version, for the predictions.
        model: The champion.
    """
    predicted = features[["engine_id", "day"]].assign(**{PREDICTION: model.predict(features)})
    return monitored_rows(normalised, predicted)


def reference_sample(history: pd.DataFrame) -> pd.DataFrame:
    """At most `SAMPLE_ROWS` rows of the history: that which windows are compared with."""
    rows = history if len(history) <= SAMPLE_ROWS else history.sample(SAMPLE_ROWS, random_state=SAMPLE_SEED)
    return rows.sort_values(["engine_id", "day"], ignore_index=True)


def monitored_rows(normalised: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Readings and predictions side by side: engine_id, day and the monitored columns."""
    keys = ["engine_id", "day"]
    rows = normalised[[*keys, *MODEL_SENSORS]].merge(predicted[[*keys, PREDICTION]], on=keys, how="left")
    return rows.sort_values(keys, ignore_index=True)


def window_of(rows: pd.DataFrame, day: date, days: int = WINDOW_DAYS) -> pd.DataFrame:
    """The rows of the window of `days` days that ends on `day`."""
    end = pd.Timestamp(day)
    at = pd.to_datetime(rows["day"])
    return rows[(at > end - pd.Timedelta(days=days)) & (at <= end)]
