"""What a use case learns from, the search for its settings, and its newest candidate."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import dagster as dg
from pydantic import Field, field_validator

from lakehouse_assets.lake.lazy_types import Frame
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.sources.daily import SEARCH, TRAINING
from lakehouse_assets.use_case.judging.pictured import pictures_metadata
from lakehouse_assets.use_case.plan import Plan


class TrainingSetConfig(dg.Config):
    """Which labels may be learned from."""

    as_of: str | None = Field(
        default=None,
        description="Only labels known by then (ISO time, UTC if it names no zone), as if it were that time now; "
        "empty: all that are known.",
    )

    @field_validator("as_of")
    @classmethod
    def _a_time(cls, value: str | None) -> str | None:
        if value:
            datetime.fromisoformat(value)
        return value or None


class TuningConfig(dg.Config):
    """How long to search."""

    trials: int | None = Field(
        default=None, ge=1, description="How many trials to have in the end; empty: as declared."
    )
    budget_minutes: float | None = Field(default=None, gt=0, description="No trial starts later; empty: as declared.")


def training_assets(plan: Plan) -> list[dg.AssetsDefinition]:
    """Training set with its manifest, candidate; the search for settings where a search space is declared."""
    found = [_training_set(plan), _candidate(plan)]
    return [*found, _trials(plan)] if plan.declaration.tuning else found


def _training_set(plan: Plan) -> dg.AssetsDefinition:
    key, declared = plan.key("delivery", "training_set"), plan.declaration
    version = plan.declared(
        *(declared.observations, declared.labels, declared.features, declared.predicted_at, declared.split)
    )

    @dg.multi_asset(
        name=f"{plan.name}_training_set",
        outs={
            "training_set": dg.AssetOut(key=key, metadata=version, tags=plan.tags(TRAINING)),
            "manifest": dg.AssetOut(key=plan.key("delivery", "training_manifest"), tags=plan.tags(TRAINING)),
        },
        deps=[plan.dep(table, night=False) for table in plan.learned_tables],
        check_specs=[
            dg.AssetCheckSpec(
                "training_equals_scoring",
                asset=key,
                description="Days of training rows scored anew have the same features, to the last bit.",
                blocking=True,
            )
        ],
    )
    def training_set(context: dg.AssetExecutionContext, config: TrainingSetConfig, lake: LakeResource) -> Iterator[Any]:
        """Read the sources at the versions that the manifest names, and join what was known at each time."""
        from lakehouse_assets.contracts.conform import to_arrow
        from lakehouse_assets.use_case.training import labelled, parity

        store = lake.lake()
        source = plan.source(store, {table: store.version(table.split("/")) for table in plan.learned_tables})
        as_of = labelled.instant(config.as_of)
        rows = labelled.training_set(declared, plan.folder, source, plan.views, as_of)
        yield dg.Output(
            to_arrow(rows, plan.contract("delivery", "training_set")), "training_set", metadata=labelled.described(rows)
        )
        yield dg.Output(labelled.manifest(source.versions, as_of), "manifest")
        yield parity.as_check(key, parity.differences(declared, plan.folder, source, plan.views, rows))

    return training_set


def _candidate(plan: Plan) -> dg.AssetsDefinition:
    key = plan.key("models", "candidate")

    @dg.asset(
        key=key,
        ins={
            "rows": dg.AssetIn(key=plan.key("delivery", "training_set")),
            "manifest": dg.AssetIn(key=plan.key("delivery", "training_manifest")),
        },
        deps=[plan.key("models", "trials")] if plan.declaration.tuning else [],
        kinds={"lightgbm"},
        pool=f"{plan.name}_training",
        metadata=plan.declared(plan.declaration.model),
        tags=plan.tags(TRAINING),
    )
    def candidate(
        context: dg.AssetExecutionContext, rows: Frame, manifest: Frame, lake: LakeResource, registry: ModelRegistry
    ) -> Frame:
        """Train on the training side; the same rows and settings as an earlier version are that version."""
        from lakehouse_assets.use_case.training import candidate as candidates

        store = lake.lake()
        made_of = candidates.ingredients(plan, rows, candidates.settings_in_force(plan.declaration, store))
        version = registry.by_recipe(plan.name, made_of.recipe)
        if version is None:
            versions = candidates.versions_of(plan, store, manifest)
            made = candidates.trained(plan, made_of, versions, context.run.run_id, context.log.info)
            version = registry.register(made)
            context.add_output_metadata(pictures_metadata(made.figures))
        else:
            context.log.info(f"version {version.version} was made of exactly these rows and settings: nothing to train")
        context.add_output_metadata({"model_version": version.version, "mlflow_run_id": version.run_id})
        return candidates.as_row(version, context.run.run_id)

    return candidate


def _trials(plan: Plan) -> dg.AssetsDefinition:
    @dg.asset(
        key=plan.key("models", "trials"),
        ins={"rows": dg.AssetIn(key=plan.key("delivery", "training_set"))},
        kinds={"optuna"},
        pool=f"{plan.name}_training",
        metadata=plan.declared(plan.declaration.model, plan.declaration.tuning),
        tags=plan.tags(SEARCH),
    )
    def trials(context: dg.AssetExecutionContext, config: TuningConfig, rows: Frame, registry: ModelRegistry) -> Frame:
        """Search for settings; goes on where an interrupted search on the same rows stopped."""
        from lakehouse_assets.use_case.training import search

        found = search.run(plan, rows, registry, config.trials, config.budget_minutes, context.log.info)
        context.add_output_metadata({"trials": len(found), **search.best_of(plan, found)})
        return found

    return trials
