"""What a task is: how to train a model, how to read one, and by which metrics its predictions are judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lakehouse_assets.lifecycle.judging.metric import Metric

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    from lakehouse_assets.lifecycle.learning.model import TrainedModel
    from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings

Progress = Callable[[str], None]


def silent(_: str) -> None:
    """Progress that nobody wants to hear of."""


class Task(Protocol):
    """One kind of prediction problem."""

    name: str

    def fit(
        self,
        features: pd.DataFrame,
        label: pd.Series,
        groups: pd.Series | None,
        days: pd.Series,
        settings: ModelSettings,
        progress: Progress = silent,
        band_rows: npt.ArrayLike | None = None,
    ) -> TrainedModel:
        """Train on all rows, calibrated on what models that had not seen a row say of it.

        Args:
            features: n rows of numbers, NaN where unknown; their columns are the model's features.
            label: n labels, finite and not capped; 0 or 1 for a classification.
            groups: n names; rows of one group depend on each other and stay in one fold. None: each row alone.
            days: The n rows' days.
            settings: The settings.
            progress: Is told in words how far it has come.
            band_rows: n truth values: the rows on which the band is fitted and the out-of-fold error is measured,
                so that a group with many rows does not count for more. None: all. Regression only.

        Raises:
            ValueError: Rows, groups, days or classes are too few, or a label is missing.
        """

    def fit_plain(self, features: pd.DataFrame, label: pd.Series, settings: ModelSettings) -> TrainedModel:
        """Train without calibrating anything: for a search, which compares hundreds of settings.

        A regression's band has no width, a classification's probabilities are the booster's own, a forecast's
        quantiles are not widened.
        """

    def load(self, folder: Path, document: Mapping[str, Any]) -> TrainedModel:
        """The model of this task that lies in a folder; ``document`` is its ``model.json``."""

    def metrics(self, settings: ModelSettings) -> Mapping[str, Metric]:
        """The task's metrics by name."""
