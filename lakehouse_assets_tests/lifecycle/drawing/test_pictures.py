"""Each task has its pictures, small enough to stand in an asset's metadata."""

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.lifecycle.drawing.pictures import pictures
from lakehouse_assets.lifecycle.drawing.precision_recall import precision_recall
from lakehouse_assets_tests.lifecycle.judging.judged import predictions_of, rows_of

CONTRIBUTIONS = pd.Series([0.5, 0.2], index=["torque", "wear"])


def failures(n: int = 2000) -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(2)
    truth = (random.random(n) < 0.1).astype("float64")
    p = np.clip(random.random(n) * 0.5 + truth * 0.4, 0, 1)
    return pd.DataFrame({"prediction": p, "alarm": p >= 0.6}), truth


def test_a_regression_shows_predictions_errors_and_contributions() -> None:
    rows = rows_of(50_000)
    found = pictures("regression", predictions_of(rows, 1), rows["label"], rows, "quality", CONTRIBUTIONS)
    assert list(found) == ["prediction_against_truth", "residuals", "contributions"]
    assert all(png.startswith(b"\x89PNG") and len(png) < 120_000 for png in found.values())


def test_a_classification_shows_calibration_and_precision_against_recall() -> None:
    predictions, truth = failures()
    assert list(pictures("classification", predictions, truth, predictions)) == ["calibration", "precision_recall"]
    never = np.zeros(len(truth))
    assert list(pictures("classification", predictions, never, predictions)) == ["calibration"]


def test_a_forecast_shows_its_band_over_time() -> None:
    rows = rows_of(2000).assign(predicted_at=pd.date_range("2024-01-01", periods=2000, freq="15min", tz="UTC"))
    found = pictures("forecast", predictions_of(rows, 1), rows["label"], rows)
    assert list(found) == ["forecast", "prediction_against_truth", "residuals"]
    assert len(found["forecast"]) < 120_000


def test_the_same_rows_give_the_same_bytes_and_other_colours_others() -> None:
    rows = rows_of()
    told = ("regression", predictions_of(rows, 1), rows["label"], rows)
    assert pictures(*told) == pictures(*told)
    assert pictures(*told, "quality") != pictures(*told)


def test_no_rows_draw_nothing_and_an_unknown_task_is_refused() -> None:
    rows = rows_of().iloc[:0]
    assert pictures("classification", predictions_of(rows, 1), rows["label"], rows) == {}
    with pytest.raises(ValueError, match="'ranking'; expected regression"):
        pictures("ranking", predictions_of(rows, 1), rows["label"], rows)


def test_precision_and_recall_are_those_that_scikit_learn_computes() -> None:
    from sklearn.metrics import precision_recall_curve

    predictions, truth = failures(500)
    tied = predictions["prediction"].round(1)
    ours = precision_recall(tied, truth)
    precision, recall, thresholds = precision_recall_curve(truth, tied)
    assert ours["threshold"].tolist() == thresholds[::-1].tolist()
    assert ours["precision"].to_numpy() == pytest.approx(precision[:-1][::-1])
    assert ours["recall"].to_numpy() == pytest.approx(recall[:-1][::-1])
    with pytest.raises(ValueError, match="none of 500 labels is 1"):
        precision_recall(tied, np.zeros(500))
