"""What a use case says of itself: the sections of its YAML, checked as far as they can be without looking at data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

import dagster as dg
from pydantic import Field, ValidationInfo, field_validator

from lakehouse_assets.monitoring.deciding.policy import Policy
from lakehouse_assets.use_case.declaring.declared_model import (
    Evaluation,
    Gate,
    ModelSection,
    Monitoring,
    Split,
    Tuning,
    deciding_metrics,
    named_columns,
    refuse_params,
)
from lakehouse_assets.use_case.declaring.declared_table import Columns, Name, Query, View

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.serving.prediction_time import PredictionTime

#: Columns that the component itself gives; no use case may name one of its own so.
RESERVED = frozenset(
    {
        *("day", "predicted_at", "label", "label_known_at", "split", "known_at", "event_time", "lower", "upper"),
        *("alarm", "model_version", "feature_version", "predicted_day", "source_versions"),
    }
)


class PredictedAt(dg.Model):
    """When the predictions of a day are made: from the rows of day d, on d + days_after, at a local time."""

    days_after: int = Field(ge=1, description="Days after the day whose rows are used; its rows are whole from 1 on.")
    at: time = Field(description='Local time, "HH:MM".')


class Prediction(dg.Model):
    """The column of what is predicted."""

    name: Name
    unit: str = "1"
    description: str
    minimum: float | None = None
    maximum: float | None = None
    urgent: Literal["low", "high"] | None = Field(
        default=None, description="Which predictions somebody acts on first; left out: none more than others."
    )


class Schedule(dg.Model):
    """When the use case trains without being asked. Predictions are made by the domain's night."""

    training: str | None = Field(default=None, description="Cron of a regular retraining; off until switched on.")


class Declaration(dg.Model):
    """One use case. Every section is documented where it is defined; README of docs/use_cases.md shows a whole one."""

    name: Name = Field(description="Name of the use case and of its registered model.")
    domain: Name = Field(description="The domain whose night makes its predictions.")
    purpose: str = Field(description="What is predicted, and who does what with it.")
    owner: str = Field(pattern=r"^team:[\w-]+$|^[^@\s]+@[^@\s]+$", description="`team:name` or a mail address.")
    timezone: str = "UTC"
    first_day: date = Field(description="First daily partition.")
    entity: Columns = Field(min_length=1, description="Columns that, with the day, name one prediction.")
    context: Columns = Field(default_factory=dict, description="Columns that go along: slices, counters, times.")
    predicted_at: PredictedAt
    observations: Query = Field(description="What is to be predicted: entity, day, known_at and context columns.")
    labels: Query = Field(description="What came: entity, day, label and label_known_at; may read `observations`.")
    features: list[View] = Field(min_length=1, description="The feature views, joined in this order.")
    task: Literal["regression", "classification", "forecast"]
    prediction: Prediction
    model: ModelSection
    tuning: Tuning | None = None
    split: Split
    evaluation: Evaluation
    gate: Gate
    monitoring: Monitoring = Field(default_factory=Monitoring)
    retraining: Policy = Field(default_factory=Policy, description="When it is trained again without being asked.")
    schedule: Schedule = Field(default_factory=Schedule)
    freshness_hours: float | None = Field(default=36, gt=0, description="How old daily tables may become.")
    limits: list[str] = Field(default_factory=list, description="What the model cannot do, for its card.")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError) as error:
            raise ValueError(f"{value!r} is no time zone; expected a name such as UTC or Europe/Berlin") from error
        return value

    @field_validator("entity", "context", "prediction")
    @classmethod
    def _no_name_is_taken(cls, value: Any, info: ValidationInfo) -> Any:
        own = [value.name] if isinstance(value, Prediction) else list(value)
        before = {name for section in ("entity", "context") for name in info.data.get(section, ())}
        for name in own:
            if name in RESERVED:
                raise ValueError(f"column {name!r} is one that every use case has; give yours another name")
            if name in before:
                raise ValueError(f"column {name!r} stands in entity or context already; each column needs its own name")
        return value

    @field_validator("model", "split", "evaluation", "monitoring")
    @classmethod
    def _columns_are_there(cls, value: Any, info: ValidationInfo) -> Any:
        known = {*info.data.get("entity", ()), *info.data.get("context", ())}
        for name, columns in named_columns(value).items():
            strange = [column for column in columns if column not in known | {"day"}]
            if strange:
                raise ValueError(f"{name} names {strange}; expected columns of entity or context: {sorted(known)}")
        return value

    @field_validator("model", "tuning")
    @classmethod
    def _params_fit(cls, value: ModelSection | Tuning | None, info: ValidationInfo) -> ModelSection | Tuning | None:
        task, model = info.data.get("task"), value if isinstance(value, ModelSection) else info.data.get("model")
        if task is not None and model is not None:
            refuse_params(task, model, value if isinstance(value, Tuning) else None)
        return value

    @field_validator("evaluation")
    @classmethod
    def _metric_judges(cls, value: Evaluation, info: ValidationInfo) -> Evaluation:
        task, model = info.data.get("task"), info.data.get("model")
        if task is None or model is None:
            return value
        known = sorted({*deciding_metrics(task, model), *value.metrics})
        if value.metric not in known:
            raise ValueError(
                f"metric {value.metric!r} judges no {task}; expected one of {', '.join(known)}, or one of `metrics`"
            )
        if info.data.get("tuning") is not None and value.metric in value.metrics:
            raise ValueError(
                f"metric {value.metric!r} is the use case's own, and a search goes by the task's: leave out `tuning`"
            )
        return value

    @field_validator("gate")
    @classmethod
    def _bound_is_on_the_right_side(cls, value: Gate, info: ValidationInfo) -> Gate:
        task, model, evaluation = (info.data.get(name) for name in ("task", "model", "evaluation"))
        if task is None or model is None or evaluation is None:
            return value
        own = {name: one.lower_is_better for name, one in evaluation.metrics.items()}
        less = {**deciding_metrics(task, model), **own}[evaluation.metric]
        if less != (value.at_most is not None):
            right, wrong = ("at_most", "at_least") if less else ("at_least", "at_most")
            way = "less" if less else "more"
            raise ValueError(f"of {evaluation.metric} {way} is better: expected `{right}`, found `{wrong}`")
        return value

    @property
    def keys(self) -> list[str]:
        """The entity's columns."""
        return list(self.entity)

    @property
    def prediction_time(self) -> PredictionTime:
        """When the predictions of a day are made."""
        from lakehouse_assets.lifecycle.serving.prediction_time import PredictionTime

        return PredictionTime(self.predicted_at.days_after, self.predicted_at.at, self.timezone)

    @property
    def instant(self) -> str:
        """The column with the time that a prediction is about: one of its own if there is one, else when it is made."""
        own = [name for name, note in {**self.entity, **self.context}.items() if note.type == "timestamp"]
        return own[0] if own else "predicted_at"

    def key(self, zone: str, table: str) -> list[str]:
        """The asset key of one of the use case's tables."""
        return [zone, self.name, table]

    def table_of(self, view: View) -> str:
        """The table of a feature view: one of its own, or one that exists."""
        return view.table or "/".join(self.key("delivery", view.name))

    @property
    def model_parameters(self) -> Mapping[str, Any]:
        """All that decides what training makes of its rows, as plain data."""
        return {"task": self.task, **self.model.model_dump(mode="json")}
