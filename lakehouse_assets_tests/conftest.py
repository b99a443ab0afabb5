"""What the slow tests share: one whole road, run once by the demo's own command on a small simulated fleet."""

import contextlib
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import dagster as dg
import pytest
from hypothesis import HealthCheck, settings

import lakehouse_assets  # noqa: F401  # first, as in every process of the platform: it says how many threads numpy takes
from lakehouse_assets_tests.ports import free_port

# Properties have no deadline: that would be an assertion about wall-clock time, and a loaded machine is no fault. Nor
# does it matter how many seconds it took to think of the first examples.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

PROJECT = Path(__file__).resolve().parents[1]
#: How long web server and daemon wait for the code server, which may get no core for a minute on a busy machine: a look
#: at a sensor that came to nothing because of that is no fault of the platform.
PATIENT_CALLS = {"DAGSTER_GRPC_TIMEOUT_SECONDS": "300", "DAGSTER_GRPC_SHUTDOWN_GRACE_PERIOD": "60"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the one road, so that it can run in one process, and the rest beside it."""
    for item in items:
        if "road" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.shares_road)


def pytest_collection_finish() -> None:
    """What was imported to collect the tests stays: looking for garbage among it took a tenth of their CPU time.

    What tests load and import later stays as well, so that the collector looks less often.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_unconfigure() -> None:
    """What was to stay may go: DuckDB tells at the end of a process of whatever nobody has collected."""
    gc.unfreeze()


@dataclass(frozen=True)
class Road:
    """A materialised lake with its runs, models and reports, in folders of its own."""

    home: Path
    environment: dict[str, str]
    output: str
    last_day: str = "2024-05-09"

    @property
    def lake(self) -> str:
        return self.environment["LAKE_URI"]


def state_in(folder: Path, **settings: str) -> dict[str, str]:
    """An environment in which everything the platform keeps lies below a folder."""
    own = ("PLANT_", "LANDING", "PSEUDONYM_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return {
        **kept,
        "LAKE_URI": str(folder / "lake"),
        "PLANT_LANDING": str(folder / "landing"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow' / 'mlflow.db'}",
        "REPORTS": str(folder / "reports"),
        # Links in the lake name this address; two roads at once must not share it.
        "REPORTS_URL": f"http://127.0.0.1:{free_port()}",
        "DAGSTER_HOME": str(folder / "dagster"),
        "PSEUDONYM_KEY_FILE": str(folder / "keys" / "pseudonym.key"),
        "PYTHONUNBUFFERED": "1",
        **PATIENT_CALLS,
        **settings,
    }


@contextlib.contextmanager
def instance_in(home: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of a folder, as `DAGSTER_HOME` gives it to a process; settings lie there already."""
    with mock.patch.dict(os.environ, {"DAGSTER_HOME": str(home)}), dg.DagsterInstance.get() as instance:
        yield instance


def run_demo(environment: dict[str, str], days: int, *domains: str) -> subprocess.CompletedProcess[str]:
    """`make demo`'s command in an environment; all domains if none is named."""
    command = [sys.executable, "-m", "lakehouse_assets.operations.demo", "--days", str(days)]
    command += ["--domains", *domains] if domains else []
    return subprocess.run(
        command, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=3600, check=False
    )


def stop_with_its_children(process: "subprocess.Popen[bytes]") -> None:
    """Ctrl-C to a server in a session of its own, as a terminal sends it; then nothing of its group stays behind."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(120)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def empty_registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SQLite file of an MLflow registry without models. Making one takes seconds; tests copy this."""
    from lakehouse_assets.lifecycle.registry import ModelRegistry

    file = tmp_path_factory.mktemp("registry") / "new" / "m.db"
    assert ModelRegistry(tracking_uri=f"sqlite:///{file}", artifact_root="file:///none").versions("none") == []
    return file


@pytest.fixture(scope="session")
def road(tmp_path_factory: pytest.TempPathFactory) -> Road:
    """130 simulated days. Tests may add to it and must not change what is there; they share a worker by their group."""
    home = tmp_path_factory.mktemp("road")
    environment = state_in(home)
    done = run_demo(environment, days=130)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return Road(home, environment, done.stdout)
