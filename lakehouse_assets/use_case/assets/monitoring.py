"""Whether the world is still the one that the champion learned from: reference, thresholds, drift, performance."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from lakehouse_assets.lake.lazy_types import Frame
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.sources.daily import BY_DAY, ONE_RUN, REPORT, TRAINING, days_of
from lakehouse_assets.use_case.plan import Plan

NO_DRIFT, AS_EXPECTED = "no_drift", "as_good_as_expected"
PROMISED = "What came is within what the evaluation let expect, over all and in each slice, where it tells."


def monitoring_assets(plan: Plan) -> list[dg.AssetsDefinition]:
    """Reference and thresholds of the champion; the drift and the performance of every day."""
    return [_reference(plan), _drift(plan), _performance(plan)]


def _reference(plan: Plan) -> dg.AssetsDefinition:
    declared = plan.declaration
    watched = [
        *([declared.monitoring.table] if declared.monitoring.table else []),
        *map(declared.table_of, declared.features),
    ]

    @dg.multi_asset(
        name=f"{plan.name}_reference",
        outs={
            name: dg.AssetOut(
                key=plan.key("monitoring", name), metadata=plan.declared(declared.monitoring), tags=plan.tags(TRAINING)
            )
            for name in ("reference", "thresholds")
        },
        deps=[plan.key("models", "champion"), *(plan.dep(table, night=False) for table in dict.fromkeys(watched))],
    )
    def reference(lake: LakeResource, registry: ModelRegistry) -> Iterator[Any]:
        """Take the reference at the versions that the champion learned from, and calibrate the thresholds on it."""
        from lakehouse_assets.use_case.watching import watched

        made = watched.reference(plan, lake.lake(), registry)
        yield dg.Output(made.sample, "reference", metadata={"model_version": made.version})
        yield dg.Output(made.thresholds, "thresholds")

    return reference


def _drift(plan: Plan) -> dg.AssetsDefinition:
    declared, key = plan.declaration, plan.key("monitoring", "drift")
    days = declared.monitoring.window_days
    tables = [declared.monitoring.table or declared.table_of(declared.features[0])]
    tables += ["/".join(declared.key("delivery", table)) for table in ("predictions", "outcomes")]

    @dg.asset(
        key=key,
        ins={
            "reference": dg.AssetIn(key=plan.key("monitoring", "reference")),
            "thresholds": dg.AssetIn(key=plan.key("monitoring", "thresholds")),
        },
        deps=[plan.dep(table, days) for table in tables],
        metadata=BY_DAY,
        check_specs=[
            dg.AssetCheckSpec(
                NO_DRIFT,
                asset=key,
                description="No monitored column lies further from the reference than chance explains, and none is at "
                "fault (stuck, nulls, another unit).",
            )
        ],
        partitions_def=plan.days,
        backfill_policy=ONE_RUN,
        tags=plan.tags(REPORT),
    )
    def drift(
        context: dg.AssetExecutionContext, reference: Frame, thresholds: Frame, lake: LakeResource
    ) -> Iterator[Any]:
        """Make one report for each of the run's days."""
        from lakehouse_assets.use_case.watching import shown, watched

        store, days = lake.lake(), days_of(context)
        reports = watched.reports(plan, store, reference, thresholds, *days, context.log.info)
        before = shown.earlier(plan, store, days[0])
        yield dg.Output(shown.table_of(reports), metadata=shown.metadata_of(reports, before))
        yield dg.AssetCheckResult(
            passed=not shown.drifting(reports),
            check_name=NO_DRIFT,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"verdicts": shown.verdicts(reports)},
        )

    return drift


def _performance(plan: Plan) -> dg.AssetsDefinition:
    key, outcomes = plan.key("monitoring", "performance"), "/".join(plan.declaration.key("delivery", "outcomes"))

    @dg.asset(
        key=key,
        deps=[plan.dep(outcomes, plan.declaration.monitoring.window_days), plan.key("models", "evaluation")],
        metadata=BY_DAY,
        check_specs=[
            dg.AssetCheckSpec(
                AS_EXPECTED,
                asset=key,
                description=PROMISED,
            )
        ],
        partitions_def=plan.days,
        backfill_policy=ONE_RUN,
        tags=plan.tags(REPORT),
    )
    def performance(context: dg.AssetExecutionContext, lake: LakeResource, registry: ModelRegistry) -> Iterator[Any]:
        """Measure the predictions whose outcome became known, apart from those that were made in hindsight."""
        from lakehouse_assets.use_case.serving import realised

        found = realised.performance(plan, lake.lake(), registry, *days_of(context))
        yield dg.Output(found.rows, metadata=found.metadata)
        yield dg.AssetCheckResult(
            passed=found.as_expected,
            check_name=AS_EXPECTED,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{PROMISED} Found: {found.told}.",
            metadata={"verdict": found.words},
        )

    return performance
