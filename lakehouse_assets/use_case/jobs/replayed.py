"""Training a registered version again: its rows are made anew from the table versions that it came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from lakehouse_assets.lifecycle.registry import UnknownVersionError
from lakehouse_assets.lifecycle.replay import Replay, origin_of
from lakehouse_assets.lifecycle.replay import replay as train_again
from lakehouse_assets.use_case.training.candidate import ingredients, settings_of
from lakehouse_assets.use_case.training.labelled import training_set

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lifecycle.learning.training_rows import TrainingRows
    from lakehouse_assets.lifecycle.model_version import ModelVersion
    from lakehouse_assets.lifecycle.registry import ModelRegistry
    from lakehouse_assets.use_case.plan import Plan


def replay(
    plan: Plan, lake: Lake, registry: ModelRegistry, number: int | None, progress: Callable[[str], None]
) -> Replay:
    """Train a version again and compare its metrics.

    Raises:
        UnknownVersionError: there is no such version, or no champion where none is named.
        MissingTableError: a table version that it came from is gone.
    """
    version = registry.champion(plan.name) if number is None else registry.version(plan.name, number)
    if version is None:
        raise UnknownVersionError(f"{plan.name} has no champion; name the version to train again")

    def rebuild(versions: Mapping[str, int]) -> TrainingRows:
        sources = {table: at for table, at in versions.items() if table in plan.learned_tables}
        rows = training_set(
            plan.declaration, plan.folder, plan.source(lake, sources), plan.views, as_of(plan, lake, version)
        )
        return ingredients(plan, rows, settings_of(plan.declaration)).rows

    return train_again(origin_of(version, registry.metrics_of(version)), rebuild, plan.training_code, progress)


def as_of(plan: Plan, lake: Lake, version: ModelVersion) -> pd.Timestamp | None:
    """Until when labels were learned from, by the version's own manifest."""
    key = plan.declaration.key("delivery", "training_manifest")
    manifest = lake.read_pandas(key, version=version.delta_versions["/".join(key)])
    until = manifest["as_of"].dropna()
    return until.iloc[0] if len(until) else None


def metadata_of(outcome: Replay) -> dict[str, Any]:
    """What the asset page says."""
    return {
        "model_version": outcome.origin.version.version,
        "same_metrics": outcome.same,
        "same_model_to_the_last_bit": outcome.same_model,
        "differences": "; ".join(outcome.causes) or "none",
    }
