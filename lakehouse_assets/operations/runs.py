"""Running a job of the code location in this process, as a run that the UI shows, with progress in words."""

from datetime import date
from typing import Any

import dagster as dg

#: The console logger prints every event; `progress` says what a person wants to know.
FOLLOWED: dict[str, Any] = {"loggers": {"progress": {"config": {}}}}


class RunFailedError(RuntimeError):
    """A job's run that ended badly."""


def run_job(defs: dg.Definitions, instance: dg.DagsterInstance, job: str, days: tuple[date, date] | None) -> str:
    """Run a job for a range of days, both included, or without partitions.

    Args:
        defs: The code location.
        instance: Where the run is recorded.
        job: The job's name.
        days: First and last day.

    Returns:
        The run's id.

    Raises:
        RunFailedError: a step failed; names run, steps and causes.
    """
    tags = {}
    if days is not None:
        first, last = days
        tags["dagster/asset_partition_range_start"] = first.isoformat()
        tags["dagster/asset_partition_range_end"] = last.isoformat()
    result = defs.resolve_job_def(job).execute_in_process(
        instance=instance, tags=tags, run_config=FOLLOWED, raise_on_error=False
    )
    if not result.success:
        causes = [f"{e.step_key}: {_cause(e.step_failure_data.error)}" for e in result.all_events if e.is_step_failure]
        raise RunFailedError(
            f"run {result.run_id} of {job} failed.\n" + "\n".join(causes) + "\n`make ui` shows its log."
        )
    return result.run_id


def _cause(error: Any) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else "no reason recorded"
