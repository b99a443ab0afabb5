"""A pool whose holder was killed is free again by the project's own settings: else all that needs it waits for ever."""

import datetime
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster._core.test_utils import freeze_time
from dagster._daemon.monitoring.concurrency import execute_concurrency_slots_iteration
from dagster._time import get_current_datetime

from lakehouse_assets.operations.embedded import prepare_dagster_home

POOL = "lake_versions"
CODE = f"""
import sys, time
from pathlib import Path
import dagster as dg

@dg.op(pool="{POOL}")
def keeps():
    Path(sys.argv[1]).touch()
    time.sleep(600)

@dg.job(executor_def=dg.in_process_executor)
def day(): keeps()

if __name__ == "__main__":
    with dg.DagsterInstance.get() as instance:
        dg.execute_job(dg.reconstructable(day), instance=instance)
"""


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    prepare_dagster_home(tmp_path)
    with dg.DagsterInstance.get() as one:
        yield one


def held_after(instance: dg.DagsterInstance, since: datetime.datetime, seconds: float) -> int:
    """How many places of the pool are taken once the daemon has looked, so many seconds later."""
    daemon: Any = SimpleNamespace(instance=instance)
    with freeze_time(since + datetime.timedelta(seconds=seconds)):
        list(execute_concurrency_slots_iteration(daemon, logging.getLogger("daemon")))
    taken = instance.event_log_storage.get_concurrency_info(POOL).claimed_slots
    return len(taken)


@pytest.mark.slow
def test_a_pool_is_free_a_minute_after_the_run_of_a_killed_step_has_ended(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    (tmp_path / "held.py").write_text(CODE, encoding="utf-8")
    began = tmp_path / "began"
    step = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(tmp_path / "held.py"), str(began)], stderr=subprocess.DEVNULL
    )
    while not began.exists():
        assert step.poll() is None
        time.sleep(0.1)
    os.kill(step.pid, signal.SIGKILL)
    step.wait()
    assert held_after(instance, get_current_datetime(), 600) == 1, "its run counts as under way"
    (run,) = instance.get_runs()
    instance.report_run_failed(run, "its process is gone")
    (record,) = instance.get_run_records()
    assert record.end_time is not None
    ended = datetime.datetime.fromtimestamp(record.end_time, datetime.UTC)
    assert held_after(instance, ended, 10) == 1
    assert held_after(instance, ended, 70) == 0
