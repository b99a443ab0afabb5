"""Forecast: quantiles of what will be, with a band that is widened on the last days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lakehouse_assets.lifecycle.judging.metric import Metric
from lakehouse_assets.lifecycle.learning.contributions import mean_contributions
from lakehouse_assets.lifecycle.learning.model import LOWER, PREDICTION, UPPER, read_booster, write_model
from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings
from lakehouse_assets.lifecycle.learning.quantile_forecast import (
    QuantileForecast,
    check_quantiles,
    coverage,
    fit_quantiles,
    pinball_loss,
    quantile_boosters,
)
from lakehouse_assets.lifecycle.learning.tasks.errors_of_numbers import mae, rmse
from lakehouse_assets.lifecycle.learning.tasks.rows import checked_label, within
from lakehouse_assets.lifecycle.learning.tasks.task import Progress, silent

if TYPE_CHECKING:
    import pandas as pd

_MIDDLE = 0.5


@dataclass(frozen=True)
class ForecastModel:
    """Boosters by quantile; ``prediction`` is the median, the bounds are the outermost quantiles."""

    features: tuple[str, ...]
    settings: ModelSettings
    training_metrics: Mapping[str, float]
    quantiles: QuantileForecast
    task: str = "forecast"
    outputs: tuple[str, ...] = (PREDICTION, LOWER, UPPER)

    @property
    def booster(self) -> Any:
        """The median's booster."""
        return self.quantiles.boosters[_MIDDLE]

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """The median and its outermost quantiles, in order and within the settings' limits."""
        import pandas as pd

        table = within(self.quantiles.predict(features[list(self.features)]), self.settings)
        middle = sorted(self.quantiles.boosters).index(_MIDDLE)
        return pd.DataFrame(
            {PREDICTION: table[:, middle], LOWER: table[:, 0], UPPER: table[:, -1]}, index=features.index
        )

    def contributions(self, features: pd.DataFrame) -> pd.Series:
        """See :class:`model.TrainedModel`; those of the median."""
        return mean_contributions(self.booster, features[list(self.features)])

    def save(self, folder: Path) -> None:
        """See :class:`model.TrainedModel`."""
        boosters = {_file(quantile): booster for quantile, booster in self.quantiles.boosters.items()}
        widening = [[quantile, by] for quantile, by in sorted(self.quantiles.widening.items())]
        write_model(self, folder, boosters, {"widening": widening})


class Forecast:
    """What a number will be is predicted before its time, with a band."""

    name = "forecast"

    def fit(
        self,
        features: pd.DataFrame,
        label: pd.Series,
        groups: pd.Series | None,
        days: pd.Series,
        settings: ModelSettings,
        progress: Progress = silent,
        band_rows: npt.ArrayLike | None = None,
    ) -> ForecastModel:
        """See :class:`task.Task`. Time decides what is calibrated on, so ``groups`` and ``band_rows`` do not."""
        import pandas as pd

        truth = checked_label(self.name, features, label, settings)
        at = pd.Series(pd.to_datetime(np.asarray(days)))
        if len(at) != len(truth) or at.nunique() <= settings.calibration_days:
            raise ValueError(
                f"forecast: {len(at)} rows of {at.nunique()} days have a label so far; a day for each row, and more "
                f"than calibration_days ({settings.calibration_days}) days, are needed: materialise more days"
            )
        made = fit_quantiles(
            features.reset_index(drop=True),
            truth,
            at,
            settings.params,
            settings.rounds,
            settings.quantiles,
            progress,
            settings.calibration_days,
            settings.minimum,
        )
        metrics = {
            "calibration_mae": made.calibration_mae,
            "training_rows": float(len(truth)),
            "training_days": float(at.nunique()),
        }
        return ForecastModel(tuple(features.columns), settings, metrics, made)

    def fit_plain(self, features: pd.DataFrame, label: pd.Series, settings: ModelSettings) -> ForecastModel:
        """See :class:`task.Task`."""
        truth = checked_label(self.name, features, label, settings)
        check_quantiles(settings.quantiles)
        boosters = quantile_boosters(features, truth, settings.params, settings.rounds, settings.quantiles)
        return ForecastModel(tuple(features.columns), settings, {}, QuantileForecast(boosters, {}, settings.minimum))

    def load(self, folder: Path, document: Mapping[str, Any]) -> ForecastModel:
        """See :class:`task.Task`."""
        settings = ModelSettings.from_json(document["settings"])
        boosters = {quantile: read_booster(folder, _file(quantile)) for quantile in settings.quantiles}
        made = QuantileForecast(boosters, dict(document["widening"]), settings.minimum)
        return ForecastModel(tuple(document["features"]), settings, document["training_metrics"], made)

    def metrics(self, settings: ModelSettings) -> Mapping[str, Metric]:
        """``mae`` and ``rmse`` of the median, ``pinball`` (mean over median and bounds), ``coverage`` of the band."""
        levels = {LOWER: settings.quantiles[0], PREDICTION: _MIDDLE, UPPER: settings.quantiles[-1]}

        def pinball(p: pd.DataFrame, y: npt.ArrayLike) -> float:
            return float(np.mean([pinball_loss(p[column], y, level) for column, level in levels.items()]))

        return {
            "mae": Metric(lambda p, y: mae(p[PREDICTION], y), lower_is_better=True),
            "rmse": Metric(lambda p, y: rmse(p[PREDICTION], y), lower_is_better=True),
            "pinball": Metric(pinball, lower_is_better=True),
            "coverage": Metric(lambda p, y: coverage(p[LOWER], p[UPPER], y), lower_is_better=False, decides=False),
        }


def _file(quantile: float) -> str:
    return f"quantile_{quantile}"
