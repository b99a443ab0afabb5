"""The pictures that belong to a task's evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lakehouse_assets.lifecycle.drawing import plots

if TYPE_CHECKING:
    import pandas as pd

REGRESSION, CLASSIFICATION, FORECAST = "regression", "classification", "forecast"


def pictures(
    task: str,
    predictions: pd.DataFrame,
    truth: npt.ArrayLike,
    rows: pd.DataFrame,
    slice_column: str | None = None,
    contributions: pd.Series | None = None,
    *,
    title: str = "held out",
    unit: str = "",
    instants: str = "predicted_at",
    threshold: float | None = None,
) -> dict[str, bytes]:
    """Draw what shows how good the predictions are.

    Args:
        task: "regression", "classification" or "forecast".
        predictions: n rows as the model gives them.
        truth: n labels.
        rows: n rows with the slice column and, for a forecast, the instants.
        slice_column: What to colour by.
        contributions: Mean contribution of each feature, largest first.
        title: What the rows are.
        unit: Of the label.
        instants: Column with the time that a forecast is about.
        threshold: Of a classification's alarm; left out it is the lowest probability that was alarmed.

    Returns:
        Name -> PNG; none for no rows.

    Raises:
        ValueError: the task is none of the three.
    """
    y = np.asarray(truth, dtype=np.float64)
    found: dict[str, bytes] = {}
    if task not in (REGRESSION, CLASSIFICATION, FORECAST):
        raise ValueError(f"pictures: task {task!r}; expected {REGRESSION}, {CLASSIFICATION} or {FORECAST}")
    if len(rows) and task == CLASSIFICATION:
        found |= _of_probabilities(predictions, y, title, threshold)
    elif len(rows):
        if task == FORECAST:
            from lakehouse_assets.lifecycle.drawing.forecast_plot import forecast_plot

            found["forecast"] = forecast_plot(predictions, y, rows[instants], title, unit)
        told = (predictions["prediction"], y, title, rows[slice_column] if slice_column else None, unit)
        found["prediction_against_truth"] = plots.prediction_against_truth(*told)
        found["residuals"] = plots.residuals(*told)
    if contributions is not None and len(contributions):
        from lakehouse_assets.lifecycle.learning.contributions import contributions_plot

        found["contributions"] = contributions_plot(contributions, "What the predictions follow from")
    return found


def _of_probabilities(
    predictions: pd.DataFrame, y: npt.NDArray[np.float64], title: str, threshold: float | None
) -> dict[str, bytes]:
    from lakehouse_assets.lifecycle.drawing.calibration_curve import calibration_curve, calibration_plot
    from lakehouse_assets.lifecycle.drawing.precision_recall import precision_recall, precision_recall_plot

    p = predictions["prediction"].to_numpy(dtype=np.float64)
    found = {"calibration": calibration_plot(calibration_curve(p, y), title)}
    if (y == 1).any():
        alarmed = p[predictions["alarm"].to_numpy(dtype=bool)] if "alarm" in predictions.columns else p[:0]
        lowest = float(alarmed.min()) if len(alarmed) else None
        used = threshold if threshold is not None else lowest
        found["precision_recall"] = precision_recall_plot(precision_recall(p, y), float(y.mean()), used, title)
    return found
