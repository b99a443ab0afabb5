"""The job that erases a person (docs/personal_data.md). It is started by hand, in the UI's launchpad."""

from collections.abc import Iterable
from typing import Any

import dagster as dg
from pydantic import Field

from lakehouse_assets import settings
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.storage import is_local
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.sources.resource import LandingZone


class ErasePerson(dg.Config):
    """Who is to be erased, and who wants it and why."""

    badge: str = Field(
        description=(
            "The person's pseudonym (best: `python -m lakehouse_assets.operations.pseudonym` asks for the badge and "
            "prints it), or the badge itself, which the job then replaces in what Dagster keeps of this run."
        )
    )
    reason: str = Field(description="Why, for the audit table, such as the number of the person's request.")
    requested_by: str = Field(description="Who asks for it, for the audit table.")
    dry_run: bool = Field(default=True, description="Change nothing and say what would be done.")
    in_flight_minutes: int = Field(
        default=60,
        ge=0,
        description="A file of no table version that is younger may belong to a running writer, and is left for later.",
    )


@dg.op(
    description="Take a person out of every table, its past versions, and the landing folder.",
    out=dg.Out(dg.Nothing),
    pool="erasure",
)
def erase_everywhere(
    context: dg.OpExecutionContext,
    config: ErasePerson,
    lake: LakeResource,
    landing: LandingZone,
    registry: ModelRegistry,
) -> None:
    """Erase, tell what was done, and note it on the assets that changed."""
    from datetime import timedelta
    from pathlib import Path

    from lakehouse_assets.contracts.personal.pseudonyms import pseudonyms_of_environment
    from lakehouse_assets.definitions import defs
    from lakehouse_assets.defs.platform.sql_views import make_views
    from lakehouse_assets.operations.erasure.contracts import personal_tables
    from lakehouse_assets.operations.erasure.erase import Place, Request, erase
    from lakehouse_assets.operations.erasure.run_config import replace_in_run_config

    keys = pseudonyms_of_environment()
    replace_in_run_config(context.instance, context.run_id, config.badge, keys.of(config.badge))
    contracts = personal_tables(defs.resolve_all_asset_specs())
    outside = (registry.artifact_root, str(settings.reports_root()))
    place = Place(lake.lake(), contracts, Path(landing.root), registry.pins, outside)
    request = Request(config.badge, config.requested_by, config.reason, timedelta(minutes=config.in_flight_minutes))
    try:
        report = erase(place, request, keys, dry_run=config.dry_run, run_id=context.run_id)
    finally:
        if not config.dry_run and is_local(lake.lake_uri):
            make_views(lake.lake_uri)  # those that were there may name files that are gone
    context.add_output_metadata(_told(report))
    for table, done in report.tables.items() if not report.dry_run else ():
        context.log_event(dg.AssetObservation(dg.AssetKey(table.split("/")), metadata={"erased": dict(done)}))


@dg.job(
    name="erase_person",
    description="Erase a person from every table, past versions included. Begins as a dry run, which changes nothing.",
)
def erase_person() -> None:
    """One step."""
    erase_everywhere()


def _told(report: Any) -> dict[str, Any]:
    """What the run's page shows. The badge is nowhere in it."""
    lines = [f"- `{table}`: {dict(done)}" for table, done in report.tables.items()]
    return {
        "person": report.subject,
        "dry_run": report.dry_run,
        "tables": dg.MetadataValue.md("\n".join(lines) or "in no table"),
        "landing_files": _list(report.landing_files),
        "landing_files_that_cannot_be_searched": _list(report.unsearched),
        "artifacts_that_mention_the_person": _list(report.artifacts),
        "models_that_cannot_be_trained_again": _list(report.models),
        "sandboxes_that_lose_a_table": _list(report.sandboxes),
    }


def _list(names: Iterable[str]) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md("\n".join(f"- {name}" for name in names) or "none")
