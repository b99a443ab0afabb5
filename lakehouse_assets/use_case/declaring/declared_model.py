"""Sections of a use case's YAML that speak of its model: training, search, split, evaluation, gate, monitoring."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import dagster as dg
from pydantic import AfterValidator, Field, field_validator, model_validator

from lakehouse_assets.lifecycle.judging.metric_names import DECIDING
from lakehouse_assets.lifecycle.learning.lightgbm_parameters import (
    OBJECTIVES,
    known_parameter,
    objectives_said,
    said_twice,
)
from lakehouse_assets.lifecycle.learning.model_settings import ROUNDS
from lakehouse_assets.use_case.declaring.declared_table import Function, Name, Query, Table

Parameter = Annotated[str, AfterValidator(known_parameter)]
"""A name by which LightGBM knows one of its parameters."""

Searchable = Annotated[str, AfterValidator(lambda name: name if name == ROUNDS else known_parameter(name))]
"""What a search may look for: a parameter, or the number of trees."""


class Costs(dg.Model):
    """What a wrong decision costs, in any one unit."""

    miss: float = Field(gt=0)
    false_alarm: float = Field(gt=0)


class ModelSection(dg.Model):
    """LightGBM's settings, and what the task needs beside them."""

    params: dict[Parameter, Any] = Field(default_factory=dict, description="LightGBM's parameters.")
    rounds: int = Field(ge=1, description="Number of trees.")
    train_where: str | None = Field(default=None, description="SQL condition: training rows that are learned from.")
    folds: int = Field(default=3, ge=2, description="Folds of the out-of-fold predictions.")
    folds_by: Name | None = Field(default=None, description="Rows of one value stay in one fold.")
    least_groups: int = Field(default=10, ge=2, description="Fewer groups (or rows, without folds_by) train nothing.")
    label_cap: float | None = Field(default=None, description="Regression: longer labels are learned as this one.")
    reported_cap: float | None = Field(default=None, description="Regression: also measure against labels capped here.")
    band_rows: Function | None = Field(
        default=None, description="Regression: `f(rows) -> mask` of the training rows that the band is fitted on."
    )
    coverage: float = Field(default=0.8, gt=0, lt=1, description="Share of outcomes that the band shall hold.")
    costs: Costs | None = Field(default=None, description="Classification: decides from which probability to alarm.")
    quantiles: tuple[float, ...] = Field(default=(0.1, 0.5, 0.9), description="Forecast.")
    calibration_days: int = Field(default=42, ge=1, description="Forecast: last days on which the band is widened.")


class Searched(dg.Model):
    """Where a search looks for one parameter: between two bounds, both in, or among choices."""

    low: int | float | None = None
    high: int | float | None = None
    log: bool = Field(default=False, description="Whether ratios count and not differences.")
    step: int | float | None = Field(default=None, gt=0)
    choices: list[Any] | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.choices is not None:
            if {"low", "high", "log", "step"} & self.model_fields_set:
                raise ValueError("expected either `choices` or `low` and `high`")
            return self
        if self.low is None or self.high is None or self.low > self.high:
            raise ValueError(f"expected `choices`, or `low` not above `high`; found low {self.low}, high {self.high}")
        if self.log and (self.low <= 0 or self.step is not None):
            raise ValueError("`log` needs a `low` above 0 and takes no `step`")
        return self

    def holds(self, value: Any) -> bool:
        """Whether the search could have found a value."""
        if self.choices is not None:
            return value in self.choices
        return self.low is not None and self.high is not None and self.low <= value <= self.high


class Tuning(dg.Model):
    """The search for settings, started by hand; what it finds is used by every training after it."""

    space: dict[Searchable, Searched] = Field(
        min_length=1, description="Parameter -> {low, high, log|step} or choices."
    )
    trials: int = Field(default=30, ge=1)
    budget_minutes: float | None = Field(default=None, gt=0)
    folds: int = Field(default=3, ge=2)
    by: Literal["group", "time", "rows"] = "rows"
    seed: int = 1

    @property
    def asked(self) -> dict[str, dict[str, Any]]:
        """The space as ``tuning.tune`` takes it."""
        return {name: one.model_dump(exclude_unset=True) for name, one in self.space.items()}

    def could_find(self, params: Mapping[str, Any]) -> bool:
        """Whether a search of this space could have chosen these parameters."""
        return params.keys() == self.space.keys() and all(self.space[name].holds(params[name]) for name in params)


