"""The web server and the daemon of a platform, killed by a test and started again as a supervisor does."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
from dagster._core.storage.tags import WILL_RETRY_TAG
from dagster_graphql import DagsterGraphQLClient, DagsterGraphQLClientError
from requests.exceptions import RequestException

from lakehouse_assets_tests.conftest import PROJECT, instance_in, stop_with_its_children
from lakehouse_assets_tests.ports import free_port

#: Seconds that anything may take; two busy cores are slow.
PATIENCE = 900
#: Tag of a run that a test asked for.
ASKED = "asked_for"
OVER = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


@dataclass
class Supervised:
    """The servers on a platform's state."""

    environment: dict[str, str]
    instance: dg.DagsterInstance
    port: int = field(default_factory=free_port)
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    started: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def commands(self) -> dict[str, list[str]]:
        workspace = str(PROJECT / "workspace.yaml")
        web = ["dagster-webserver", "-h", "127.0.0.1", "-p", str(self.port), "-w", workspace]
        return {"daemon": ["dagster-daemon", "run", "-w", workspace], "web server": web}

    def start(self, name: str) -> None:
        """Start a server, in a session of its own."""
        program, *rest = self.commands[name]
        log = Path(self.environment["DAGSTER_HOME"]).parent / f"{name.replace(' ', '_')}.log"
        with log.open("ab") as out:
            self.processes[name] = subprocess.Popen(
                [Path(sys.executable).parent / program, *rest],
                env=self.environment,
                cwd=PROJECT,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.started.append(self.processes[name])

    def kill(self, name: str) -> None:
        """`kill -9` of a server, and what its supervisor does then."""
        self.processes[name].kill()
        self.processes[name].wait()
        self.start(name)

    def kill_step(self, day: str) -> None:
        """`kill -9` of the process that runs a day's steps; of a killed run, that is the one which takes its place."""
        found: list[int | None] = [None]

        def is_there() -> bool:
            found[0] = worker_of(self.instance, self.family(day)[0])
            return found[0] is not None

        self.wait(is_there, f"a process that makes the night of {day}")
        os.kill(found[0] or 0, signal.SIGKILL)

    def steps(self, day: str) -> int:
        """How many steps the run of a day has."""
        snapshot = self.family(day)[-1].execution_plan_snapshot_id
        assert snapshot is not None
        return len(self.instance.get_execution_plan_snapshot(snapshot).step_keys_to_execute)

    def steps_done(self, day: str) -> int:
        """How many of them came to their end, in whichever run."""
        done = set()
        for run in self.family(day):
            found = self.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_SUCCESS)
            done |= {entry.get_dagster_event().step_key for entry in found}
        return len(done)

    def launch(self, job: str, day: str) -> None:
        """Ask the web server for the run of a day, as the UI does; once, however often it dies meanwhile."""
        tags = {"dagster/asset_partition_range_start": day, "dagster/asset_partition_range_end": day, ASKED: day}

        def asked() -> bool:
            if self.family(day):
                return True
            try:
                DagsterGraphQLClient("127.0.0.1", self.port).submit_job_execution(job, tags=tags)
            except (DagsterGraphQLClientError, RequestException, OSError):
                return bool(self.family(day))
            return True

        self.wait(asked, f"{job} of {day} to be launched", 1.0)

    def family(self, day: str) -> list[dg.DagsterRun]:
        """The run of a day and those that took its place, the newest first."""
        return list(self.instance.get_runs(dg.RunsFilter(tags={ASKED: day})))

    def wait(self, until: Callable[[], bool], what: str, every: float = 0.2) -> None:
        deadline = time.monotonic() + PATIENCE
        while not until():
            assert time.monotonic() < deadline, f"waited {PATIENCE} s in vain for {what}"
            time.sleep(every)

    def wait_for_the_web_server(self) -> None:
        def answers() -> bool:
            try:
                return bool(
                    urllib.request.urlopen(f"http://127.0.0.1:{self.port}/server_info", timeout=5).status == 200
                )
            except OSError:
                return False

        self.wait(answers, "the web server")

    def wait_for_the_end(self, day: str) -> dg.DagsterRun:
        """Until the newest run of a day is over and none takes its place; that run."""

        def is_over() -> bool:
            newest = self.family(day)[0]
            # Whether a failed one is started again is told a moment after its failure.
            may_come = newest.status is dg.DagsterRunStatus.FAILURE and newest.tags.get(WILL_RETRY_TAG) != "false"
            return newest.status in OVER and not may_come

        self.wait(is_over, f"the end of the night of {day}")
        return self.family(day)[0]


@contextmanager
def supervised(environment: dict[str, str]) -> Iterator[Supervised]:
    """The servers, from here to there; with all they started they are gone afterwards."""
    home = Path(environment["DAGSTER_HOME"])
    text = (PROJECT / "dagster.yaml").read_text(encoding="utf-8")
    # A dead run is noticed in seconds here; nothing else is other than people run it.
    (home / "dagster.yaml").unlink(missing_ok=True)
    (home / "dagster.yaml").write_text(text.replace("poll_interval_seconds: 30", "poll_interval_seconds: 2"))
    with instance_in(home) as instance:
        running = Supervised(environment, instance)
        try:
            for name in running.commands:
                running.start(name)
            running.wait_for_the_web_server()
            yield running
        finally:
            for process in running.started:
                stop_with_its_children(process)


def worker_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> int | None:
    """The process that runs a run, by what its start says in the log."""
    found = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    for entry in found:
        event = entry.get_dagster_event()
        pid = (event.engine_event_data.metadata or {}).get("pid")
        if pid is not None and _is_alive(int(pid.value)):
            return int(pid.value)
    return None


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
