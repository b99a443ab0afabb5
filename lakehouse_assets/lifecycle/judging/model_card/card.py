"""All that a model card is made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Source:
    """A table that the model learned from, at the version it had then, and who answers for it."""

    table: str
    version: int
    owner: str


@dataclass(frozen=True)
class ModelCard:
    """What is known of a champion.

    Attributes:
        use_case: The registered model's name.
        model_version: The champion's number.
        written_at: When the card is written, UTC.
        purpose: What is predicted, and who does what with it.
        owner: Who answers for the use case.
        task: "regression", "classification" or "forecast".
        prediction: The prediction's column and what it says.
        unit: Of the prediction.
        entity: The columns that name what is predicted for.
        features: The columns that the model learned.
        feature_version: Of the features.
        sources: The tables that it learned from.
        training_days: First and last day of the training rows; None where there are none.
        training_rows: How many rows it learned from.
        held_out_rows: How many it was measured on.
        settings: LightGBM's parameters and the task's own.
        evaluation: Rows of models/<use case>/evaluation as of its promotion.
        metric: The deciding metric.
        bound: What the gate asks of it, in words: "at most 25".
        lower_is_better: Of the deciding metric.
        baseline: What the baseline is, in words.
        limits: What the model cannot do, as its makers know it.
        drift: The verdict of the newest report against this version's reference; None before the first.
        drift_day: Its day.
        drifting: Columns that drift.
        performance: The newest verdict on realised performance with its day; None before the first.
        outputs: Tables that its predictions go to.
        history: Rows of models/<use case>/champion.
        mlflow_run_id: The run that trained it.
        tracking_uri: The registry's address, for the commands.
        lake_uri: The lake's, likewise.
        pictures: Name -> PNG.
    """

    use_case: str
    model_version: int
    written_at: datetime
    purpose: str
    owner: str
    task: str
    prediction: str
    unit: str
    entity: Sequence[str]
    features: Sequence[str]
    feature_version: str
    sources: Sequence[Source]
    training_days: tuple[date, date] | None
    training_rows: int
    held_out_rows: int
    settings: Mapping[str, object]
    evaluation: pd.DataFrame
    metric: str
    bound: str
    lower_is_better: bool
    baseline: str
    limits: Sequence[str]
    drift: str | None
    drift_day: date | None
    drifting: Sequence[str]
    performance: str | None
    outputs: Sequence[str]
    history: pd.DataFrame
    mlflow_run_id: str
    tracking_uri: str
    lake_uri: str
    pictures: Mapping[str, bytes] = field(default_factory=dict)
