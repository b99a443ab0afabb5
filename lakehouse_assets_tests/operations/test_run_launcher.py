"""A run whose process died together with its code server is failed by Dagster's own monitoring, and no other run is."""

import json
import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.storage.tags import GRPC_INFO_TAG
from dagster._core.test_utils import create_run_for_test, create_test_daemon_workspace_context
from dagster._core.workspace.load_target import PythonFileTarget
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from lakehouse_assets.operations import run_launcher
from lakehouse_assets.operations.embedded import prepare_dagster_home
from lakehouse_assets.operations.run_launcher import WatchingRunLauncher

CODE = """
import time
import dagster as dg

@dg.op
def work():
    time.sleep(600)

@dg.job(executor_def=dg.in_process_executor)
def day(): work()

defs = dg.Definitions(jobs=[day])
"""
HERE = {"host": "localhost", "socket": "/tmp/gone"}


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """One with the project's settings."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    prepare_dagster_home(tmp_path)
    with dg.DagsterInstance.get() as one:
        yield one


@pytest.fixture
def process() -> Iterator[Any]:
    """A process as a code server starts one for a run."""
    started = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
    started.start()
    yield started
    started.kill()
    started.join()


def run_in(instance: dg.DagsterInstance, pid: int | None, server: dict[str, Any] = HERE) -> dg.DagsterRun:
    tags = {GRPC_INFO_TAG: json.dumps(server)}
    run = create_run_for_test(instance, "nightly", status=dg.DagsterRunStatus.STARTED, tags=tags)
    if pid is not None:
        said = EngineEventData.in_process(pid)
        instance.report_engine_event(f"Started process for run (pid: {pid}).", run, said)
    return run


def looked_at(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRunStatus:
    """What a run is after the daemon has looked at it."""
    record = instance.get_run_record_by_id(run.run_id)
    assert record is not None
    monitor_started_run(instance, None, record, logging.getLogger("monitoring"))  # type: ignore[arg-type]
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def test_the_projects_settings_name_the_launcher(instance: dg.DagsterInstance) -> None:
    assert isinstance(instance.run_launcher, WatchingRunLauncher)


def test_a_run_whose_process_is_gone_for_a_while_is_failed(
    instance: dg.DagsterInstance, process: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, now = run_in(instance, process.pid), [0.0]
    monkeypatch.setattr(run_launcher.time, "monotonic", lambda: now[0])
    assert looked_at(instance, run) is dg.DagsterRunStatus.STARTED
    process.kill()
    process.join()
    for now[0] in (100.0, 130.0):
        assert looked_at(instance, run) is dg.DagsterRunStatus.STARTED, "its code server says it first if it lives"
    now[0] = 161.0
    assert looked_at(instance, run) is dg.DagsterRunStatus.FAILURE
    said = [one.message for one in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)]
    assert f"process {process.pid} of the run is gone" in said[0]


def test_a_run_that_was_killed_with_its_real_code_server_is_known_to_be_gone(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    (tmp_path / "code.py").write_text(CODE, encoding="utf-8")
    target = PythonFileTarget(str(tmp_path / "code.py"), None, str(tmp_path), "here")
    with create_test_daemon_workspace_context(target, instance) as context:
        workspace = context.create_request_context()
        location = workspace.get_code_location("here")
        job = next(iter(location.get_repositories().values())).get_full_job("day")
        run = create_run_for_test(
            instance, "day", remote_job_origin=job.get_remote_origin(), job_code_origin=job.get_python_origin()
        )
        instance.launch_run(run.run_id, workspace)
        while (run := instance.get_run_by_id(run.run_id) or run).status is not dg.DagsterRunStatus.STARTED:
            assert not run.is_finished
            time.sleep(0.2)
        pid = WatchingRunLauncher._pid_here(instance.run_launcher, run)  # type: ignore[arg-type]
        assert pid is not None
        assert run_launcher.is_a_run(pid)
        server = int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
        for one in (server, pid):
            os.kill(one, signal.SIGKILL)
        while run_launcher.is_a_run(pid):
            time.sleep(0.2)
        assert looked_at(instance, run) is dg.DagsterRunStatus.STARTED, "gone for a moment only"


def test_a_number_that_another_program_has_got_is_no_run(instance: dg.DagsterInstance) -> None:
    assert not run_launcher.is_a_run(1)


@pytest.mark.parametrize(
    ("pid", "server"),
    [(None, HERE), (2**22 + 1, {"host": "code", "port": 4000}), (2**22 + 1, {})],
    ids=["from a shell", "in another container", "by an unknown server"],
)
def test_of_a_run_whose_process_cannot_be_known_nothing_is_said(
    instance: dg.DagsterInstance, pid: int | None, server: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_launcher, "GONE_FOR", -run_launcher.GONE_FOR)
    run = run_in(instance, pid, server)
    for _ in range(2):
        assert looked_at(instance, run) is dg.DagsterRunStatus.STARTED
