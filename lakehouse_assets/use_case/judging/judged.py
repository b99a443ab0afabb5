"""Candidate, champion and baseline measured on the same rows: held-out ones, which decide, and others beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from lakehouse_assets.lifecycle.judging import evaluation as measure
from lakehouse_assets.lifecycle.judging.baseline import baseline_predictions
from lakehouse_assets.lifecycle.judging.metric import Metric
from lakehouse_assets.lifecycle.learning.tasks import task_named
from lakehouse_assets.lifecycle.serving.retrieval import features_at
from lakehouse_assets.use_case.observations import Days, Source, labelled_by, observations
from lakehouse_assets.use_case.training.labelled import HELD_OUT, learned_rows

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.learning.model import TrainedModel
    from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings
    from lakehouse_assets.use_case.plan import Plan

HELD_OUT_DATA = "held_out"


@dataclass(frozen=True)
class Judged:
    """A model and its version."""

    version: int
    model: TrainedModel


def metrics_of(plan: Plan, settings: ModelSettings) -> Mapping[str, Metric]:
    """The task's metrics, and the use case's own."""
    declared = plan.declaration.evaluation.metrics
    own = {name: Metric(plan.function(one.function), one.lower_is_better) for name, one in declared.items()}
    return {**task_named(plan.declaration.task).metrics(settings), **own}


def data_to_measure_on(plan: Plan, source: Source, rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each data that models are measured on, with label and features; data without a row are left out."""
    found = {HELD_OUT_DATA: held_out_rows(plan, rows)}
    extra = plan.declaration.evaluation.extra
    if extra:
        observed = observations(plan.declaration, plan.folder, source, Days())
        for name, query in extra.items():
            chosen = labelled_by(plan.declaration, query, plan.folder, source, observed)
            found[name] = _with_features(features_at(source.lake, chosen, plan.views, source.versions))
    return {name: data for name, data in found.items() if len(data)}


def held_out_rows(plan: Plan, rows: pd.DataFrame) -> pd.DataFrame:
    """The held-out rows of a training set that decide, those left out of which nothing was known."""
    choose = plan.declaration.evaluation.rows
    held_out = rows[rows["split"].eq(HELD_OUT)].reset_index(drop=True)
    return _with_features(plan.function(choose)(held_out) if choose and len(held_out) else held_out)


def evaluation(
    plan: Plan,
    rows: pd.DataFrame,
    data: Mapping[str, pd.DataFrame],
    candidate: Judged,
    champion: Judged | None,
) -> pd.DataFrame:
    """All figures of all roles.

    Args:
        plan: The use case.
        rows: The training set; its training side tells the baseline.
        data: The rows to measure on (`data_to_measure_on`).
        candidate: The newest model.
        champion: The serving one; None where nothing serves, or it reads other features.

    Returns:
        Columns `evaluation.EVALUATION_COLUMNS`.
    """
    declared = plan.declaration.evaluation
    metrics = metrics_of(plan, candidate.model.settings)
    tables = []

    def of_role(scores: pd.DataFrame, role: str, version: int | None) -> None:
        tables.append(measure.of_role(scores, role, version, HELD_OUT_DATA, declared.metric))

    for name, part in data.items():
        told: dict[str, Any] = {
            "slices": declared.slices,
            "groups": part[declared.resample_by] if declared.resample_by else None,
            "data": name,
        }
        ours = candidate.model.predict(part)
        score = _scorer(part, metrics, {**told, "resamples": declared.resamples})
        of_role(score(ours), measure.CANDIDATE, candidate.version)
        of_role(score(_baseline(plan, rows, part, candidate.model)), measure.BASELINE, None)
        if champion is not None:
            theirs = ours if champion.version == candidate.version else champion.model.predict(part)
            of_role(score(theirs), measure.CHAMPION, champion.version)
            compared = measure.difference_table(
                ours, theirs, part["label"], part, declared.metric, metrics[declared.metric], **told
            )
            of_role(compared, measure.DIFFERENCE, candidate.version)
    if not tables:
        return measure.of_role(
            pd.DataFrame(columns=list(measure.SCORE_COLUMNS)), measure.CANDIDATE, candidate.version, "", ""
        )  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def _with_features(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["feature_version"].notna()].reset_index(drop=True)


def _scorer(
    part: pd.DataFrame, metrics: Mapping[str, Metric], told: Mapping[str, Any]
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda predictions: measure.score_table(predictions, part["label"], part, metrics, **told)


def _baseline(plan: Plan, rows: pd.DataFrame, part: pd.DataFrame, model: TrainedModel) -> pd.DataFrame:
    learned = learned_rows(rows, None)
    costs = plan.declaration.model.costs
    threshold = costs.false_alarm / (costs.false_alarm + costs.miss) if costs else 0.5
    return baseline_predictions(
        plan.declaration.evaluation.baseline,
        learned[plan.features],
        learned["label"],
        part,
        model.outputs,
        model.settings.coverage,
        threshold,
    )
