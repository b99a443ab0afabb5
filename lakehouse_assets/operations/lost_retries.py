"""Runs that died, were to be started again, and were not.

Dagster's daemon starts a dead run again when it meets its failure in the event log, once. The failure is there a moment
before the run's status and tags say so (dagster 1.13, `EventMethods.handle_new_event`); a daemon that looks in between
passes it by, and the run says for ever that it will be started again. Nobody is told of it, since it is not over. Found
by the chaos tests: one death of some forty, on a busy machine.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import dagster as dg
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG, PARENT_RUN_ID_TAG, WILL_RETRY_TAG

#: Tag of a run whose failure was reported once more.
REPORTED = "lost_retry"
#: The daemon looks every five seconds.
LOST_AFTER = timedelta(minutes=1)
#: Older ones were lost by an instance that had no such look, and are made up for by people.
AT_MOST = timedelta(days=1)


def lost_retries(instance: dg.DagsterInstance, now: datetime) -> list[dg.DagsterRun]:
    """The runs that wait in vain, the newest first; none where runs are not started again.

    Args:
        instance: Where the runs are.
        now: When this is, in UTC.
    """
    if not instance.run_retries_enabled:
        return []
    wanted = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE], tags={WILL_RETRY_TAG: "true"}, updated_after=now - AT_MOST
    )
    records = instance.get_run_records(wanted)
    late = [one.dagster_run for one in records if (one.end_time or 0) < (now - LOST_AFTER).timestamp()]
    return [run for run in late if AUTO_RETRY_RUN_ID_TAG not in run.tags and not _was_followed(instance, run)]


def report_again(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Report a failure once more; where that did not help before, or cannot, it is told to people instead.

    Args:
        instance: Where the runs are.
        run: One of `lost_retries`. A run that was started from a shell has no origin that the daemon could start it by.
    """
    hopeless = REPORTED in run.tags or run.remote_job_origin is None
    instance.add_run_tags(run.run_id, {REPORTED: "true"})
    instance.report_run_failed(run, f"The run died and was {'not started again' if hopeless else 'passed by'}.")
    if hopeless:
        instance.add_run_tags(run.run_id, {WILL_RETRY_TAG: "false"})


def _was_followed(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    return bool(instance.get_runs(dg.RunsFilter(tags={PARENT_RUN_ID_TAG: run.run_id}), limit=1))
