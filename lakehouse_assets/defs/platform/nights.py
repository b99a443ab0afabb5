"""The night of all domains: its job, its schedule in the plant's time zone, late files, and what a broken one left."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets import settings
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.operations.nights.calendar import HOUR
from lakehouse_assets.operations.nights.job import NightJob
from lakehouse_assets.sources.daily import BY_HAND, CADENCE, NIGHT_TAG, SEARCH, TRAINING, WEEK
from lakehouse_assets.sources.resource import LandingZone

if TYPE_CHECKING:
    from lakehouse_assets.operations.nights.landed import Landed
    from lakehouse_assets.operations.nights.looking import AskedFor
    from lakehouse_assets.operations.nights.parts import Parts

#: What is not made otherwise is made every night.
EVERY_NIGHT = dg.AssetSelection.all() - (
    dg.AssetSelection.tag(CADENCE, TRAINING)
    | dg.AssetSelection.tag(CADENCE, SEARCH)
    | dg.AssetSelection.tag(CADENCE, WEEK)
)
BY_THEMSELVES = {NIGHT_TAG: BY_HAND}

nightly = NightJob(
    "nightly",
    selection=EVERY_NIGHT,
    run_tags=BY_THEMSELVES,
    description="One day of all domains: files to zones, features, predictions, outcomes, drift and performance; what "
    "all share; compaction; the page of health.",
)
#: Jobs of their own, since a run that succeeds ends the incident of its job and day: these make less than the night.
nightly_late_files = NightJob(
    "nightly_late_files",
    selection=EVERY_NIGHT,
    run_tags=BY_THEMSELVES,
    description="One day of the domains whose files came after their night, or came again, and what all share.",
)
nightly_closing = NightJob(
    "nightly_closing",
    selection=EVERY_NIGHT,
    run_tags=BY_THEMSELVES,
    description="What a night left out because something before it failed or had nothing to give: what all share, "
    "compaction, the page of health.",
)


@dg.definitions
def nights() -> dg.Definitions:
    """The jobs, the schedule (off until somebody turns it on) and the sensors (which wait for the first night)."""
    return dg.Definitions(
        jobs=[nightly, nightly_late_files, nightly_closing],
        schedules=[_schedule(settings.plant_timezone())],
        sensors=[late_files, *_after_a_night()],
    )


def _schedule(timezone: str) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="nightly_schedule",
        job=nightly,
        cron_schedule=f"0 {HOUR} * * *",
        execution_timezone=timezone,
        description=f"Every night at 0{HOUR}:00 of the plant's time ({timezone}): the day before, and every night that "
        "was missed since the last, in order. A domain whose file is late is left out.",
    )
    def nightly_schedule(context: dg.ScheduleEvaluationContext, landing: LandingZone) -> Any:
        """Ask for all nights that are due and were not asked for."""
        from zoneinfo import ZoneInfo

        from lakehouse_assets.operations.nights import asked
        from lakehouse_assets.operations.nights.awaited import awaited, require_folders
        from lakehouse_assets.operations.nights.calendar import night_at, nights_due
        from lakehouse_assets.operations.nights.looking import landed_in

        due = night_at(context.scheduled_execution_time, ZoneInfo(timezone))
        nights = nights_due(asked.last_night(context.instance, due), due)
        wanted = [day for day in nights if not asked.is_asked_for(context.instance, day)]
        if not wanted:
            return dg.SkipReason(f"the night of {due} was asked for already")
        parts = night_parts(context.repository_def)
        require_folders(landing, parts.by_domain)
        folders = {domain: landed_in(landing, domain, context.log.warning) for domain in parts.by_domain}
        waited_for = awaited(context.instance, context.repository_def.asset_graph, landing)
        return [_whole(day, parts, folders, waited_for, context) for day in wanted]

    return nightly_schedule


def _whole(
    day: date,
    parts: "Parts",
    folders: "Mapping[str, Landed | None]",
    waited_for: Collection[str],
    context: dg.ScheduleEvaluationContext,
) -> dg.RunRequest:
    """The night of a day, without the domains whose file is late; None stands for a folder that is simulated."""
    from lakehouse_assets.operations.nights import asked

    marks, late = {}, []
    for domain in parts.of_day(day):
        landed = folders[domain]
        if landed is not None and landed.is_late(day):
            context.log.warning(f"{day}: no file of {domain} is there; its night waits for one, the others go on")
            late += [domain] if domain in waited_for else []
        else:
            marks[domain] = asked.SIMULATED if landed is None else landed.day_mark(day)
    return dg.RunRequest(
        run_key=f"night {day}",
        tags=asked.tags_of(day, asked.WHOLE, marks, late),
        asset_selection=parts.selection(marks, day),
    )


def night_parts(repository: dg.RepositoryDefinition) -> "Parts":
    """What the night makes, by domain."""
    from lakehouse_assets.operations.nights.parts import parts_of

    keys = set(repository.get_job(nightly.name).asset_layer.executable_asset_keys)
    return parts_of(repository.asset_graph, keys)


@dg.sensor(
    name="late_files",
    job=nightly_late_files,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Makes the days anew whose files came after their night, or came again with another content, and the "
    "later days whose features or labels look back on them. Rests while LANDING is unset and before the first night.",
)
def late_files(
    context: dg.SensorEvaluationContext, landing: LandingZone, lake: LakeResource
) -> dg.SensorResult | dg.SkipReason:
    """Look into folders that changed, and into all after a night, and ask for the days that new files name or reach."""
    from datetime import UTC, datetime

    from lakehouse_assets.operations.nights import asked
    from lakehouse_assets.operations.nights.looking import Look
    from lakehouse_assets.operations.nights.seen import Seen

    first = None if landing.simulated else asked.first_night(context.instance)
    if first is None or context.repository_def is None:
        return dg.SkipReason("LANDING is unset" if landing.simulated else "no night was asked for yet")
    parts, seen = night_parts(context.repository_def), Seen.read(context.cursor)
    now = datetime.now(UTC)
    last = asked.last_night(context.instance, now.date()) or first
    days = Look(context, lake.lake(), parts, first, last, now).days(landing, seen)
    requests = [late_run(day, asked_for, parts) for day, asked_for in days.items()]
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else dg.SkipReason("no file came late"),
        cursor=seen.written(),
    )


def late_run(day: date, asked_for: "AskedFor", parts: "Parts") -> dg.RunRequest:
    """A run of `nightly_late_files` for a day."""
    from lakehouse_assets.operations.nights import asked

    told = " ".join(f"{domain}:{mark}" for domain, mark in sorted(asked_for.rests_on.items()))
    return dg.RunRequest(
        run_key=f"late {day} {told}",
        tags=asked.tags_of(day, asked.LATE, asked_for.marks),
        asset_selection=parts.selection(asked_for.marks, day),
    )


def _after_a_night() -> list[dg.SensorDefinition]:
    """A sensor for each way in which a night ends."""
    ends = {
        "succeeded": dg.DagsterRunStatus.SUCCESS,
        "failed": dg.DagsterRunStatus.FAILURE,
        "was_cancelled": dg.DagsterRunStatus.CANCELED,
    }
    return [_closing(name, status) for name, status in ends.items()]


def _closing(name: str, status: dg.DagsterRunStatus) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        run_status=status,
        name=f"after_a_night_that_{name}",
        monitored_jobs=[nightly, nightly_late_files],
        request_job=nightly_closing,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"After a night that {name.replace('_', ' ')}: makes what all share, compaction and the page of "
        "health where the night left them out.",
    )
    def closing(context: dg.RunStatusSensorContext) -> dg.RunRequest | dg.SkipReason:
        """Ask for what was planned, belongs to no domain, and was not made."""
        from lakehouse_assets.operations.nights import asked
        from lakehouse_assets.operations.nights.left_out import left_out

        run, day = context.dagster_run, asked.day_of(context.dagster_run)
        repository = context.repository_def
        if repository is None or day is None:
            return dg.SkipReason(f"run {run.run_id} says no day")
        left = left_out(context.instance, run, night_parts(repository).shared)
        if not left:
            return dg.SkipReason(f"run {run.run_id} made all or is tried again")
        tags = asked.tags_of(day, asked.CLOSING, {})
        return dg.RunRequest(run_key=f"closing {run.run_id}", tags=tags, asset_selection=left)

    return closing
