"""A trained model of any task: it predicts, explains itself, and lies in a folder as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings

if TYPE_CHECKING:
    import pandas as pd

PREDICTION, LOWER, UPPER, ALARM = "prediction", "lower", "upper", "alarm"

DOCUMENT = "model.json"
FORMAT = 1


class ModelFileError(ValueError):
    """A folder does not hold a model that this code can read."""


class TrainedModel(Protocol):
    """What every task's training gives."""

    @property
    def task(self) -> str:
        """Name of the task that it was trained for."""

    @property
    def features(self) -> tuple[str, ...]:
        """The columns that it learned, in its order."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """The columns that it gives: ``prediction``, then ``lower`` and ``upper``, or ``alarm``."""

    @property
    def settings(self) -> ModelSettings:
        """What it was trained with."""

    @property
    def training_metrics(self) -> Mapping[str, float]:
        """Errors on training rows that the model which was asked had not seen, and counts."""

    @property
    def booster(self) -> Any:
        """The LightGBM booster that makes ``prediction``; for plots of importance."""

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """One row per row, with the same index and the columns :attr:`outputs`.

        Args:
            features: Rows with at least the columns :attr:`features`, numbers, NaN where unknown.

        Raises:
            KeyError: A column is missing.
        """

    def contributions(self, features: pd.DataFrame) -> pd.Series:
        """Mean absolute SHAP value of each feature over the rows, by LightGBM, largest first."""

    def save(self, folder: Path) -> None:
        """Write the model as text: its boosters as LightGBM writes them, all else as JSON."""


def write_model(model: TrainedModel, folder: Path, boosters: Mapping[str, Any], parts: Mapping[str, Any]) -> None:
    """Write a model's folder: ``<name>.txt`` for each booster, and the document with what else it is made of."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, booster in boosters.items():
        # All trees: the booster's own choice would leave out those after the best iteration.
        booster.save_model(str(folder / f"{name}.txt"), num_iteration=-1)
    document = {
        "format": FORMAT,
        "task": model.task,
        "features": list(model.features),
        "outputs": list(model.outputs),
        "settings": model.settings.to_json(),
        "training_metrics": dict(model.training_metrics),
        **parts,
    }
    text = json.dumps(document, indent=1, sort_keys=True, allow_nan=False, default=_plain)
    (folder / DOCUMENT).write_text(text + "\n", encoding="utf-8")


def read_booster(folder: Path, name: str) -> Any:
    """A booster that :func:`write_model` wrote.

    Raises:
        ModelFileError: The file is missing.
    """
    import lightgbm

    file = folder / f"{name}.txt"
    if not file.is_file():
        raise ModelFileError(f"{file} is missing, so the model in {folder} cannot be loaded")
    return lightgbm.Booster(model_file=str(file))


def model_digest(folder: Path) -> str:
    """A hash of a saved model's files: the same for two trainings that gave the same model to the last bit."""
    digest = sha256()
    for file in sorted(Path(folder).iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def numbers(features: pd.DataFrame, names: tuple[str, ...]) -> Any:
    """The named columns as rows x features of float64, in the order of the names."""
    return features[list(names)].to_numpy(dtype="float64", na_value=float("nan"))


def _plain(value: Any) -> Any:
    """A NumPy number as Python's."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{value!r} ({type(value).__name__}) cannot stand in a model's document")
