"""Running a job of the code location in this process, as a run that the UI shows, with progress in words."""

import threading
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import dagster as dg

Tell = Callable[[str], None]

#: Console loggers would print every event; the progress below says what a person wants to know.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class RunFailedError(RuntimeError):
    """A job's run that ended badly."""


def run_job(
    defs: dg.Definitions, instance: dg.DagsterInstance, job: str, days: tuple[date, date] | None, tell: Tell
) -> str:
    """Run a job for a range of days, both included, or without partitions.

    Args:
        defs: The code location.
        instance: Where the run is recorded.
        job: The job's name.
        days: First and last day.
        tell: Is told each step's end and each message of an asset while the run goes on.

    Returns:
        The run's id.

    Raises:
        RunFailedError: a step failed; names run, steps and causes.
    """
    tags = {}
    if days is not None:
        tags = {
            f"dagster/asset_partition_range_{end}": day.isoformat()
            for end, day in zip(("start", "end"), days, strict=True)
        }
    run_id = dg.DagsterRun(job_name=job).run_id
    follower = _Follower(instance, run_id, tell)
    with follower:
        result = defs.resolve_job_def(job).execute_in_process(
            instance=instance, run_id=run_id, tags=tags, run_config=QUIET, raise_on_error=False
        )
    if not result.success:
        causes = [f"{e.step_key}: {_cause(e.step_failure_data.error)}" for e in result.all_events if e.is_step_failure]
        raise RunFailedError(f"run {run_id} of {job} failed.\n" + "\n".join(causes) + "\n`make ui` shows its log.")
    return run_id


def _cause(error: Any) -> str:
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else "no reason recorded"


class _Follower:
    """Reads a run's events while it goes on, twice a second, and tells what a person wants to know."""

    def __init__(self, instance: dg.DagsterInstance, run_id: str, tell: Tell) -> None:
        self._instance, self._run_id, self._tell = instance, run_id, tell
        self._cursor: str | None = None
        self._started: dict[str, float] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._read()

    def _follow(self) -> None:
        while not self._done.wait(0.5):
            self._read()

    def _read(self) -> None:
        while True:
            page = self._instance.get_records_for_run(self._run_id, cursor=self._cursor, limit=500)
            for record in page.records:
                self._show(record.event_log_entry)
            self._cursor = page.cursor
            if not page.has_more:
                return

    def _show(self, entry: dg.EventLogEntry) -> None:
        step = entry.step_key or ""
        if entry.dagster_event is None:
            if entry.level >= 20:
                self._tell(f"  {step}: {entry.user_message}")
        elif entry.dagster_event.is_step_start:
            self._started[step] = entry.timestamp
        elif entry.dagster_event.is_step_success:
            self._tell(f"{step} done in {entry.timestamp - self._started.get(step, time.time()):.1f} s")
        elif entry.dagster_event.is_step_failure:
            self._tell(f"{step} FAILED")
