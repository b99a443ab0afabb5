"""Regression: one booster, and a conformal band from the errors on groups that a fold had not seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lakehouse_assets.lifecycle.judging.metric import Metric
from lakehouse_assets.lifecycle.learning.contributions import mean_contributions
from lakehouse_assets.lifecycle.learning.intervals import apply_band, fit_band
from lakehouse_assets.lifecycle.learning.model import LOWER, PREDICTION, UPPER, numbers, read_booster, write_model
from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings
from lakehouse_assets.lifecycle.learning.quantile_forecast import coverage
from lakehouse_assets.lifecycle.learning.tasks.errors_of_numbers import mae, mean_error, rmse
from lakehouse_assets.lifecycle.learning.tasks.rows import Floats, checked_groups, checked_label, within
from lakehouse_assets.lifecycle.learning.tasks.task import Progress, silent
from lakehouse_assets.lifecycle.learning.training import out_of_fold, train_booster

if TYPE_CHECKING:
    import pandas as pd

_BOOSTER = "booster"


@dataclass(frozen=True)
class RegressionModel:
    """A booster with its band (:func:`intervals.fit_band`)."""

    features: tuple[str, ...]
    settings: ModelSettings
    training_metrics: Mapping[str, float]
    booster: Any
    band: pd.DataFrame
    task: str = "regression"
    outputs: tuple[str, ...] = (PREDICTION, LOWER, UPPER)

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """The prediction within the settings' limits, and its band around it."""
        import pandas as pd

        predicted = within(_raw(self.booster, features, self.features), self.settings)
        lower, upper = apply_band(predicted, self.band, self.settings.minimum)
        return pd.DataFrame(
            {
                PREDICTION: predicted,
                LOWER: within(np.minimum(lower, predicted), self.settings),
                UPPER: within(np.maximum(upper, predicted), self.settings),
            },
            index=features.index,
        )

    def contributions(self, features: pd.DataFrame) -> pd.Series:
        """See :class:`model.TrainedModel`."""
        return mean_contributions(self.booster, features[list(self.features)])

    def save(self, folder: Path) -> None:
        """See :class:`model.TrainedModel`."""
        rows = self.band.to_dict("records")
        # JSON has no infinity: the first bin, which has no lower edge, says null.
        band = [{**row, "predicted_from": _or_none(row["predicted_from"])} for row in rows]
        write_model(self, folder, {_BOOSTER: self.booster}, {"band": band})


class Regression:
    """A number is predicted for each row."""

    name = "regression"

    def fit(
        self,
        features: pd.DataFrame,
        label: pd.Series,
        groups: pd.Series | None,
        days: pd.Series,
        settings: ModelSettings,
        progress: Progress = silent,
        band_rows: npt.ArrayLike | None = None,
    ) -> RegressionModel:
        """See :class:`task.Task`. The band holds the label as it is, also where what is learned was capped."""
        truth = checked_label(self.name, features, label, settings)
        features = features.reset_index(drop=True)
        names = checked_groups(self.name, groups, len(truth), settings).reset_index(drop=True)
        progress(f"training on {len(truth):,} rows of {names.nunique():,} groups, {features.shape[1]} features")
        learned = _learned(truth, settings)
        unseen = out_of_fold(
            features, learned, names, settings.params, settings.rounds, progress, min(settings.folds, names.nunique())
        )
        chosen = np.ones(len(truth), dtype=bool) if band_rows is None else np.asarray(band_rows, dtype=bool)
        if len(chosen) != len(truth) or chosen.sum() < 10:
            raise ValueError(
                f"regression: {len(chosen)} band_rows for {len(truth)} rows choose {int(chosen.sum())}; at least 10 "
                "rows are needed to fit a band"
            )
        band = fit_band(unseen[chosen], truth[chosen], settings.coverage)
        booster = train_booster(features, learned, settings.params, settings.rounds, progress, "final model")
        metrics = _fold_errors(unseen[chosen], truth[chosen], settings)
        counts = {"training_rows": float(len(truth)), "training_groups": float(names.nunique())}
        return RegressionModel(tuple(features.columns), settings, {**metrics, **counts}, booster, band)

    def fit_plain(self, features: pd.DataFrame, label: pd.Series, settings: ModelSettings) -> RegressionModel:
        """See :class:`task.Task`."""
        import pandas as pd

        truth = checked_label(self.name, features, label, settings)
        booster = train_booster(features, _learned(truth, settings), settings.params, settings.rounds, silent)
        band = pd.DataFrame({"predicted_from": [-np.inf], "below": [0.0], "above": [0.0], "n": [0]})
        return RegressionModel(tuple(features.columns), settings, {}, booster, band)

    def load(self, folder: Path, document: Mapping[str, Any]) -> RegressionModel:
        """See :class:`task.Task`."""
        import pandas as pd

        rows = [
            {**row, "predicted_from": -np.inf if row["predicted_from"] is None else row["predicted_from"]}
            for row in document["band"]
        ]
        return RegressionModel(
            tuple(document["features"]),
            ModelSettings.from_json(document["settings"]),
            document["training_metrics"],
            read_booster(folder, _BOOSTER),
            pd.DataFrame(rows)[["predicted_from", "below", "above", "n"]],
        )

    def metrics(self, settings: ModelSettings) -> Mapping[str, Metric]:
        """``rmse``, ``mae``, ``bias``, ``coverage``; with ``reported_cap`` also ``rmse_capped``."""
        found = {
            "rmse": Metric(lambda p, y: rmse(p[PREDICTION], y), lower_is_better=True),
            "mae": Metric(lambda p, y: mae(p[PREDICTION], y), lower_is_better=True),
            "bias": Metric(lambda p, y: mean_error(p[PREDICTION], y), lower_is_better=True, decides=False),
            "coverage": Metric(lambda p, y: coverage(p[LOWER], p[UPPER], y), lower_is_better=False, decides=False),
        }
        cap = settings.reported_cap
        if cap is not None:
            found["rmse_capped"] = Metric(lambda p, y: rmse(p[PREDICTION], np.minimum(y, cap)), lower_is_better=True)
        return found


def _raw(booster: Any, features: pd.DataFrame, names: tuple[str, ...]) -> Floats:
    if not len(features):
        return np.empty(0)
    predicted: Floats = booster.predict(numbers(features, names), num_threads=1)
    return predicted


def _learned(truth: Floats, settings: ModelSettings) -> Floats:
    return truth if settings.label_cap is None else np.minimum(truth, settings.label_cap)


def _fold_errors(unseen: Floats, truth: Floats, settings: ModelSettings) -> dict[str, float]:
    errors = {"rmse": rmse(unseen, truth), "mae": mae(unseen, truth), "bias": mean_error(unseen, truth)}
    if settings.reported_cap is not None:
        errors["rmse_capped"] = rmse(unseen, np.minimum(truth, settings.reported_cap))
    return {f"out_of_fold_{name}": value for name, value in errors.items()}


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
