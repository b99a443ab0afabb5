"""Drift and the real daemon: no drift leads to no retraining, drift to exactly one, whatever restarts."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import SensorInstigatorData

from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.conftest import PROJECT, Road, stop_with_its_children
from lakehouse_assets_tests.end_to_end.own_platform import copy_of, platform_in, run_days

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("road")]

DECISIONS = ["monitoring", "turbofan_rul", "decisions"]
SENSOR, TRAINING, NIGHTLY = "turbofan_rul_retraining", "turbofan_rul_training", "turbofan_nightly"
#: Days until a shift of 3.0 has filled enough of the window of 14 days to be seen: 8, one more for the second report of
#: three, and one to be sure.
DAYS_OF_DRIFT = 10


@dataclass(frozen=True)
class Platform:
    """A copy of the road's state whose sensors drift from the day after the road's last on."""

    environment: dict[str, str]
    instance: dg.DagsterInstance
    first_drifted: date

    def night(self, first: int, last: int) -> None:
        """Run the nightly job, as one run, for the days so many days after the drift began."""
        days = [(self.first_drifted + timedelta(days=n)).isoformat() for n in (first, last)]
        assert run_days(self.environment, NIGHTLY, *days).success

    def evaluations(self) -> int:
        """How often the daemon has evaluated the sensor."""
        states = self.instance.all_instigator_state(instigator_type=InstigatorType.SENSOR)
        own = [state for state in states if state.instigator_name == SENSOR]
        ticks = [self.instance.get_ticks(state.instigator_origin_id, state.selector_id) for state in own]
        failed = [tick.error for found in ticks for tick in found if tick.is_failure]
        assert failed == []
        return sum(tick.is_completed for found in ticks for tick in found)

    def trainings(self) -> list[dg.DagsterRun]:
        """The runs of the training job."""
        return self.instance.get_runs(dg.RunsFilter(job_name=TRAINING))

    def lose_the_cursor(self) -> None:
        """As if nobody had ever kept what the sensor has seen."""
        for state in self.instance.all_instigator_state(instigator_type=InstigatorType.SENSOR):
            if state.instigator_name == SENSOR:
                self.instance.update_instigator_state(state.with_data(SensorInstigatorData()))

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """The daemon as `make ui` starts it, from here to there; with all it started it is gone afterwards."""
        log = Path(self.environment["DAGSTER_HOME"]).parent / "daemon.log"
        command = [Path(sys.executable).parent / "dagster-daemon", "run", "-w", PROJECT / "workspace.yaml"]
        with log.open("ab") as out:
            process = subprocess.Popen(
                command, env=self.environment, cwd=PROJECT, stdout=out, stderr=out, start_new_session=True
            )
        try:
            yield
            assert process.poll() is None, f"the daemon ended by itself:\n{log.read_text()[-3000:]}"
        finally:
            stop_with_its_children(process)

    def wait(self, until: Callable[[], bool], what: str, seconds: float = 1200) -> None:
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain: {what}"
            time.sleep(0.5)

    def wait_for_evaluations(self, more: int) -> None:
        wanted = self.evaluations() + more
        self.wait(lambda: self.evaluations() >= wanted, f"{more} more evaluations of {SENSOR}")


@pytest.fixture(scope="module")
def platform(road: Road, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    first = date.fromisoformat(road.last_day) + timedelta(days=1)
    environment = copy_of(road, tmp_path_factory.mktemp("drifting") / "state") | {"PLANT_DRIFT": f"s4:{first}:3.0"}
    with platform_in(environment) as (_, instance):
        yield Platform(environment, instance, first)


def test_without_drift_the_daemon_launches_nothing_and_with_drift_exactly_one_retraining(platform: Platform) -> None:
    lake = Lake(platform.environment["LAKE_URI"])
    with platform.daemon():
        platform.wait_for_evaluations(2)
        assert platform.trainings() == [], "no drift leads to no retraining"

        platform.night(0, DAYS_OF_DRIFT - 1)
        platform.wait(lambda: bool(platform.trainings()), "a retraining")
        platform.wait(lambda: platform.trainings()[0].is_finished, "the end of the retraining")
        platform.wait_for_evaluations(1)

    assert [run.status for run in platform.trainings()] == [dg.DagsterRunStatus.SUCCESS]
    (asked,) = lake.read_pandas(DECISIONS).query("decision == 'retrain'").to_dict("records")
    assert platform.trainings()[0].tags["dagster/run_key"] == asked["run_key"]
    assert "drift in" in asked["reason"]
    assert lake.row_count(["models", "turbofan_rul", "champion"]) == 2, "the gate has decided once more"

    # Another night of the same drift, and a daemon that was started anew and has lost its cursor.
    platform.lose_the_cursor()
    platform.night(DAYS_OF_DRIFT, DAYS_OF_DRIFT)
    with platform.daemon():
        platform.wait_for_evaluations(2)
    assert len(platform.trainings()) == 1

    by_schedule = [run.run_id for run in platform.instance.get_runs() if "dagster/schedule_name" in run.tags]
    assert by_schedule == [], "schedules are stopped until somebody starts them"
