"""The processes of deploy/ as processes: PostgreSQL, S3, MLflow, code location, web server, daemon; and a night."""

import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.conftest import PROJECT, stop_with_its_children
from lakehouse_assets_tests.operations.alerts.receiver import Receiver, receiver
from lakehouse_assets_tests.reliability.conftest import S3, s3
from lakehouse_assets_tests.servers.postgres import BINARIES, WITHOUT_IT, Postgres, free_port, postgres

__all__ = ["s3"]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not BINARIES, reason=WITHOUT_IT)]

DEPLOY = PROJECT / "deploy"
#: Seconds that a server may take to answer, and a night to end; two busy cores are slow.
PATIENCE = 240
#: As deploy/ names it: for a plain postgresql:// SQLAlchemy 2.1 wants another driver than dagster-postgres brings.
SCHEME = "postgresql+psycopg2"
JOB, DAY = "milling_nightly", "2024-01-02"


@dataclass
class Servers:
    """The platform as deploy/ runs it, and what its processes wrote."""

    database: Postgres
    storage: S3
    folder: Path
    ports: dict[str, int]
    secret_values: list[str]
    told: Receiver
    environment: dict[str, str] = field(default_factory=dict, repr=False)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    @property
    def lake(self) -> Lake:
        return Lake("s3://lake", self.storage.options)


def environment_of(database: Postgres, storage: S3, folder: Path, ports: dict[str, int], pager: str) -> dict[str, str]:
    """What compose.yaml gives the processes, with this machine's addresses."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "PYTHONUNBUFFERED": "1",
        "DAGSTER_HOME": str(folder / "home"),
        "DAGSTER_POSTGRES_URL": database.url("dagster", SCHEME),
        "DAGSTER_COMPUTE_LOGS": str(folder / "logs"),
        "CODE_LOCATION_HOST": "127.0.0.1",
        "CODE_LOCATION_PORT": str(ports["code"]),
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{ports['mlflow']}",
        "MLFLOW_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "LAKE_URI": "s3://lake",
        **{f"LAKE_STORAGE_{name}": value for name, value in storage.options.items()},
        "LAKE_SQL": str(folder / "lake.duckdb"),
        "PLANT_LANDING": str(folder / "landing"),
        "REPORTS": str(folder / "reports"),
        "PSEUDONYM_KEY": secrets.token_hex(24),
        "ALERT_URLS": pager,
    }


@pytest.fixture(scope="module")
def servers(s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack:
        # Its user may enter no folder of pytest's.
        outside = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lakehouse-postgres-")))
        outside.chmod(0o755)
        database = stack.enter_context(postgres(outside / "server"))
        ports = {name: free_port() for name in ("code", "webserver", "mlflow")}
        password = secrets.token_hex(12)
        told = stack.enter_context(receiver(password))
        environment = environment_of(database, s3, folder, ports, told.url)
        (folder / "home").mkdir()
        for name in ("dagster.yaml", "workspace.yaml"):
            (folder / "home" / name).write_text((DEPLOY / name).read_text(encoding="utf-8"), encoding="utf-8")
        made = [environment["PSEUDONYM_KEY"], password, database.password, s3.secret]
        running = Servers(database, s3, folder, ports, made, told, environment)
        for name, command, more in _processes(running):
            _start(stack, running, name, command, more)
            if name in ports and name != "code":
                _wait(f"{running.url(name)}/{'health' if name == 'mlflow' else 'server_info'}")
            if name == "code":
                _until_healthy(environment, ports["code"])
        yield running


def _processes(running: Servers) -> list[tuple[str, list[str], dict[str, str]]]:
    """The commands of compose.yaml, with this machine's ports."""
    ports, workspace = running.ports, str(running.folder / "home" / "workspace.yaml")
    artifacts = {
        "MLFLOW_BACKEND_STORE_URI": running.database.url("mlflow", SCHEME),
        "MLFLOW_S3_ENDPOINT_URL": running.storage.endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": running.storage.key,
        "AWS_SECRET_ACCESS_KEY": running.storage.secret,
        "AWS_ENDPOINT_URL": running.storage.endpoint,
    }
    server = ["mlflow", "server", "--host=127.0.0.1", f"--port={ports['mlflow']}", "--workers=1"]
    code = ["dagster", "code-server", "start", "-h", "127.0.0.1", "-p", str(ports["code"])]
    return [
        ("buckets", [sys.executable, "-m", "lakehouse_assets.operations.buckets", "lake", "mlflow"], artifacts),
        ("mlflow", [*server, "--artifacts-destination=s3://mlflow"], artifacts),
        ("code", [*code, "-m", "lakehouse_assets.definitions"], {}),
        ("webserver", ["dagster-webserver", "-h", "127.0.0.1", "-p", str(ports["webserver"]), "-w", workspace], {}),
        ("daemon", ["dagster-daemon", "run", "-w", workspace], {}),
    ]


