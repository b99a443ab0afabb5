"""What all tables with daily partitions share: how a range of days runs, how they are written, and their night."""

from datetime import date
from typing import Any

import dagster as dg

#: All days of a backfill in one run, written as one commit a table.
ONE_RUN = dg.BackfillPolicy.single_run()

#: How a daily table is written: the column that holds its partition.
BY_DAY = {"partition_expr": "day"}

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
