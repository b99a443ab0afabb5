"""What drift is measured on: the monitored columns, and the model's predictions beside them."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from lakehouse_assets.monitoring.calibration import WINDOW_DAYS
from lakehouse_assets.monitoring.reports.own_predictions import MODEL_VERSION

#: Reports need no more of the reference than this: its own sampling error is calibrated into the thresholds.
SAMPLE_ROWS = 5000
SAMPLE_SEED = 20240101


def monitored_rows(
    measured: pd.DataFrame, predicted: pd.DataFrame, keys: Sequence[str], columns: Sequence[str], prediction: str
) -> pd.DataFrame:
    """Measurements and predictions side by side, ordered by keys.

    Args:
        measured: Rows with the keys and the monitored columns. Of the reference: at the versions of the tables that
            the champion learned from.
        predicted: Rows with the keys and the prediction; `MODEL_VERSION` where several versions made them.
        keys: Columns that name a row: the entity's, and the day.
        columns: The monitored columns.
        prediction: The prediction's column.

    Returns:
        The keys, the monitored columns and the prediction, NaN where none was made; the version that made it, if told.
    """
    made = [prediction, *(name for name in (MODEL_VERSION,) if name in predicted.columns)]
    rows = measured[[*keys, *columns]].merge(predicted[[*keys, *made]], on=list(keys), how="left")
    return rows.sort_values(list(keys), ignore_index=True)


def reference_sample(history: pd.DataFrame, keys: Sequence[str], most: int = SAMPLE_ROWS) -> pd.DataFrame:
    """At most so many rows of the history, ordered by keys: that which windows are compared with."""
    rows = history if len(history) <= most else history.sample(most, random_state=SAMPLE_SEED)
    return rows.sort_values(list(keys), ignore_index=True)


def window_of(rows: pd.DataFrame, day: date, days: int = WINDOW_DAYS) -> pd.DataFrame:
    """The rows of the window of `days` days that ends on `day`."""
    end = pd.Timestamp(day)
    at = pd.to_datetime(rows["day"])
    return rows[(at > end - pd.Timedelta(days=days)) & (at <= end)]
