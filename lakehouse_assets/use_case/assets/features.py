"""Feature views that a use case makes itself, and their statistics."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from lakehouse_assets.lake.lazy_types import Table
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.sources.daily import BY_DAY, NIGHT, ONE_RUN, days_of
from lakehouse_assets.use_case.declaring.declared_table import View
from lakehouse_assets.use_case.plan import Plan


def feature_assets(plan: Plan) -> Iterator[dg.AssetsDefinition]:
    """One asset for each feature view with a function, and the statistics of all."""
    for view in plan.declaration.features:
        if view.function is not None:
            yield _view(plan, view)
    yield _statistics(plan)


def _view(plan: Plan, view: View) -> dg.AssetsDefinition:
    key, reference = plan.key("delivery", view.name), view.function or ""

    @dg.asset(
        key=key,
        deps=[plan.dep(one.table, one.days) for one in view.inputs.values()],
        metadata={**BY_DAY, **plan.declared(view)},
        partitions_def=plan.days,
        backfill_policy=ONE_RUN,
        tags=plan.tags(NIGHT),
    )
    def features(context: dg.AssetExecutionContext, lake: LakeResource) -> Table:
        """Compute the features of the run's days from those days and the history before them."""
        from lakehouse_assets.contracts.conform import to_arrow
        from lakehouse_assets.use_case.feature_rows import feature_rows

        first, last = days_of(context)
        made = feature_rows(view, plan.source(lake.lake()), first, last, plan.function(reference))
        rows = made if "feature_version" in made else made.assign(feature_version=plan.feature_version(view))
        return to_arrow(rows, plan.contract("delivery", view.name))

    return features


def _statistics(plan: Plan) -> dg.AssetsDefinition:
    tables = [plan.declaration.table_of(view) for view in plan.declaration.features]

    @dg.asset(
        key=plan.key("monitoring", "feature_statistics"),
        deps=[plan.dep(table) for table in tables],
        metadata=BY_DAY,
        partitions_def=plan.days,
        backfill_policy=ONE_RUN,
        tags=plan.tags(NIGHT),
    )
    def feature_statistics(context: dg.AssetExecutionContext, lake: LakeResource) -> Any:
        """Count and summarise every feature of the run's days."""
        import pandas as pd

        from lakehouse_assets.contracts.conform import to_arrow
        from lakehouse_assets.lake.reading.read import to_pandas
        from lakehouse_assets.monitoring.feature_statistics import feature_statistics as summarised
        from lakehouse_assets.use_case.observations import Days

        source, days = plan.source(lake.lake()), Days(*days_of(context))
        found = [
            summarised(to_pandas(source.read(table, days, ["day", *plan.features_of(view)])), plan.features_of(view))
            for table, view in zip(tables, plan.declaration.features, strict=True)
        ]
        return to_arrow(pd.concat(found, ignore_index=True), plan.contract("monitoring", "feature_statistics"))

    return feature_statistics
