"""A platform whose nights follow each other as fast as they can, run by the real daemon under a moved clock."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import yaml

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.plant.drift import ColumnDrift
from lakehouse_assets_tests.conftest import PROJECT, instance_in, state_in, stop_with_its_children
from lakehouse_assets_tests.end_to_end.moved_clock import MovedClock
from lakehouse_assets_tests.ports import free_port

#: Sensors that have something to say after a night.
SENSORS = ("alerts", "late_files", "after_a_night_that_succeeded", "after_a_night_that_failed")
#: Seconds of ours from one move of the clock to the next. The daemon looks at everything after each move, so the clock
#: waits until it has; while something runs, which should not pay for that, and where the daemon does not look, longer.
STEP_S, LONG_STEP_S = 1.0, 15.0
PATIENCE_S = 1800.0
BUSY = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


@dataclass
class NightAfterNight:
    """One domain of the platform, with files in a landing folder, from a first night on."""

    home: Path
    domain: str
    use_case: str
    clock: MovedClock
    drifts: tuple[ColumnDrift, ...] = ()
    port: int = field(default_factory=free_port)

    @property
    def environment(self) -> dict[str, str]:
        """For every process of the platform."""
        own = state_in(self.home, LANDING=str(self.home / "landing"))
        clock = self.clock.environment
        return {**own, **clock, "PYTHONPATH": f"{clock['PYTHONPATH']}:{PROJECT}"}

    @property
    def landing(self) -> Path:
        """Where the domain's files are dropped."""
        return self.home / "landing" / self.domain

    @property
    def lake(self) -> Lake:
        """Its tables."""
        return Lake(str(self.home / "lake"))

    def prepare(self) -> None:
        """The settings: the project's own, but for time-outs that a clock which jumps would break.

        Nor is what steps print kept: Dagster follows it with a `tail` that outlives its run under another clock.
        """
        for folder in (self.landing, self.home / "dagster"):
            folder.mkdir(parents=True, exist_ok=True)
        settings = yaml.safe_load((PROJECT / "dagster.yaml").read_text(encoding="utf-8"))
        settings["run_monitoring"] |= dict.fromkeys(
            ("start_timeout_seconds", "cancel_timeout_seconds", "max_runtime_seconds"), 10**8
        )
        settings["compute_logs"] = {
            "module": "dagster._core.storage.noop_compute_log_manager",
            "class": "NoOpComputeLogManager",
        }
        (self.home / "dagster" / "dagster.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        server = {"grpc_server": {"host": "127.0.0.1", "port": self.port, "location_name": "lakehouse_assets"}}
        (self.home / "workspace.yaml").write_text(yaml.safe_dump({"load_from": [server]}), encoding="utf-8")

    def deliver(self, day: date) -> None:
        """Let the machines drop their files of a day."""
        from lakehouse_assets.sources.plant.milling import Shop, write_days

        write_days(Shop(), self.landing, day, day, self.drifts)

    def made_before(self, first: date, last: date) -> None:
        """What was there before the first night: the domain's road over some days, with a first champion."""
        for n in range((last - first).days + 1):
            self.deliver(first + timedelta(days=n))
        code = (
            "from datetime import date; import dagster as dg; from lakehouse_assets.definitions import defs;"
            "from lakehouse_assets.operations.runs import run_job\n"
            f"with dg.DagsterInstance.get() as i: run_job(defs, i, '{self.domain}_road', "
            f"(date.fromisoformat('{first}'), date.fromisoformat('{last}')))"
        )
        self._command(sys.executable, "-c", code)

    def switch_on(self) -> None:
        """As somebody does it in the UI."""
        self._command(self._program("dagster"), "schedule", "start", "nightly_schedule", "-w", self._workspace)

    @contextmanager
    def code_location(self) -> Iterator[None]:
        """The code location as a service, as deploy/ has it: one that the daemon starts dies when its clock jumps."""
        where = ("-h", "127.0.0.1", "-p", str(self.port))
        module = ("-m", "lakehouse_assets.definitions", "--location-name", "lakehouse_assets")
        with self._process("code.log", self._program("dagster"), "api", "grpc", *where, *module):
            self.wait(lambda: "Started Dagster code server" in self.log("code.log"), "the code location")
            yield

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """The daemon, from here to there."""
        with self._process("daemon.log", self._program("dagster-daemon"), "run", "-w", self._workspace):
            yield

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """The platform's runs and ticks, read from here."""
        with instance_in(self.home / "dagster") as instance:
            yield instance

    def night(self, instance: dg.DagsterInstance, day: date) -> None:
        """Move the clock to the night after a day, and wait until all that it leads to is done."""
        due = datetime(day.year, day.month, day.day, 2, tzinfo=UTC) + timedelta(days=1)
        if self.clock.now() < due:
            self.clock.move_to(due)
        self.settle(instance, day)

    def settle(self, instance: dg.DagsterInstance, day: date) -> None:
        """Wait until the night of the day was made and every sensor has seen that nothing else is to do."""
        self.wait(lambda: self._is_settled(instance, day), f"the night of {day} and what it leads to", instance)

    def wait(self, until: Callable[[], bool], what: str, moving: dg.DagsterInstance | None = None) -> None:
        """Wait for something; if an instance is given, the clock moves on meanwhile."""
        began = moved = time.monotonic()
        while not until():
            assert time.monotonic() - began < PATIENCE_S, f"in vain for {what}:\n{self.log('daemon.log')[-4000:]}"
            time.sleep(0.3)
            if moving is not None:
                short = self._has_looked(moving) and not moving.get_runs(dg.RunsFilter(statuses=BUSY), limit=1)
                if time.monotonic() - moved > (STEP_S if short else LONG_STEP_S):
                    self.clock.move_on()
                    moved = time.monotonic()

    def incidents(self) -> pd.DataFrame:
        """What people were told, in order."""
        return self.lake.read_pandas(["monitoring", "platform", "incidents"])

    def log(self, name: str) -> str:
        """What a process said."""
        file = self.home / name
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def _is_settled(self, instance: dg.DagsterInstance, day: date) -> bool:
        own = instance.get_run_records(dg.RunsFilter(tags={"night": day.isoformat(), "night/part": "whole"}))
        if not own or not all(one.dagster_run.is_finished for one in own):
            return False
        newest = instance.get_run_records(limit=20, order_by="update_timestamp")
        if not all(one.dagster_run.is_finished for one in newest):
            return False
        ended = max(one.end_time or 0.0 for one in newest)
        ticks = self._ticks(instance)
        return all(len(two) == 2 and two[1].timestamp > ended and two[0].is_completed for two in ticks)

    def _has_looked(self, instance: dg.DagsterInstance) -> bool:
        """Whether every sensor was looked at since the clock was moved."""
        now = self.clock.now().timestamp()
        return all(two and two[0].timestamp >= now and two[0].is_completed for two in self._ticks(instance))

    def _ticks(self, instance: dg.DagsterInstance) -> list[list[Any]]:
        """The last two looks at each sensor, the newest first."""
        states = {one.instigator_name: one for one in instance.all_instigator_state()}
        own = [states.get(name) for name in (*SENSORS, f"{self.use_case}_retraining")]
        return [
            list(instance.get_ticks(one.instigator_origin_id, one.selector_id, limit=2)) if one else [] for one in own
        ]

    @contextmanager
    def _process(self, log: str, *command: str) -> Iterator[None]:
        with ExitStack() as stack:
            out = stack.enter_context((self.home / log).open("ab"))
            process = subprocess.Popen(
                command, env=self.environment, cwd=PROJECT, stdout=out, stderr=out, start_new_session=True
            )
            stack.callback(stop_with_its_children, process)
            yield
            assert process.poll() is None, f"it ended by itself:\n{self.log(log)[-3000:]}"

    def _command(self, *command: str) -> None:
        done = subprocess.run(command, env=self.environment, cwd=PROJECT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]

    def _program(self, name: str) -> str:
        return str(Path(sys.executable).parent / name)

    @property
    def _workspace(self) -> str:
        return str(self.home / "workspace.yaml")


def runs_of(instance: dg.DagsterInstance, **tags: str) -> list[Any]:
    """The records of runs with these tags, the oldest first."""
    return list(instance.get_run_records(dg.RunsFilter(tags=tags), ascending=True))
