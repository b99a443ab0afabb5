"""A dead run that the daemon missed is started again, by the daemon itself."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.context import IWorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget
from dagster._daemon.auto_run_reexecution.event_log_consumer import EventLogConsumerDaemon

from lakehouse_assets.defs.platform.lost_retries import lost_retries as sensor
from lakehouse_assets.operations.embedded import prepare_dagster_home
from lakehouse_assets.operations.lost_retries import lost_retries, report_again

CODE = """
import dagster as dg

@dg.op
def work(): ...

@dg.job
def day(): work()

defs = dg.Definitions(jobs=[day])
"""


def later() -> datetime:
    """When a death of now was a while ago."""
    return datetime.now(UTC) + timedelta(minutes=5)


def moment_after_death(instance: dg.DagsterInstance, run: dg.DagsterRun) -> datetime:
    """By the run's own record: the looks in between may have taken a minute."""
    record = instance.get_run_record_by_id(run.run_id)
    assert record is not None
    assert record.end_time is not None
    return datetime.fromtimestamp(record.end_time, UTC) + timedelta(seconds=5)


@pytest.fixture
def daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[IWorkspaceProcessContext]:
    """What a daemon works on: an instance with the project's settings, and a code location."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    prepare_dagster_home(tmp_path / "home")
    (tmp_path / "code.py").write_text(CODE, encoding="utf-8")
    target = PythonFileTarget(str(tmp_path / "code.py"), None, str(tmp_path), "here")
    with (
        dg.DagsterInstance.get() as instance,
        create_test_daemon_workspace_context(target, instance) as context,
    ):
        yield context


def look(daemon: IWorkspaceProcessContext) -> None:
    """The daemon looks at what happened."""
    for _ in EventLogConsumerDaemon().run_iteration(daemon):
        pass


def dead(daemon: IWorkspaceProcessContext) -> dg.DagsterRun:
    """A run whose process is gone."""
    instance, location = daemon.instance, daemon.create_request_context().get_code_location("here")
    (repository,) = location.get_repositories().values()
    job = repository.get_full_job("day")
    plan = location.get_execution_plan(job, {}, None, None)
    run = instance.create_run(
        job_name="day", run_id=None, run_config={}, status=dg.DagsterRunStatus.STARTED, tags={}, root_run_id=None,
        parent_run_id=None, step_keys_to_execute=None, execution_plan_snapshot=plan.execution_plan_snapshot,
        job_snapshot=job.job_snapshot, parent_job_snapshot=None, asset_selection=None, asset_check_selection=None,
        resolved_op_selection=None, op_selection=None, remote_job_origin=job.get_remote_origin(),
        job_code_origin=job.get_python_origin(), asset_graph=repository.asset_graph,
    )  # fmt: skip
    instance.report_run_failed(run, "its process is gone")
    return run


def runs_after(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[dg.DagsterRun]:
    return [one for one in instance.get_runs() if one.parent_run_id == run.run_id]


def test_a_run_that_the_daemon_saw_dying_is_none_of_them(daemon: IWorkspaceProcessContext) -> None:
    look(daemon)
    run = dead(daemon)
    look(daemon)
    assert len(runs_after(daemon.instance, run)) == 1
    assert lost_retries(daemon.instance, later()) == []


def test_a_run_that_the_daemon_passed_by_is_started_again_once(
    daemon: IWorkspaceProcessContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(daemon)
    run = dead(daemon)
    # As it is for a moment: the failure stands in the log, the run's status does not say so yet.
    instance = daemon.instance
    with monkeypatch.context() as between:
        between.setattr(type(instance), "get_run_records", lambda *_, **__: [])
        look(daemon)
    look(daemon)
    assert runs_after(instance, run) == []
    assert lost_retries(instance, moment_after_death(instance, run)) == [], (
        "a moment after its death it is not lost yet"
    )
    assert [one.run_id for one in lost_retries(instance, later())] == [run.run_id]

    monkeypatch.setattr("lakehouse_assets.operations.lost_retries.LOST_AFTER", timedelta(0))
    with dg.build_sensor_context(instance=instance) as context:
        sensor.evaluate_tick(context)
        look(daemon)
        (again,) = runs_after(instance, run)
        assert again.tags["dagster/retry_number"] == "1"
        sensor.evaluate_tick(context)
        look(daemon)
    assert len(runs_after(instance, run)) == 1


def test_where_reporting_once_more_does_not_help_it_is_left_to_people(daemon: IWorkspaceProcessContext) -> None:
    run, instance = dead(daemon), daemon.instance
    report_again(instance, run)
    assert [one.run_id for one in lost_retries(instance, later())] == [run.run_id]
    (again,) = lost_retries(instance, later())
    report_again(instance, again)
    assert lost_retries(instance, later()) == []
    known = instance.get_run_by_id(run.run_id)
    assert known is not None
    assert known.tags["dagster/will_retry"] == "false", "so that its failure is told"
    failures = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert len(failures) == 3


def test_what_nobody_wants_started_again_is_left_alone(
    daemon: IWorkspaceProcessContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = dead(daemon)
    daemon.instance.add_run_tags(run.run_id, {"dagster/will_retry": "false"})
    assert lost_retries(daemon.instance, later()) == []
    old = datetime.now(UTC) + timedelta(days=2)
    daemon.instance.add_run_tags(run.run_id, {"dagster/will_retry": "true"})
    assert len(lost_retries(daemon.instance, later())) == 1
    assert lost_retries(daemon.instance, old) == []