def _start(stack: ExitStack, running: Servers, name: str, command: list[str], more: dict[str, str]) -> None:
    out = stack.enter_context((running.folder / f"{name}.log").open("wb"))
    program = command[0] if Path(command[0]).is_absolute() else str(Path(sys.executable).parent / command[0])
    process = subprocess.Popen(
        [program, *command[1:]], env={**running.environment, **more}, cwd=PROJECT, stdout=out, stderr=out,
        start_new_session=True,
    )  # fmt: skip
    if name == "buckets":
        assert process.wait(PATIENCE) == 0, (running.folder / "buckets.log").read_text(encoding="utf-8")
    else:
        stack.callback(stop_with_its_children, process)


def _wait(url: str) -> None:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            assert time.monotonic() < end, f"{url} does not answer"
            time.sleep(0.5)


def _until_healthy(environment: dict[str, str], port: int) -> None:
    """By the health probe of compose.yaml."""
    probe = [str(Path(sys.executable).parent / "dagster"), "api", "grpc-health-check", "-p", str(port)]
    end = time.monotonic() + PATIENCE
    while subprocess.run(probe, env=environment, capture_output=True, check=False).returncode:
        assert time.monotonic() < end, "the code location is not healthy"
        time.sleep(1)


def run(servers: Servers, job: str, config: dict[str, Any] | None = None, **tags: str) -> str:
    """A job, started as a person does it in the UI; its run's status at its end."""
    from dagster import DagsterRunStatus
    from dagster_graphql import DagsterGraphQLClient

    client = DagsterGraphQLClient("127.0.0.1", port_number=servers.ports["webserver"])
    started = client.submit_job_execution(job, run_config=config or {}, tags=tags)
    end = time.monotonic() + PATIENCE
    ended = (DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)
    while (status := client.get_run_status(started)) not in ended:
        assert time.monotonic() < end, f"run {started} of {job} is {status} still"
        time.sleep(1)
    return str(status.value)


@pytest.fixture(scope="module")
def night(servers: Servers) -> str:
    """One night; its run's status."""
    return run(servers, JOB, **{"dagster/partition": DAY})


@pytest.fixture(scope="module")
def incident(servers: Servers, night: str) -> list[str]:
    """A job that fails and then does not; what the daemon told of it."""
    config = {"first_day": DAY, "who": "ann", "reason": "a test"}
    for table, ends, telling in (("raw/no/table", "FAILURE", 1), ("raw/milling/products", "SUCCESS", 2)):
        assert run(servers, "rerun_from", {"ops": {"rerunning": {"config": {**config, "table": table}}}}) == ends
        end = time.monotonic() + PATIENCE
        while len(servers.told.messages) < telling and time.monotonic() < end:
            time.sleep(1)
    return servers.told.titles


def test_a_night_runs_against_postgres_and_object_storage(servers: Servers, night: str) -> None:
    assert night == "SUCCESS", (servers.folder / "code.log").read_text(encoding="utf-8")[-3000:]
    assert servers.lake.row_count(["raw", "milling", "products"]) > 0
    assert servers.lake.row_count(["harmonized", "milling", "operations"]) > 0
    counted = "SELECT count(*) FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION' AND partition = "
    [(events,)] = servers.database.query("dagster", f"{counted}'{DAY}'")
    assert isinstance(events, int)
    assert events >= 5
    assert not list((servers.folder / "home").rglob("*.db"))


def test_the_registry_is_reached_through_its_server(servers: Servers) -> None:
    from lakehouse_assets.lifecycle.registry import ModelRegistry

    registry = ModelRegistry(tracking_uri=servers.url("mlflow"), artifact_root="mlflow-artifacts:/")
    assert registry.versions("no_such_model") == []
    [(experiments,)] = servers.database.query("mlflow", "SELECT count(*) FROM experiments")
    assert experiments


def test_the_daemon_is_alive_by_its_own_probe(servers: Servers, night: str) -> None:
    probe = [str(Path(sys.executable).parent / "dagster-daemon"), "liveness-check"]
    done = subprocess.run(probe, env=servers.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_daemon_tells_of_an_incident_once_and_once_that_it_is_over(servers: Servers, incident: list[str]) -> None:
    assert incident == ["rerun_from: run failed", "Over: rerun_from: run failed"]
    assert servers.told.messages[0]["message"].startswith("rerunning: RepairRequestError: 'raw/no/table' is no asset.")


def test_no_tick_of_a_sensor_failed(servers: Servers, incident: list[str]) -> None:
    ticks = servers.database.query("dagster", "SELECT status, count(*) FROM job_ticks GROUP BY status")
    assert {status for status, _ in ticks} <= {"SKIPPED", "SUCCESS", "STARTED"}
    assert ticks


def test_no_secret_stands_in_a_log_an_event_or_any_metadata(servers: Servers, incident: list[str]) -> None:
    logs = "".join(file.read_text(errors="replace") for file in servers.folder.rglob("*") if file.is_file())
    dump = [str(BINARIES[-1] / "pg_dump"), "--data-only", "-d", servers.database.url("dagster")]
    kept = subprocess.run(dump, capture_output=True, text=True, check=True).stdout
    assert "milling" in kept
    told = [name for name in servers.secret_values if name in logs or name in kept]
    assert told == [], f"{len(told)} of {len(servers.secret_values)} secrets are told"
