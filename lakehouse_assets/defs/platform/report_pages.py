"""Old pages of reports, removed every night: their tables' contracts say for how long pages are kept."""

from pathlib import Path

import dagster as dg
from pydantic import Field

from lakehouse_assets import settings
from lakehouse_assets.contracts.catalogue import catalogue
from lakehouse_assets.sources.daily import CADENCE, CLOSING

REPORT_PAGES = ["monitoring", "platform", "report_pages"]


class PagesConfig(dg.Config):
    """Whether pages go."""

    dry_run: bool = Field(default=False, description="Only tell what would be removed.")


@dg.asset(
    key=REPORT_PAGES,
    deps=[dg.AssetKey(list(key)) for key, one in catalogue(Path(__file__).parents[1]).items() if one.retention_days],
    owners=["team:platform"],
    kinds={"python"},
    tags={CADENCE: CLOSING},
    description="The HTML pages of reports. Those older than the contract of their table says are removed; the figures "
    "of every day stay in the table, and so do the newest page and the one that the asset's page shows.",
)
def report_pages(context: dg.AssetExecutionContext, config: PagesConfig) -> dg.MaterializeResult[None]:
    """Remove the pages that are older than promised."""
    from lakehouse_assets.definitions import defs
    from lakehouse_assets.operations.tables.report_pages import remove_old_pages

    specs = defs.resolve_all_asset_specs()
    old = remove_old_pages(specs, context.instance, settings.reports_root(), config.dry_run, context.log.info)
    return dg.MaterializeResult(metadata={"pages": len(old.pages), "bytes": old.bytes, "dry_run": config.dry_run})
