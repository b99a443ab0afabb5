"""How the platform is, as an asset with its page. It is made in a second, and may be made at any time."""

import dagster as dg

from lakehouse_assets.defs.platform.maintenance import COMPACTION
from lakehouse_assets.defs.platform.report_pages import REPORT_PAGES
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.sources.daily import CADENCE, CLOSING
from lakehouse_assets.sources.resource import LandingZone

HEALTH = ["monitoring", "platform", "health"]


@dg.asset(
    key=HEALTH,
    deps=[COMPACTION, REPORT_PAGES],
    tags={CADENCE: CLOSING},
    owners=["team:platform"],
    kinds={"python"},
    description=(
        "Every use case and domain by zone: what is fresh, late, failing, quarantined, drifting, which champion serves "
        "since when and how good it is, and whether nights begin; for each problem the asset, since when, how many "
        "rows, whose it is and its runbook. The link in the metadata opens the page; `make health` prints the same."
    ),
)
def health(context: dg.AssetExecutionContext, lake: LakeResource, landing: LandingZone) -> dg.MaterializeResult[None]:
    """Look at the records, and write the page."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from lakehouse_assets import settings
    from lakehouse_assets.definitions import defs
    from lakehouse_assets.operations.alerts.messages import Places
    from lakehouse_assets.operations.health import model
    from lakehouse_assets.operations.health.gathering import gather
    from lakehouse_assets.operations.health.nights import night_facts
    from lakehouse_assets.operations.health.reports import write_reports
    from lakehouse_assets.operations.health.text import as_text, verdict
    from lakehouse_assets.operations.ticks import watched

    assets, now, zone = defs.resolve_asset_graph(), datetime.now(UTC), ZoneInfo(settings.plant_timezone())
    nights = night_facts(context.instance, assets, landing, zone, now, watched(defs.get_repository_def()))
    found = model.health(gather(context.instance, lake.lake(), assets, now, nights))
    write_reports(found, Places(settings.ui_url(), settings.runbooks_url()), settings.reports_root())
    return dg.MaterializeResult(
        metadata={
            "verdict": verdict(found),
            "problems": len(found.problems),
            "page": dg.MetadataValue.url(f"{settings.reports_url()}/health/"),
            "in_words": dg.MetadataValue.md(f"```\n{as_text(found)}\n```"),
        }
    )


platform_health = dg.define_asset_job(
    "platform_health", selection=[dg.AssetKey(HEALTH)], description="The page of health, from the records as they are."
)
platform_health_hourly = dg.ScheduleDefinition(
    name="platform_health_hourly",
    job=platform_health,
    cron_schedule="15 * * * *",
    description="Every hour, so that the page is there before somebody is woken.",
)
