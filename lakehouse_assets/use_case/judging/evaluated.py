"""What the evaluation asset measures and shows: which models, and their figures and plots on the asset's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg
import pandas as pd

from lakehouse_assets.lifecycle.drawing.pictures import pictures
from lakehouse_assets.lifecycle.judging import evaluation as measure
from lakehouse_assets.use_case.judging.gated import version_named
from lakehouse_assets.use_case.judging.judged import HELD_OUT_DATA, Judged
from lakehouse_assets.use_case.judging.pictured import pictures_metadata

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.registry import ModelRegistry
    from lakehouse_assets.use_case.plan import Plan


def models_to_judge(plan: Plan, registry: ModelRegistry, candidate: pd.DataFrame) -> tuple[Judged, Judged | None]:
    """The newest candidate, and the champion if it can be asked on the same features."""
    newest, serving = version_named(plan, registry, candidate), registry.champion(plan.name)
    ours = Judged(newest.version, registry.load(newest))
    if serving is None or serving.feature_version != newest.feature_version:
        return ours, None
    return ours, ours if serving.version == newest.version else Judged(serving.version, registry.load(serving))


def metadata_of(
    plan: Plan, scores: pd.DataFrame, data: Mapping[str, pd.DataFrame], candidate: Judged
) -> dict[str, Any]:
    """Figures as a table, and the candidate's plots on each data."""
    found: dict[str, Any] = {
        "scores": dg.MetadataValue.md(measure.markdown(scores, ("role", "model_version", "data", "slice")))
    }
    for name, rows in data.items():
        found |= pictures_metadata(figures_of(plan, candidate, name, rows))
    return found


def figures_of(plan: Plan, judged: Judged, name: str, rows: pd.DataFrame) -> dict[str, bytes]:
    """The plots of a model on some rows; contributions for those that decide."""
    slices = plan.declaration.evaluation.slices
    told = pictures(
        plan.declaration.task,
        judged.model.predict(rows),
        rows["label"],
        rows,
        slices[0] if slices else None,
        judged.model.contributions(rows) if name == HELD_OUT_DATA else None,
        title=name.replace("_", " "),
        unit=plan.declaration.prediction.unit,
        instants=plan.declaration.instant,
    )
    return {f"{name}_{picture}": png for picture, png in told.items()}
