"""The gate of a use case: what it decides on, and what follows from it in registry and record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from lakehouse_assets.lifecycle.judging import gate
from lakehouse_assets.lifecycle.judging.champions import withdrawn
from lakehouse_assets.lifecycle.judging.expected import keep_expected
from lakehouse_assets.lifecycle.judging.promotion import Occasion, audit_frame, carry_out, number_of

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lifecycle.model_version import ModelVersion
    from lakehouse_assets.lifecycle.registry import ModelRegistry
    from lakehouse_assets.use_case.assets.judging import GateConfig
    from lakehouse_assets.use_case.plan import Plan

#: Rows that a clean process scores through pyfunc before a version may serve.
SAMPLE_ROWS = 20


@dataclass(frozen=True)
class Decided:
    """A decision, on which version, by which rules, against which champion."""

    version: ModelVersion
    verdict: gate.Verdict
    rules: gate.Rules
    against: int | None


def rules_of(plan: Plan, config: GateConfig) -> gate.Rules:
    """The use case's rules, with what one run says otherwise."""
    declared = plan.declaration.gate
    less_is_better = declared.at_most is not None
    bound = _either(config.bound, declared.at_most if less_is_better else declared.at_least)
    return gate.Rules(
        metric=plan.declaration.evaluation.metric,
        at_most=bound if less_is_better else None,
        at_least=None if less_is_better else bound,
        margin=_either(config.margin, declared.margin) or 0.0,
        slice_tolerance=declared.slice_tolerance,
        mode=declared.mode if config.mode is None else config.mode.value,
    )


def record_of(plan: Plan, lake: Lake) -> pd.DataFrame:
    """The record of decisions so far."""
    key = plan.declaration.key("models", "champion")
    return lake.read_pandas(key) if lake.exists(key) else audit_frame([])


def decide(
    plan: Plan,
    registry: ModelRegistry,
    lake: Lake,
    candidate: pd.DataFrame,
    scores: pd.DataFrame,
    rows: pd.DataFrame,
    rules: gate.Rules,
) -> Decided:
    """Decide on the newest candidate.

    Args:
        plan: The use case.
        registry: The registry.
        lake: Holds the record of decisions.
        candidate: The table of the newest candidate.
        scores: The evaluation.
        rows: The training set, for a sample that a clean process scores.
        rules: The gate's.
    """
    version, serving = version_named(plan, registry, candidate), registry.champion(plan.name)
    error = sample_error(plan, registry, lake, version, rows)
    verdict = gate.decide(
        scores,
        rules,
        version.version,
        number_of(serving),
        sample_error=error,
        withdrawn=withdrawn(record_of(plan, lake), version.version),
    )
    return Decided(version, verdict, rules, number_of(serving))


def act(
    plan: Plan, registry: ModelRegistry, lake: Lake, decided: Decided, scores: pd.DataFrame, who: str, run_id: str
) -> pd.DataFrame:
    """Promote if the gate said so; the rows to append to the record. What the evaluation lets expect is kept before."""
    keep_expected(registry, decided.version, scores)
    return carry_out(
        registry,
        decided.version,
        decided.verdict,
        decided.rules,
        decided.against,
        record_of(plan, lake),
        Occasion(datetime.now(UTC), who, run_id),
    )


def sample_error(
    plan: Plan, registry: ModelRegistry, lake: Lake, version: ModelVersion, rows: pd.DataFrame
) -> str | None:
    """What goes wrong when a process of its own loads the version through pyfunc and scores a sample; None if nothing.

    It must give the numbers that the model gives here. Both see the features as the lake holds them now: those that
    training saw may have been corrected since, and a correction must stop neither a promotion nor a roll back.
    """
    import numpy as np

    from lakehouse_assets.lifecycle.serving.clean_process import score_in_clean_process
    from lakehouse_assets.lifecycle.serving.retrieval import features_at

    what = plan.declaration.prediction.name
    on_time = rows["predicted_at"].eq(plan.declaration.prediction_time.instants(rows["day"]))
    sample = rows[on_time & rows["feature_version"].notna()].tail(SAMPLE_ROWS).reset_index(drop=True)
    if sample.empty:
        return "no row with features was known in time, so there is none to score"
    scored = score_in_clean_process(
        version.uri,
        sample[[*plan.declaration.keys, "day"]],
        tracking_uri=registry.tracking_uri,
        lake_uri=lake.uri,
    )
    if scored.predictions is None:
        return scored.error
    now = features_at(lake, sample.drop(columns=[*plan.features, "feature_version"]), plan.views)
    here = registry.load(version).predict(now)["prediction"].to_numpy(dtype="float64")
    there = scored.predictions[what].to_numpy(dtype="float64", na_value=np.nan)
    off = np.flatnonzero(~((here == there) | (np.isnan(here) & np.isnan(there))))
    if len(off):
        row = sample.loc[off[0], [*plan.declaration.keys, "day"]].to_dict()
        return f"{len(off)} of {len(sample)} predictions differ: {there[off[0]]} instead of {here[off[0]]} for {row}"
    return None


def version_named(plan: Plan, registry: ModelRegistry, candidate: pd.DataFrame) -> ModelVersion:
    """The registered version that the candidate table names.

    Raises:
        ValueError: the registry does not know it.
    """
    wanted = int(candidate["model_version"].iloc[-1])
    found = {version.version: version for version in registry.versions(plan.name)}
    if wanted not in found:
        raise ValueError(
            f"models/{plan.name}/candidate names version {wanted}, which the registry {registry.tracking_uri} does not "
            "know: it was deleted there, or this is another registry. Run the training job again."
        )
    return found[wanted]


def metadata_of(decided: Decided) -> dict[str, Any]:
    """What the asset page says of a decision."""
    verdict = decided.verdict
    return {"promoted": verdict.promoted, "action": verdict.action, "reason": verdict.reason}


def _either(first: float | None, second: float | None) -> float | None:
    return second if first is None else first
