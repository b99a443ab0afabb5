"""Every day: predictions by the champion, by the challenger in its shadow, and what came of them."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from lakehouse_assets.lake.lazy_types import Table
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.sources.daily import BY_DAY, NIGHT, ONE_RUN, days_of
from lakehouse_assets.use_case.plan import Plan


def serving_assets(plan: Plan) -> list[dg.AssetsDefinition]:
    """Predictions with their shadow, and outcomes."""
    return [_predictions(plan), _outcomes(plan)]


def _predictions(plan: Plan) -> dg.AssetsDefinition:
    declared = plan.declaration
    asked = plan.declared(declared.observations, declared.features, declared.predicted_at, declared.prediction)
    read = [*declared.observations.inputs.values(), *(declared.table_of(view) for view in declared.features)]

    @dg.multi_asset(
        name=f"{plan.name}_predictions",
        outs={
            name: dg.AssetOut(
                key=plan.key("delivery", name),
                metadata={**BY_DAY, **asked},
                tags=plan.tags(NIGHT),
                is_required=False,
            )
            for name in ("predictions", "shadow_predictions")
        },
        deps=[*(plan.dep(table) for table in dict.fromkeys(read)), plan.key("models", "champion")],
        partitions_def=plan.days,
        backfill_policy=ONE_RUN,
    )
    def predictions(context: dg.AssetExecutionContext, lake: LakeResource, registry: ModelRegistry) -> Iterator[Any]:
        """Predict with the champion; the newest candidate predicts beside it and nobody acts on that.

        Where nothing serves yet, it is left out with all that rests on it, and the rest of the domain's night goes on.
        """
        from lakehouse_assets.use_case.observations import Days
        from lakehouse_assets.use_case.serving.scored import scoring_rows
        from lakehouse_assets.use_case.serving.shadow import by_challenger, by_champion, nobody_serves

        if registry.champion(plan.name) is None:
            context.log.warning(nobody_serves(plan.name))
            return
        rows = scoring_rows(declared, plan.folder, plan.source(lake.lake()), plan.views, Days(*days_of(context)))
        for name, predict in (("predictions", by_champion), ("shadow_predictions", by_challenger)):
            made = predict(declared, rows, registry)
            context.log.info(f"{name}: {made.words}")
            yield dg.Output(made.table(plan.contract("delivery", name)), name, metadata=made.metadata)

    return predictions


def _outcomes(plan: Plan) -> dg.AssetsDefinition:
    declared = plan.declaration
    made = "/".join(declared.key("delivery", "predictions"))

    @dg.asset(
        key=plan.key("delivery", "outcomes"),
        deps=[
            *(plan.dep(table) for table in declared.labels.inputs.values()),
            plan.dep(made, declared.labels.lookback_days + 1),
        ],
        metadata={**BY_DAY, **plan.declared(declared.labels)},
        partitions_def=plan.days,
        backfill_policy=ONE_RUN,
        tags=plan.tags(NIGHT),
    )
    def outcomes(context: dg.AssetExecutionContext, lake: LakeResource) -> Table:
        """Join what became known on the run's days to the predictions made before."""
        from lakehouse_assets.contracts.conform import to_arrow
        from lakehouse_assets.use_case.observations import Days
        from lakehouse_assets.use_case.serving import scored

        source, days = plan.source(lake.lake()), Days(*days_of(context))
        rows = scored.outcomes(declared, plan.folder, source, made, days)
        context.add_output_metadata({"outcomes": len(rows), "days_looked_back": declared.labels.lookback_days})
        return to_arrow(rows, plan.contract("delivery", "outcomes"))

    return outcomes
