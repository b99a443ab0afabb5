"""Predictions of a day, and what came of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets.lake.reading.read import to_pandas
from lakehouse_assets.lifecycle.serving.predicted import predicted
from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.held_rows import HeldRows
from lakehouse_assets.use_case.observations import Days, Source, labels, observations

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.learning.model import TrainedModel
    from lakehouse_assets.lifecycle.model_version import ModelVersion
    from lakehouse_assets.lifecycle.serving.retrieval import ViewSpec


def scoring_rows(
    use_case: Declaration, folder: Path, source: Source, views: Sequence[ViewSpec], days: Days
) -> pd.DataFrame:
    """The observations of some days with the features known at their time: what training would have seen of them."""
    from lakehouse_assets.lifecycle.serving.retrieval import features_at

    return features_at(source.lake, observations(use_case, folder, source, days), views, source.versions)


def scored(use_case: Declaration, rows: pd.DataFrame, model: TrainedModel, version: ModelVersion) -> pd.DataFrame:
    """One prediction a row, with the versions of model and features that made it.

    Args:
        use_case: The use case.
        rows: Observations with features (`scoring_rows`).
        model: The model, loaded.
        version: Its version in the registry.

    Raises:
        FeatureVersionError: rows carry another feature version than the model learned from.
    """
    kept = rows[[*use_case.keys, "day", "predicted_at", *use_case.context]]
    what = f"{version.name} version {version.version}"
    name = use_case.prediction.name
    return kept.join(predicted(model, rows, name, version.version, version.feature_version, what))


def outcomes(use_case: Declaration, folder: Path, source: Source, table: str, days: Days) -> pd.DataFrame:
    """What became known on some days of the predictions made before.

    Each day's rows are asked by themselves, in a run of many days as in as many nights: what a day tells is what could
    be known by it. All rows of the days at once tell something else where a later one corrects or contradicts an
    earlier: the query would give one outcome for two, or none for an engine that failed a second time.

    Args:
        use_case: The use case.
        folder: Of its YAML.
        source: The lake.
        table: The predictions.
        days: Days whose rows tell labels, both ends named.

    Returns:
        Entity, day (of the row that tells the label), predicted_day, the predictions' other columns, label,
        label_known_at. Predictions further back than the labels' `lookback_days` are not looked at.

    Raises:
        ValueError: a day's label query gives a prediction two outcomes, or says that they are of another day.
    """
    if days.first is None or days.last is None:
        raise ValueError(f"use case {use_case.name}: outcomes of {days}; expected a first and a last day")
    made = to_pandas(source.read(table, days.back(use_case.labels.lookback_days)))
    made = made.assign(day=pd.to_datetime(made["day"]).astype("datetime64[us]"))
    held = HeldRows.of(source, use_case.labels.inputs.values(), days)
    every = [days.first + timedelta(days=n) for n in range((days.last - days.first).days + 1)]
    found = [_outcomes_of(use_case, folder, held, made, day) for day in every]
    return pd.concat(found, ignore_index=True).rename(columns={"day": "predicted_day", "label_day": "day"})


def _outcomes_of(use_case: Declaration, folder: Path, source: Source, made: pd.DataFrame, day: date) -> pd.DataFrame:
    """What the rows of one day tell of the predictions of the days that it looks back to."""
    at = pd.Timestamp(day)
    past = made[made["day"].between(at - timedelta(days=use_case.labels.lookback_days), at)]
    came = labels(use_case, folder, source, past, Days.one(day))
    others = pd.to_datetime(came["label_day"]).ne(at)
    if others.any():
        example = came.loc[others, [*use_case.keys, "day", "label_day"]].iloc[0].to_dict()
        raise ValueError(
            f"use case {use_case.name}: asked what the rows of {day} tell, its labels gave {int(others.sum())} rows of "
            f"another label_day, such as {example}; expected the day of the row that tells it. Put the query right."
        )
    return past.merge(came, on=[*use_case.keys, "day"], how="inner", validate="one_to_one")