class Split(dg.Model):
    """Which labelled rows are held out of training."""

    by: Literal["entity", "time"]
    column: Name | None = Field(default=None, description="entity: rows of one value stay together.")
    percent: int | None = Field(default=None, ge=1, le=90, description="entity: share of the values held out.")
    share: float | None = Field(default=None, gt=0, lt=1, description="time: the last share of the rows.")
    last_days: int | None = Field(default=None, ge=1, description="time: the rows of the last days.")
    at_most_days: int | None = Field(
        default=None, ge=1, description="time: with `share`, never more than the rows of the last so many days."
    )
    order_by: list[Name] = Field(default_factory=lambda: ["day"], description="time: the order of the rows.")
    embargo: bool = Field(
        default=True, description="time: leave out training rows whose label came after the first held-out prediction."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.by == "entity" and (self.column is None or self.percent is None):
            raise ValueError("split by entity: expected `column` and `percent`")
        if self.by == "time" and (self.share is None) == (self.last_days is None):
            raise ValueError("split by time: expected either `share` or `last_days`")
        if self.at_most_days is not None and (self.by != "time" or self.share is None):
            raise ValueError("`at_most_days` limits the `share` of a split by time; expected both or neither")
        return self

    def days_held_out(self, days: int) -> int:
        """How many of the newest of so many days are held out whole or in part; 0 where whole entities are.

        Of a share, as if each day had as many rows.
        """
        if self.last_days is not None:
            return self.last_days
        of_share = math.ceil(round(days * (self.share or 0.0), 6))
        return of_share if self.at_most_days is None else min(of_share, self.at_most_days)


class OwnMetric(dg.Model):
    """A metric of the use case's own."""

    function: Function = Field(description="`f(predictions, truth) -> float`; predictions have the model's columns.")
    lower_is_better: bool = True


class Evaluation(dg.Model):
    """How good a model is, and on which rows."""

    metric: Name = Field(description="The metric that the gate decides by.")
    metrics: dict[Name, OwnMetric] = Field(default_factory=dict, description="Beside those of the task.")
    slices: list[Name] = Field(default_factory=list, description="Columns whose values are measured apart.")
    resample_by: Name | None = Field(default=None, description="Rows of one value are resampled together.")
    resamples: int = Field(default=200, ge=20)
    baseline: str = Field(default="mean", description="`mean` of the training labels, or a feature's name.")
    rows: Function | None = Field(default=None, description="`f(rows) -> rows`: held-out rows to measure on.")
    extra: dict[Name, Query] = Field(
        default_factory=dict,
        description="Rows that decide nothing, such as a published test: entity, day, label; may read `observations`.",
    )


class Gate(dg.Model):
    """What a candidate must reach before it may serve."""

    at_most: float | None = None
    at_least: float | None = None
    margin: float = Field(default=0.0, ge=0, description="By how much it may be worse than the champion, in doubt not.")
    slice_tolerance: float = Field(default=0.25, ge=0, description="Share by which no slice may be worse.")
    mode: Literal["on", "dry_run", "off"] = "on"

    @field_validator("mode", mode="before")
    @classmethod
    def _as_yaml_reads_it(cls, value: Any) -> Any:
        """YAML takes a bare `on` or `off` for a truth value."""
        return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError("gate: expected either `at_most` or `at_least`, the bound of evaluation.metric")
        return self


class Monitoring(dg.Model):
    """What drift reports look at."""

    table: Table | None = Field(default=None, description="Table of the monitored columns; the features if left out.")
    columns: list[str] = Field(default_factory=list, description="Monitored columns; all features if left out.")
    window_days: int = Field(default=14, ge=1, description="Days that a report compares with the reference.")
    least_rows: int = Field(default=200, ge=2)
    group: Name | None = Field(default=None, description="Rows of one value depend on each other.")
    false_alarm_rate: float = Field(default=0.01, gt=0, lt=0.5, description="Per report.")
    # Left out of what is dumped: it decides no row, so no table is made again for it.
    keep_reports_days: int = Field(
        default=90, ge=1, exclude=True, description="Days before the newest report whose HTML pages are kept."
    )


def named_columns(section: ModelSection | Split | Evaluation | Monitoring) -> dict[str, list[str]]:
    """The columns of entity or context that a section names, by the entry that names them."""
    if isinstance(section, ModelSection):
        return {"folds_by": _one(section.folds_by)}
    if isinstance(section, Split):
        return {"column": _one(section.column), "order_by": section.order_by}
    if isinstance(section, Evaluation):
        return {"slices": section.slices, "resample_by": _one(section.resample_by)}
    return {"group": _one(section.group)}


def deciding_metrics(task: str, model: ModelSection) -> dict[str, bool]:
    """The task's metrics that a gate can decide by, and whether less is better."""
    capped = model.reported_cap is not None
    return {name: less for name, less in DECIDING[task].items() if capped or name != "rmse_capped"}


def refuse_params(task: str, model: ModelSection, tuning: Tuning | None) -> None:
    """Refuse parameters that contradict the task, or each other under another name.

    Raises:
        ValueError: which, and what was expected.
    """
    space = {} if tuning is None else tuning.space
    wanted = OBJECTIVES[task]
    searched = objectives_said({name: choice for name, one in space.items() for choice in one.choices or ()})
    for objective in (*objectives_said(model.params), *searched):
        if objective not in wanted:
            raise ValueError(
                f"objective {objective!r} does not fit task {task}; expected none, or one of "
                f"{', '.join(sorted(wanted))}"
            )
    for one, other in said_twice([*model.params, *space]):
        raise ValueError(
            f"{one!r} and {other!r} are one parameter of LightGBM, which would go by one of them; expected one name"
        )


def _one(name: str | None) -> list[str]:
    return [] if name is None else [name]
