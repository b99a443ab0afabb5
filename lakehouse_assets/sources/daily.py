"""What all tables with daily partitions share: how a range of days runs, how they are written, and their night."""

from datetime import date

import dagster as dg

#: All days of a backfill in one run, written as one commit a table.
ONE_RUN = dg.BackfillPolicy.single_run()

#: How a daily table is written: the column that holds its partition.
BY_DAY = {"partition_expr": "day"}

#: Tag that says when an asset is made: every night, as a report of every night (never for many days at once), by a
#: training, by a search for settings that somebody starts, at the end of every night, or once a week. An asset without
#: it is made every night.
CADENCE, NIGHT, REPORT, TRAINING, SEARCH = "cadence", "night", "report", "training", "search"
CLOSING, WEEK = "closing", "week"

#: Tag of every run that makes days of a domain: of those that have it one runs at a time (dagster.yaml). Its value is
#: the day whose night it is, or `BY_HAND`.
NIGHT_TAG, BY_HAND = "night", "by hand"

#: Answers for what the plants' source systems deliver.
PLANT_DATA = "team:plant-data"


def days_of(context: dg.AssetExecutionContext) -> tuple[date, date]:
    """First and last day of the run, both included."""
    span = context.partition_key_range
    return date.fromisoformat(span.start), date.fromisoformat(span.end)


def domain_jobs(domain: str) -> dg.Definitions:
    """A domain's road (a range of days with training, in one run) and its night alone (one day, nothing trained).

    What belongs to a domain says so by its tag, use cases too: one that is added is part of the next night.
    """
    own = dg.AssetSelection.tag("domain", domain) - dg.AssetSelection.tag(CADENCE, SEARCH)
    night = dg.define_asset_job(
        f"{domain}_nightly",
        selection=own - dg.AssetSelection.tag(CADENCE, TRAINING),
        run_tags={NIGHT_TAG: BY_HAND},
        description=f"One day of {domain} alone: files to zones, features, predictions, outcomes, drift, performance.",
    )
    road = dg.define_asset_job(
        f"{domain}_road",
        selection=own - dg.AssetSelection.tag(CADENCE, REPORT),
        run_tags={NIGHT_TAG: BY_HAND},
        description=f"The whole road of {domain} for a range of days in one run: files to zones, features, models, "
        "predictions.",
    )
    return dg.Definitions(jobs=[road, night])
