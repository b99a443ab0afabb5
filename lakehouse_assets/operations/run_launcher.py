"""Dagster's own launcher of runs, with a word on whether a run's process lives.

A run is a process that the code server starts and watches. Where both die at once (the machine went down, `make ui` was
closed) nobody watches it any more, and Dagster's monitoring of runs has nothing to ask: the stock launcher cannot tell
(dagster 1.13, `run_monitoring.monitor_started_run`). The run stayed *started* for the twelve hours of
`max_runtime_seconds`, and later nights waited for it. Every run says the number of its process as its first event; on
the machine on which the daemon lives too, the system knows what became of it.

`dagster.yaml` names this class. With the servers of deploy/ a run lives in the code server's container, where the
daemon's system does not know it, so the stock launcher stays there; Kubernetes' own launcher can tell.
"""

from __future__ import annotations

import json
import os
import re
import time
from datetime import timedelta
from pathlib import Path

import dagster as dg
from dagster._core.launcher import DefaultRunLauncher
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

#: How long a process has to be gone: a code server that lives notices a death within seconds, and says more of it.
GONE_FOR = timedelta(minutes=1)
#: Where a run's process says its number.
_STARTED = re.compile(r"Started process for run \(pid: (\d+)\)")
_HERE = ("localhost", "127.0.0.1")
_PROCESSES = Path("/proc")


class WatchingRunLauncher(DefaultRunLauncher):
    """As Dagster's own; says of a run of this machine whose process is gone that it failed."""

    def __init__(self, inst_data: object = None) -> None:
        self._gone_since: dict[str, float] = {}
        super().__init__(inst_data)  # type: ignore[arg-type]

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Dagster's monitoring asks every `poll_interval_seconds`."""
        return _PROCESSES.is_dir()

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Failed only if its process is known and gone for a while; of what cannot be known, that it runs."""
        pid = self._pid_here(run)
        if pid is None or is_a_run(pid):
            self._gone_since.pop(run.run_id, None)
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        if time.monotonic() - self._gone_since.setdefault(run.run_id, time.monotonic()) < GONE_FOR.total_seconds():
            return CheckRunHealthResult(WorkerStatus.RUNNING, f"process {pid} is gone")
        del self._gone_since[run.run_id]
        return CheckRunHealthResult(WorkerStatus.FAILED, f"process {pid} of the run is gone, and so is who watched it")

    def _pid_here(self, run: dg.DagsterRun) -> int | None:
        """The number of the run's process; None where it is on another machine or was started from a shell."""
        server = json.loads(run.tags.get(GRPC_INFO_TAG, "{}"))
        if not server.get("socket") and server.get("host") not in _HERE:
            return None
        events = self._instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
        told = [found for one in events if (found := _STARTED.search(one.user_message or one.message or ""))]
        return int(told[-1].group(1)) if told else None


def is_a_run(pid: int) -> bool:
    """Whether a process lives that can be a run's: the code server starts them by Python's `spawn`.

    By what it is and not by when it began: a clock that jumps would let living ones seem to be others. A number that a
    run of later has got makes the dead one seem to live, until that ends.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's, of whom the system may hide what it is
    folder = _PROCESSES / str(pid)
    try:
        command, state = (folder / "cmdline").read_bytes(), (folder / "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z" and b"multiprocessing" in command
