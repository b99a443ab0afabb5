"""Rows, predictions and metrics for tests of evaluation and gate: a unit normal truth, errors as large as asked for."""

import numpy as np
import pandas as pd

from lakehouse_assets.lifecycle.judging.metric import Metric, of_prediction


def mae(predicted: np.ndarray, truth: np.ndarray) -> float:
    return float(np.abs(predicted - truth).mean())


MAE = of_prediction(mae)


def covered(frame: pd.DataFrame, truth: np.ndarray) -> float:
    return float(((frame["lower"].to_numpy() <= truth) & (truth <= frame["upper"].to_numpy())).mean())


COVERAGE = Metric(covered, lower_is_better=False)


def rows_of(n: int = 600, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "unit": [f"u{number % 40}" for number in range(n)],
            "quality": np.where(np.arange(n) % 3 == 0, "L", "M"),
            "label": random.normal(size=n),
        }
    )


def predictions_of(rows: pd.DataFrame, error: float | np.ndarray, seed: int = 1) -> pd.DataFrame:
    noise = np.random.default_rng(seed).normal(size=len(rows))
    predicted = rows["label"].to_numpy() + error * noise
    return pd.DataFrame({"prediction": predicted, "lower": predicted - 1, "upper": predicted + 1})
