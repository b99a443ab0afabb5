"""What a use case says of itself: the sections of its YAML, checked as far as they can be without looking at data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from typing import TYPE_CHECKING, Any, Literal, Self
from zoneinfo import ZoneInfo

import dagster as dg
from pydantic import Field, field_validator, model_validator

from lakehouse_assets.use_case.declared_model import Evaluation, Gate, ModelSection, Monitoring, Split, Tuning
from lakehouse_assets.use_case.declared_table import Columns, Name, Query, View

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.prediction_time import PredictionTime

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

    @model_validator(mode="after")
    def _names_do_not_meet(self) -> Self:
        own = [*self.entity, *self.context, self.prediction.name]
        for name in own:
            if name in RESERVED:
                raise ValueError(f"column {name!r} is one that every use case has; give yours another name")
        twice = sorted({name for name in own if own.count(name) > 1})
        if twice:
            raise ValueError(f"entity, context and prediction name {twice} twice; each column needs its own name")
        return self

    @model_validator(mode="after")
    def _columns_are_there(self) -> Self:
        known = {*self.entity, *self.context}
        asked = {
            "split.column": [self.split.column] if self.split.column else [],
            "split.order_by": self.split.order_by,
            "evaluation.slices": self.evaluation.slices,
            "evaluation.resample_by": [self.evaluation.resample_by] if self.evaluation.resample_by else [],
            "monitoring.group": [self.monitoring.group] if self.monitoring.group else [],
            "model.folds_by": [self.model.folds_by] if self.model.folds_by else [],
        }
        for place, columns in asked.items():
            strange = [column for column in columns if column not in known | {"day"}]
            if strange:
                raise ValueError(f"{place} names {strange}; expected columns of entity or context: {sorted(known)}")
        return self

    @property
    def keys(self) -> list[str]:
        """The entity's columns."""
        return list(self.entity)

    @property
    def prediction_time(self) -> PredictionTime:
        """When the predictions of a day are made."""
        from lakehouse_assets.lifecycle.prediction_time import PredictionTime

        return PredictionTime(self.predicted_at.days_after, self.predicted_at.at, self.timezone)

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
