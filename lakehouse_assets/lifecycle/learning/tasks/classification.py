"""Classification into yes and no: a calibrated probability, and the alarm that follows from what mistakes cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lakehouse_assets.lifecycle.judging.metric import Metric
from lakehouse_assets.lifecycle.learning.calibrated_classifier import CalibratedClassifier, fit_classifier
from lakehouse_assets.lifecycle.learning.contributions import mean_contributions
from lakehouse_assets.lifecycle.learning.model import ALARM, PREDICTION, numbers, read_booster, write_model
from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings
from lakehouse_assets.lifecycle.learning.probability import PlattScaling, alarm_threshold
from lakehouse_assets.lifecycle.learning.tasks.errors_of_alarms import alarm_metrics
from lakehouse_assets.lifecycle.learning.tasks.rows import Floats, checked_groups, checked_label
from lakehouse_assets.lifecycle.learning.tasks.task import Progress, silent

if TYPE_CHECKING:
    import pandas as pd

_BOOSTER = "booster"
_LEAST_OF_EACH = 5
_UNCALIBRATED = PlattScaling(1.0, 0.0)


@dataclass(frozen=True)
class ClassificationModel:
    """A booster, the calibration of its scores, and from which probability on it raises an alarm."""

    features: tuple[str, ...]
    settings: ModelSettings
    training_metrics: Mapping[str, float]
    booster: Any
    calibration: PlattScaling
    task: str = "classification"
    outputs: tuple[str, ...] = (PREDICTION, ALARM)

    @property
    def threshold(self) -> float:
        """The probability from which an alarm is the cheaper mistake to risk."""
        return alarm_threshold(self.settings.cost_of_miss, self.settings.cost_of_false_alarm)

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """The probability of a 1, and whether it is enough for an alarm."""
        x = numbers(features, self.features)
        scores = self.booster.predict(x, num_threads=1) if len(x) else np.empty(0)
        return _outputs(self.calibration(scores), self.threshold, features.index)

    def contributions(self, features: pd.DataFrame) -> pd.Series:
        """See :class:`model.TrainedModel`; on the scale of the booster's log odds."""
        return mean_contributions(self.booster, features[list(self.features)])

    def save(self, folder: Path) -> None:
        """See :class:`model.TrainedModel`."""
        scaling = {"slope": self.calibration.slope, "intercept": self.calibration.intercept}
        write_model(self, folder, {_BOOSTER: self.booster}, {"calibration": scaling, "threshold": self.threshold})


class Classification:
    """Whether something is so is predicted for each row, as a probability."""

    name = "classification"

    def fit(
        self,
        features: pd.DataFrame,
        label: pd.Series,
        groups: pd.Series | None,
        days: pd.Series,
        settings: ModelSettings,
        progress: Progress = silent,
        band_rows: npt.ArrayLike | None = None,
    ) -> ClassificationModel:
        """See :class:`task.Task`."""
        truth = _checked(features, label, settings)
        names = None if groups is None else checked_groups(self.name, groups, len(truth), settings).to_numpy()
        made = fit_classifier(
            features, truth, _params(settings), settings.rounds, progress, settings.seed, settings.folds, names
        )
        return _model(made, features, truth, settings)

    def fit_plain(self, features: pd.DataFrame, label: pd.Series, settings: ModelSettings) -> ClassificationModel:
        """See :class:`task.Task`."""
        import lightgbm

        truth = _checked(features, label, settings)
        data = lightgbm.Dataset(features.to_numpy(dtype="float64"), truth, feature_name=list(features.columns))
        booster = lightgbm.train(_params(settings), data, settings.rounds)
        return ClassificationModel(tuple(features.columns), settings, {}, booster, _UNCALIBRATED)

    def load(self, folder: Path, document: Mapping[str, Any]) -> ClassificationModel:
        """See :class:`task.Task`."""
        scaling = document["calibration"]
        return ClassificationModel(
            tuple(document["features"]),
            ModelSettings.from_json(document["settings"]),
            document["training_metrics"],
            read_booster(folder, _BOOSTER),
            PlattScaling(scaling["slope"], scaling["intercept"]),
        )

    def metrics(self, settings: ModelSettings) -> Mapping[str, Metric]:
        """``f1``, ``precision``, ``recall``, ``cost`` of the alarms; ``average_precision``, ``auc``, ``brier``."""
        return alarm_metrics(settings.cost_of_miss, settings.cost_of_false_alarm)


def _params(settings: ModelSettings) -> dict[str, Any]:
    return {"objective": "binary", **settings.params}


def _checked(features: pd.DataFrame, label: pd.Series, settings: ModelSettings) -> npt.NDArray[np.int64]:
    truth = checked_label("classification", features, label, settings)
    if not np.isin(truth, (0.0, 1.0)).all():
        found = sorted(set(truth.tolist()) - {0.0, 1.0})[:5]
        raise ValueError(f"classification: labels are 0 or 1; found {found}")
    least = max(settings.folds, _LEAST_OF_EACH)
    ones = int(truth.sum())
    if min(ones, len(truth) - ones) < least:
        raise ValueError(
            f"classification: {ones} training rows have label 1 and {len(truth) - ones} label 0 so far; at least "
            f"{least} of each are needed: materialise more days before training"
        )
    return truth.astype(np.int64)


def _model(
    made: CalibratedClassifier, features: pd.DataFrame, truth: npt.NDArray[np.int64], settings: ModelSettings
) -> ClassificationModel:
    threshold = alarm_threshold(settings.cost_of_miss, settings.cost_of_false_alarm)
    unseen = _outputs(made.out_of_fold, threshold, features.index)
    judged = alarm_metrics(settings.cost_of_miss, settings.cost_of_false_alarm)
    metrics = {f"out_of_fold_{name}": metric(unseen, truth) for name, metric in judged.items()}
    counts = {"training_rows": float(len(truth)), "training_ones": float(truth.sum())}
    return ClassificationModel(tuple(features.columns), settings, {**metrics, **counts}, made.booster, made.calibration)


def _outputs(probability: Floats, threshold: float, index: Any) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({PREDICTION: probability, ALARM: probability >= threshold}, index=index)
