"""Remaining useful life of engines: from the feature view to a champion that the gate let through."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from lakehouse_assets.lake.lazy_types import Frame
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lifecycle.booster_registry import load_booster, register_booster
from lakehouse_assets.lifecycle.registry import ModelRegistry

USE_CASE = "turbofan_rul"
FEATURES = ["delivery", USE_CASE, "features"]
TRAINING_SET = ["delivery", USE_CASE, "training_set"]
TRAINING_MANIFEST = ["delivery", USE_CASE, "training_manifest"]
#: What a model of this use case learns from; their Delta versions go with every model version.
SOURCES = (
    FEATURES,
    ["harmonized", "turbofan", "failures"],
    ["distilled", "turbofan", "operating_regimes"],
    ["distilled", "turbofan", "normalised_readings"],
)


class GateConfig(dg.Config):
    """What a candidate must reach before it may serve."""

    worst_rmse: float = 25.0
    """Bound on the error (cycles, truth capped at 125) on engines held out of training, cut at random."""

    tolerance: float = 0.0
    """Share by which a candidate may be worse than the champion on the same cuts and still be promoted."""


@dg.multi_asset(
    name="turbofan_rul_training_set",
    outs={
        "training_set": dg.AssetOut(
            key=TRAINING_SET,
        ),
        "manifest": dg.AssetOut(
            key=TRAINING_MANIFEST,
        ),
    },
    deps=[dg.AssetKey(key) for key in SOURCES],
)
def training_set(context: dg.AssetExecutionContext, lake: LakeResource) -> Iterator[Any]:
    """Read the sources at the versions that the manifest names, and join features with labels."""
    import pandas as pd

    from lakehouse_assets.lifecycle.training_set import contradictory_engines, labelled_rows

    store = lake.lake()
    versions = {"/".join(key): store.version(key) for key in SOURCES}
    features, failures = (store.read_pandas(key, version=versions["/".join(key)]) for key in SOURCES[:2])
    rows = labelled_rows(features, failures)
    doubtful = contradictory_engines(features, failures)
    if doubtful:
        context.log.warning(
            f"left out, since they failed twice or flew on after failing: {', '.join(doubtful)}. Their rows in "
            "harmonized/turbofan/failures name the files to put right."
        )
    yield dg.Output(
        rows,
        "training_set",
        metadata={
            "engines_by_split": dict(rows.groupby("split")["engine_id"].nunique().astype(int).items()),
            "contradictory_engines": ", ".join(doubtful) or "none",
        },
    )
    yield dg.Output(pd.DataFrame({"table": list(versions), "version": list(versions.values())}), "manifest")


@dg.asset(
    key=["models", USE_CASE, "candidate"],
    ins={
        "rows": dg.AssetIn(key=TRAINING_SET),
        "manifest": dg.AssetIn(key=TRAINING_MANIFEST),
    },
    kinds={"lightgbm"},
    pool="turbofan_rul_training",
)
def candidate(
    context: dg.AssetExecutionContext,
    rows: Frame,
    manifest: Frame,
    lake: LakeResource,
    registry: ModelRegistry,
) -> Frame:
    """Train on the training engines; the same rows and settings as an earlier version are that version."""
    from lakehouse_assets.lifecycle.rul_training import train_candidate, training_recipe

    versions = dict(zip(manifest["table"], manifest["version"].astype(int), strict=True))
    for key in (TRAINING_SET, TRAINING_MANIFEST):
        versions["/".join(key)] = lake.lake().version(key)
    recipe = training_recipe(rows)
    known = registry.by_recipe(USE_CASE, recipe)
    if known is None:
        trained = train_candidate(rows, versions, recipe, context.run.run_id, context.log.info)
        known = register_booster(registry, USE_CASE, trained)
        for name, png in trained.figures.items():
            context.add_output_metadata({name.removesuffix(".png"): _picture(png, name)})
    else:
        context.log.info(f"version {known.version} was trained on exactly these rows and settings: nothing to train")
    context.add_output_metadata({"model_version": known.version, "mlflow_run_id": known.run_id})
    return _version_row(known, context.run.run_id)


@dg.multi_asset(
    name="turbofan_rul_evaluation",
    outs={
        "evaluation": dg.AssetOut(
            key=["models", USE_CASE, "evaluation"],
        )
    },
    ins={
        "candidate": dg.AssetIn(key=["models", USE_CASE, "candidate"]),
        "rows": dg.AssetIn(key=TRAINING_SET),
        "lives": dg.AssetIn(key=["harmonized", "turbofan", "remaining_lives"]),
    },
    deps=[dg.AssetKey(FEATURES)],
)
def evaluation(
    candidate: Frame, rows: Frame, lives: Frame, lake: LakeResource, registry: ModelRegistry
) -> Iterator[Any]:
    """Measure candidate and champion on the same rows."""
    from lakehouse_assets.lifecycle import evaluation as measure
    from lakehouse_assets.lifecycle.rul_evaluation import evaluate, pictures

    tested = lake.lake().read_pandas(FEATURES, where={"engine_id": list(lives["engine_id"])}) if len(lives) else None
    newest = _as_version(registry, candidate)
    serving = registry.champion(USE_CASE)
    model = load_booster(registry, newest)
    scores = evaluate(model, "candidate", rows, tested, lives)
    if serving is not None and serving.feature_version == newest.feature_version:
        # A champion of other features cannot be asked on these; the gate then has nothing to compare with.
        import pandas as pd

        same = model if serving.version == newest.version else load_booster(registry, serving)
        scores = pd.concat([scores, evaluate(same, "champion", rows, tested, lives)], ignore_index=True)
    shown = measure.markdown(scores, ("role", "model_version", "data", "slice"))
    yield dg.Output(
        scores,
        "evaluation",
        metadata={"scores": dg.MetadataValue.md(shown)}
        | {name: _picture(png, name) for name, png in pictures(model, rows, tested, lives).items()},
    )


@dg.asset(
    key=["models", USE_CASE, "champion"],
    ins={
        "candidate": dg.AssetIn(key=["models", USE_CASE, "candidate"]),
        "scores": dg.AssetIn(key=["models", USE_CASE, "evaluation"]),
    },
    metadata={"write_mode": "append"},
    check_specs=[
        dg.AssetCheckSpec(
            "candidate_passed_the_gate",
            asset=["models", USE_CASE, "champion"],
            description="The newest candidate keeps the bound on its error and is not worse than the champion.",
        )
    ],
)
def champion(
    context: dg.AssetExecutionContext, config: GateConfig, candidate: Frame, scores: Frame, registry: ModelRegistry
) -> Iterator[Any]:
    """Let the candidate serve if it keeps the bound and is not worse than the champion."""
    import pandas as pd

    from lakehouse_assets.lifecycle import gate
    from lakehouse_assets.lifecycle.evaluation import DECIDING_METRIC, value_of

    newest, before = _as_version(registry, candidate), registry.champion(USE_CASE)
    new, old = (value_of(scores[scores["role"].eq(role)], "held_out") for role in ("candidate", "champion"))
    verdict = gate.decide(new, old, gate.Bounds(config.worst_rmse, config.tolerance), DECIDING_METRIC)
    if verdict.promoted:
        registry.promote(newest)
    context.log.info(f"version {newest.version}: {'promoted' if verdict.promoted else 'refused'}: {verdict.reason}")
    decision = {
        "decided_at": pd.Timestamp(datetime.now(UTC)),
        "candidate_version": newest.version,
        "champion_before": float("nan") if before is None else float(before.version),
        "promoted": verdict.promoted,
        "reason": verdict.reason,
        "metric": DECIDING_METRIC,
        "candidate_value": new,
        "champion_value": old,
        "run_id": context.run.run_id,
    }
    frame = pd.DataFrame([decision]).astype({"candidate_value": "float64", "champion_value": "float64"})
    yield dg.Output(frame, metadata={"promoted": verdict.promoted, "reason": verdict.reason})
    yield dg.AssetCheckResult(
        passed=verdict.promoted, severity=dg.AssetCheckSeverity.WARN, metadata={"reason": verdict.reason}
    )


def _picture(png: bytes, name: str) -> dg.MetadataValue[Any]:
    from lakehouse_assets.lifecycle.plots import as_markdown

    return dg.MetadataValue.md(as_markdown(png, name.removesuffix(".png")))


def _version_row(version: Any, run_id: str) -> Frame:
    import json

    import pandas as pd

    return pd.DataFrame(
        {
            "model_version": [version.version],
            "mlflow_run_id": [version.run_id],
            "feature_version": [version.feature_version],
            "recipe": [version.recipe],
            "delta_versions": [json.dumps(dict(version.delta_versions))],
            "run_id": [run_id],
        }
    )


def _as_version(registry: ModelRegistry, candidate: Frame) -> Any:
    """The registered version that the candidate table names."""
    wanted = int(candidate["model_version"].iloc[-1])
    return next(version for version in registry.versions(USE_CASE) if version.version == wanted)
