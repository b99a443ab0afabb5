"""What all tables with daily partitions share: how a range of days runs, how they are written, and their night."""

from datetime import date
from typing import Any

import dagster as dg

#: All days of a backfill in one run, written as one commit a table.
ONE_RUN = dg.BackfillPolicy.single_run()

#: How a daily table is written: the column that holds its partition.
BY_DAY = {"partition_expr": "day"}

#: Tag that says when an asset is made: every night, as a report of every night (never for many days at once), by a
#: training, or by a search for settings that somebody starts. An asset without it is made every night.
CADENCE, NIGHT, REPORT, TRAINING, SEARCH = "cadence", "night", "report", "training", "search"

#: Answers for what the plants' source systems deliver.
PLANT_DATA = "team:plant-data"


def days_of(context: dg.AssetExecutionContext) -> tuple[date, date]:
    """First and last day of the run, both included."""
    span = context.partition_key_range
    return date.fromisoformat(span.start), date.fromisoformat(span.end)


def nightly(job: Any) -> Any:
    """The schedule of a job's nights, `<job>_schedule`: at 02:00 UTC, the day before."""
    return dg.build_schedule_from_partitioned_job(
        job, name=f"{job.name}_schedule", hour_of_day=2, description="Every night at 02:00 UTC: the day before."
    )


def domain_jobs(domain: str) -> dg.Definitions:
    """A domain's road (a range of days with training, in one run) and its night (one day, nothing trained).

    What belongs to a domain says so by its tag, use cases too: one that is added is part of the next night.
    """
    own = dg.AssetSelection.tag("domain", domain) - dg.AssetSelection.tag(CADENCE, SEARCH)
    night = dg.define_asset_job(
        f"{domain}_nightly",
        selection=own - dg.AssetSelection.tag(CADENCE, TRAINING),
        description=f"One day of {domain}: files to zones, features, predictions, outcomes, drift, performance.",
    )
    road = dg.define_asset_job(
        f"{domain}_road",
        selection=own - dg.AssetSelection.tag(CADENCE, REPORT),
        description=f"The whole road of {domain} for a range of days in one run: files to zones, features, models, "
        "predictions.",
    )
    return dg.Definitions(jobs=[road, night], schedules=[nightly(night)])
