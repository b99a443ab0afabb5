"""Later days after a night that failed and was made again."""

import dagster as dg

from lakehouse_assets.defs.platform.nights import late_run, night_parts, nightly, nightly_late_files


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="after_a_night_that_was_made_again",
    monitored_jobs=[nightly, nightly_late_files],
    request_job=nightly_late_files,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="After a night that failed and was made again from its failure: makes the later days again that look "
    "back on what it lacked and were made without it, in order.",
)
def after_a_night_that_was_made_again(
    context: dg.RunStatusSensorContext,
) -> list[dg.RunRequest] | dg.SkipReason:
    """Ask for the later days of each of its domains."""
    from datetime import UTC, date, datetime

    from lakehouse_assets.operations.nights import asked
    from lakehouse_assets.operations.nights.looking import AskedFor
    from lakehouse_assets.operations.nights.made_again import MadeAgain

    run, repository, day = context.dagster_run, context.repository_def, asked.day_of(context.dagster_run)
    if repository is None or day is None:
        return dg.SkipReason(f"run {run.run_id} says no day")
    parts = night_parts(repository)
    again = MadeAgain(context.instance, repository.asset_graph, parts, run)
    if not again.is_another_try:
        return dg.SkipReason(f"run {run.run_id} was its day's first try")
    last = asked.last_night(context.instance, datetime.now(UTC).date()) or day
    found: dict[date, AskedFor] = {}
    for domain in (one for one in parts.by_domain if f"{asked.DOMAIN_PREFIX}{one}" in run.tags):
        for one in again.later_days(domain, day, last):
            asked_for = found.setdefault(one, AskedFor())
            # The folder is not looked into: a tick of this sensor that fails is not made up for, and files that have
            # changed since are seen by `late_files`.
            taken = asked.newest_taking(context.instance, domain, one)
            asked_for.marks[domain] = taken.tags[f"{asked.DOMAIN_PREFIX}{domain}"] if taken else asked.SIMULATED
            asked_for.rests_on[domain] = run.run_id
    return [late_run(one, found[one], parts) for one in sorted(found)]
