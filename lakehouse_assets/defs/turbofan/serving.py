"""Remaining useful life, every day: predictions of all engines in service, and whether the fleet has drifted."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from lakehouse_assets import settings
from lakehouse_assets.defs.turbofan.days import DAYS, contract
from lakehouse_assets.defs.turbofan.use_case import FEATURES, USE_CASE
from lakehouse_assets.defs.turbofan.zones import days_of
from lakehouse_assets.lake.lazy_types import Frame, Table
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lifecycle.booster_registry import LoadedModel, load_booster
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.sources.daily import BY_DAY, ONE_RUN

#: Days of readings that a drift report compares with the reference.
WINDOW = dg.TimeWindowPartitionMapping(start_offset=-13, end_offset=0, allow_nonexistent_upstream_partitions=True)
NORMALISED = ["distilled", "turbofan", "normalised_readings"]
PREDICTIONS = ["delivery", USE_CASE, "predictions"]
REFERENCE = ["monitoring", USE_CASE, "reference"]
THRESHOLDS = ["monitoring", USE_CASE, "thresholds"]


def _champion(registry: ModelRegistry) -> LoadedModel:
    """The serving model, loaded."""
    version = registry.champion(USE_CASE)
    if version is None:
        raise dg.Failure(
            f"No version of {USE_CASE} is champion yet, so nothing can be predicted. Run the job "
            f"turbofan_rul_training; if the gate refused its candidate, the asset models/{USE_CASE}/champion says why.",
            allow_retries=False,
        )
    return load_booster(registry, version)


@dg.asset(
    key=PREDICTIONS,
    ins={
        "features": dg.AssetIn(key=FEATURES),
        "failures": dg.AssetIn(
            key=["harmonized", "turbofan", "failures"], metadata={"columns": ["engine_id", "day", "cycle"]}
        ),
    },
    deps=[["models", USE_CASE, "champion"]],
    metadata=BY_DAY,
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def predictions(context: dg.AssetExecutionContext, features: Frame, failures: Frame, registry: ModelRegistry) -> Table:
    """Predict the remaining life of every engine in service with the champion."""
    from lakehouse_assets.contracts.conform import to_arrow
    from lakehouse_assets.lifecycle import scoring

    model = _champion(registry)
    scoring.require_same_features(model.version, features)
    rows = scoring.predict(scoring.in_service(features, failures), model)
    context.add_output_metadata({"model_version": model.version.version, "engines": int(rows["engine_id"].nunique())})
    return to_arrow(rows, contract("delivery", "predictions"))


@dg.multi_asset(
    name="turbofan_rul_reference",
    outs={
        "reference": dg.AssetOut(
            key=REFERENCE,
        ),
        "thresholds": dg.AssetOut(
            key=THRESHOLDS,
        ),
    },
    deps=[["models", USE_CASE, "champion"], NORMALISED, FEATURES],
)
def reference(lake: LakeResource, registry: ModelRegistry) -> Iterator[Any]:
    """Take the reference at the versions that the champion learned from, and calibrate the thresholds on it."""
    from lakehouse_assets.monitoring.calibration import calibrate
    from lakehouse_assets.monitoring.reference import build_reference, monitored_columns, reference_sample

    model, store = _champion(registry), lake.lake()
    versions = model.version.delta_versions
    normalised = store.read_pandas(NORMALISED, version=versions["/".join(NORMALISED)])
    features = store.read_pandas(FEATURES, version=versions["/".join(FEATURES)])
    history = build_reference(normalised, features, model)
    sample = reference_sample(history)
    thresholds = calibrate(history, sample, monitored_columns(), seed=model.version.version)
    yield dg.Output(sample, "reference", metadata={"model_version": model.version.version})
    yield dg.Output(thresholds.assign(model_version=model.version.version), "thresholds")


@dg.asset(
    key=["monitoring", USE_CASE, "drift"],
    ins={
        "normalised": dg.AssetIn(key=NORMALISED, partition_mapping=WINDOW),
        "predicted": dg.AssetIn(key=PREDICTIONS, partition_mapping=WINDOW),
        "reference": dg.AssetIn(key=REFERENCE),
        "thresholds": dg.AssetIn(key=THRESHOLDS),
    },
    metadata=BY_DAY,
    check_specs=[
        dg.AssetCheckSpec(
            "no_drift",
            asset=["monitoring", USE_CASE, "drift"],
            description="No monitored column lies further from the reference than chance explains.",
        )
    ],
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def drift(
    context: dg.AssetExecutionContext, normalised: Frame, predicted: Frame, reference: Frame, thresholds: Frame
) -> Iterator[Any]:
    """Make one report for each of the run's days."""
    import pandas as pd

    from lakehouse_assets.monitoring import drift as monitor
    from lakehouse_assets.monitoring.reference import monitored_rows, window_of

    current, reports = monitored_rows(normalised, predicted), []
    version = int(thresholds["model_version"].iloc[0])
    for day in _each_day(*days_of(context)):
        report = monitor.compare(reference, window_of(current, day), thresholds, day, version, _page(day))
        context.log.info(f"{day}: {report.verdict}")
        reports.append(report)
    yield dg.Output(pd.concat([report.rows for report in reports]), metadata=_drift_metadata(reports))
    yield dg.AssetCheckResult(
        passed=all(report.verdict != monitor.DRIFT for report in reports),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"verdicts": ", ".join(sorted({report.verdict for report in reports}))},
    )


def _each_day(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _page(day: date) -> Path:
    return settings.reports_root() / USE_CASE / "drift" / f"{day}.html"


def _drift_metadata(reports: list[Any]) -> dict[str, Any]:
    from lakehouse_assets.lifecycle.plots import as_markdown
    from lakehouse_assets.monitoring.plots import distances

    last = reports[-1]
    found: dict[str, Any] = {
        "verdict": last.verdict,
        "distances": dg.MetadataValue.md(
            as_markdown(distances(last.rows), "distance of each column from the reference")
        ),
    }
    if last.html is not None:
        page = last.html.relative_to(settings.reports_root()).as_posix()
        found["report"] = dg.MetadataValue.url(f"{settings.reports_url()}/{page}")
        found["report_file"] = dg.MetadataValue.path(str(last.html))
    return found
