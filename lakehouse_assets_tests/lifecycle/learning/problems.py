"""Small prediction problems of each kind, and settings that train in a moment."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings

PARAMS: dict[str, Any] = {
    "learning_rate": 0.2,
    "num_leaves": 7,
    "min_data_in_leaf": 5,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
TASKS = ("regression", "classification", "forecast")


@dataclass(frozen=True)
class Problem:
    features: pd.DataFrame
    label: pd.Series
    groups: pd.Series
    days: pd.Series


def problem(task: str, n: int = 400, seed: int = 1) -> Problem:
    """n rows of 20 groups over n / 8 days; ``x`` says much of the label, ``y`` nothing, and some values are missing."""
    random = np.random.default_rng(seed)
    features = pd.DataFrame({"x": random.normal(size=n), "y": random.normal(size=n)})
    truth = 50 + 20 * features["x"] + random.normal(0, 3, n)
    if task == "classification":
        truth = (random.random(n) < 1 / (1 + np.exp(-3 * features["x"] + 1))).astype("float64")
    features.loc[random.random(n) < 0.05, "y"] = np.nan
    days = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n) // 8, unit="D"))
    groups = pd.Series([f"g{k:02d}" for k in random.integers(0, 20, n)], name="engine_id")
    return Problem(features, pd.Series(truth), groups, days)


def settings(**changed: Any) -> ModelSettings:
    given: dict[str, Any] = {"params": PARAMS, "rounds": 15, "calibration_days": 10}
    return ModelSettings(**{**given, **changed})
