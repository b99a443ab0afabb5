"""The model that a night trained, as a replay needs it: predictions, what its evaluation promised, its reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from lakehouse_assets.lifecycle.judging import evaluation as measure
from lakehouse_assets.lifecycle.learning.model import PREDICTION
from lakehouse_assets.lifecycle.serving.predicted import predicted
from lakehouse_assets.monitoring.performance import performance
from lakehouse_assets.monitoring.reports.drift import distances
from lakehouse_assets.use_case.judging.judged import HELD_OUT_DATA, held_out_rows, metrics_of
from lakehouse_assets.use_case.policy_replay.past_nights import PastNights
from lakehouse_assets.use_case.policy_replay.refusal import ReplayRequestError
from lakehouse_assets.use_case.serving.known_outcomes import resampled_by
from lakehouse_assets.use_case.training.candidate import ingredients, settings_of
from lakehouse_assets.use_case.watching.watched import Reference, beside, compared, reference_of
from lakehouse_assets.use_case.watching.watched_outcomes import by_day

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.judging.metric import Metric
    from lakehouse_assets.lifecycle.learning.model import TrainedModel
    from lakehouse_assets.use_case.plan import Plan

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class NightModel:
    """A model with the night that trained it.

    Attributes:
        past: What the nights saw.
        night: The day of its night.
        model: The model.
        feature_version: Of the features that it learned.
        learned_until: When the last label that it learned became known.
    """

    past: PastNights
    night: date
    model: TrainedModel
    feature_version: str
    learned_until: pd.Timestamp
    _predictions: dict[date, pd.DataFrame] = field(default_factory=dict, repr=False)

    @classmethod
    def trained(cls, past: PastNights, night: date) -> NightModel:
        """Train on what was known on a night, with the settings that the YAML declares.

        Those that a search found later than that night are not used: it could not know them.

        Raises:
            ReplayRequestError: too little was known by then.
        """
        plan, rows = past.plan, past.training_set(night)
        try:
            made_of = ingredients(plan, rows, settings_of(plan.declaration))
            model = made_of.rows.fit(made_of.task, made_of.settings)
            return cls(past, night, model, made_of.feature_version, made_of.learned_until)
        except ValueError as error:
            raise ReplayRequestError(
                f"{plan.name}: no model can be trained on the night of {night}, when {len(rows)} labelled rows were "
                f"known: {error}. Let the replay begin later."
            ) from error

    @property
    def number(self) -> int:
        """Its version, as the tables count versions: the day of its night."""
        return self.night.toordinal()

    def predictions(self, day: date) -> pd.DataFrame:
        """The rows that a night predicts with its predictions, as scoring writes them."""
        if day not in self._predictions:
            rows, plan = self.past.of_night(day), self.past.plan
            kept = rows[[*plan.declaration.keys, "day", *plan.declaration.context]]
            name, what = plan.declaration.prediction.name, f"the replay of {plan.name} on the night of {day}"
            self._predictions[day] = (
                kept.join(predicted(self.model, rows, name, self.number, self.feature_version, what))
                if len(rows)
                else kept.assign(**{name: pd.Series(dtype="float64")})
            )
        return self._predictions[day]

    def losses(self, day: date) -> Floats:
        """The loss of each of its predictions of a night (`loss`); NaN where no label is known to this day."""
        rows = self.past.of_night(day)
        came = rows["label"].where(rows["label_known_at"] > rows["predicted_at"])
        return loss(self.past.plan, self.predictions(day)[self._name].to_numpy(dtype=np.float64), came.to_numpy())

    def performance(self, day: date) -> str:
        """The verdict on it on the night of a day, having served since its own."""
        plan, came = self.past.plan, self.past.outcomes(self.night, day)
        nights = [self.night + timedelta(days=n) for n in range((day - self.night).days + 1)]
        made = pd.concat([self.predictions(one) for one in nights]).rename(columns={"day": "predicted_day"})
        outcomes = made.join(came[["day", "label", "label_known_at"]], how="inner")
        rows = performance(
            outcomes[outcomes[self._name].notna()],
            day,
            self.number,
            self._deciding,
            self.evaluation,
            self._name,
            group=resampled_by(plan),
            window_days=plan.declaration.monitoring.window_days,
        )
        return str(rows.loc[rows["metric"].eq(plan.declaration.evaluation.metric), "verdict"].iloc[0])

    def drift_report(self, day: date, served: Mapping[date, NightModel]) -> pd.DataFrame:
        """The drift report of the night of a day, on the predictions of the models that served in the window.

        Nights before the first one that is played are those of the first model, as if it had scored its history.
        """
        plan, past = self.past.plan, self.past
        first = day - timedelta(days=plan.declaration.monitoring.window_days - 1)
        nights = [first + timedelta(days=n) for n in range((day - first).days + 1)]
        before = served.get(min(served), self) if served else self
        made = pd.concat([served.get(one, before).predictions(one) for one in nights])
        current = beside(plan, past.measured_by(first, day), made)
        came, ours = by_day(past.outcomes(past.first_day, day), plan), self.reference
        return compared(plan, ours.sample, ours.thresholds, current, came, day, self.number, measure=distances).rows

    @cached_property
    def evaluation(self) -> pd.DataFrame:
        """What its evaluation says of the deciding metric on the held-out rows of its night."""
        plan, declared = self.past.plan, self.past.plan.declaration.evaluation
        part = held_out_rows(plan, self.past.training_set(self.night))
        if part.empty:
            return pd.DataFrame(columns=list(measure.EVALUATION_COLUMNS))
        groups = part[declared.resample_by] if declared.resample_by else None
        scores = measure.score_table(
            self.model.predict(part), part["label"], part, self._deciding, (), groups, HELD_OUT_DATA, declared.resamples
        )
        return measure.of_role(scores, measure.CANDIDATE, self.number, HELD_OUT_DATA, declared.metric)

    @cached_property
    def reference(self) -> Reference:
        """What its windows are compared with. Only policies that look at drift pay for it."""
        plan, past = self.past.plan, self.past
        seen = past.seen_before(self.night)
        rows = seen[seen["predicted_at"] <= self.learned_until].reset_index(drop=True)
        before = past.measured_by(past.first_day, self.night - timedelta(days=1))
        made = self.model.predict(rows).rename(columns={PREDICTION: self._name})
        came = past.outcomes(past.first_day, self.night)
        came = by_day(came[came["label_known_at"] <= self.learned_until], plan)
        history = beside(plan, before, rows.join(made[[self._name]]))
        return reference_of(plan, history[history["day"] <= rows["day"].max()], came, self.number)

    @property
    def _name(self) -> str:
        return self.past.plan.declaration.prediction.name

    @cached_property
    def _deciding(self) -> Mapping[str, Metric]:
        metric = self.past.plan.declaration.evaluation.metric
        return {metric: metrics_of(self.past.plan, self.model.settings)[metric]}


def loss(plan: Plan, prediction: Floats, truth: Floats) -> Floats:
    """What each prediction cost.

    The absolute error; where the evaluation reports against capped labels, against these. Of a probability the squared
    error (Brier 1950): a proper score, and a mean over rows, so that days without a failure have an error as well.
    """
    cap = plan.declaration.model.reported_cap
    if plan.declaration.task == "classification":
        return np.square(prediction - truth)
    if cap is not None:
        prediction, truth = np.minimum(prediction, cap), np.minimum(truth, cap)
    return np.abs(prediction - truth)


def loss_name(plan: Plan) -> tuple[str, str]:
    """What the mean of `loss` is called, and its unit."""
    if plan.declaration.task == "classification":
        return "Brier score", "1"
    cap = plan.declaration.model.reported_cap
    capped = "" if cap is None else f" up to {cap:g}"
    return f"mean absolute error{capped}", plan.declaration.prediction.unit
