"""The processes of deploy/ as processes: PostgreSQL, S3, MLflow, code location, web server, daemon."""

import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.conftest import PATIENT_CALLS, PROJECT, stop_with_its_children
from lakehouse_assets_tests.operations.alerts.receiver import Receiver, receiver
from lakehouse_assets_tests.ports import free_port
from lakehouse_assets_tests.reliability.conftest import S3
from lakehouse_assets_tests.servers.postgres import Postgres, postgres

DEPLOY = PROJECT / "deploy"
#: Seconds that a server may take to answer, and a night to end; two busy cores are slow.
PATIENCE = 900
#: As deploy/ names it: for a plain postgresql:// SQLAlchemy 2.1 wants another driver than dagster-postgres brings.
SCHEME = "postgresql+psycopg2"


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

    def tables(self, zone: str = "") -> list[list[str]]:
        """The keys of all Delta tables, or of those in a zone."""
        logs = [name.partition("/_delta_log/") for name in self.objects("lake")]
        return [key.split("/") for key in sorted({key for key, log, _ in logs if log}) if key.startswith(zone)]

    def storage_texts(self) -> Iterator[str]:
        """What lies in the buckets, as it lies there."""
        for bucket in ("lake", "mlflow"):
            for name in self.objects(bucket):
                yield self._client.get_object(Bucket=bucket, Key=name)["Body"].read().decode(errors="replace")

    def objects(self, bucket: str) -> Iterator[str]:
        """Names of what lies in a bucket."""
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            yield from (one["Key"] for one in page.get("Contents", []))

    @contextmanager
    def damaged(self, bucket: str, name: str) -> Iterator[None]:
        """An object that holds something else for as long."""
        whole = self._client.get_object(Bucket=bucket, Key=name)["Body"].read()
        self._client.put_object(Bucket=bucket, Key=name, Body=b"{")
        try:
            yield
        finally:
            self._client.put_object(Bucket=bucket, Key=name, Body=whole)

    @property
    def _client(self) -> Any:
        import boto3

        options = self.storage.options
        return boto3.client(
            "s3",
            endpoint_url=self.storage.endpoint,
            region_name=options["AWS_REGION"],
            aws_access_key_id=self.storage.key,
            aws_secret_access_key=self.storage.secret,
        )


def environment_of(database: Postgres, storage: S3, folder: Path, ports: dict[str, int], pager: str) -> dict[str, str]:
    """What compose.yaml gives the processes, with this machine's addresses."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        **PATIENT_CALLS,
        "PYTHONUNBUFFERED": "1",
        "DAGSTER_HOME": str(folder / "home"),
        "DAGSTER_POSTGRES_URL": database.url("dagster", SCHEME),
        "DAGSTER_COMPUTE_LOGS": str(folder / "logs"),
        "CODE_LOCATION_HOST": "127.0.0.1",
        "CODE_LOCATION_PORT": str(ports["code"]),
        "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{ports['mlflow']}",
        "MLFLOW_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
        "TUNING_STORAGE": database.url("tuning", SCHEME),
        "LAKE_URI": "s3://lake",
        **{f"LAKE_STORAGE_{name}": value for name, value in storage.options.items()},
        "LAKE_SQL": str(folder / "lake.duckdb"),
        "PLANT_LANDING": str(folder / "landing"),
        "REPORTS": str(folder / "reports"),
        "PSEUDONYM_KEY": secrets.token_hex(24),
        "ALERT_URLS": pager,
    }


@contextmanager
def servers_in(folder: Path, storage: S3) -> Iterator[Servers]:
    """All of them, until the end; two of the channels by which people are told do not work."""
    with ExitStack() as stack:
        # Its user may enter no folder of pytest's.
        outside = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lakehouse-postgres-")))
        outside.chmod(0o755)
        database = stack.enter_context(postgres(outside / "server"))
        ports = {name: free_port() for name in ("code", "webserver", "mlflow")}
        password = secrets.token_hex(12)
        told = stack.enter_context(receiver(password))
        broken = [secrets.token_hex(12) for _ in range(3)]
        channels = f"{told.url} json://127.0.0.1:{free_port()}/{broken[0]}?key={broken[1]} {broken[2]}"
        environment = environment_of(database, storage, folder, ports, channels)
        (folder / "home").mkdir()
        for name in ("dagster.yaml", "workspace.yaml"):
            (folder / "home" / name).write_text((DEPLOY / name).read_text(encoding="utf-8"), encoding="utf-8")
        made = [environment["PSEUDONYM_KEY"], password, database.password, storage.secret, *broken]
        running = Servers(database, storage, folder, ports, made, told, environment)
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
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    server = ["mlflow", "server", "--host=127.0.0.1", f"--port={ports['mlflow']}", "--workers=1"]
    server += [f"--allowed-hosts=127.0.0.1:{ports['mlflow']}"]
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
            with urllib.request.urlopen(url, timeout=60):
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


def run(servers: Servers, job: str, config: dict[str, Any] | None = None, only: Any = None, **tags: str) -> str:
    """A job, started as a person does it in the UI; its run's status at its end."""
    from dagster import DagsterRunStatus
    from dagster_graphql import DagsterGraphQLClient

    client = DagsterGraphQLClient("127.0.0.1", port_number=servers.ports["webserver"])
    started = client.submit_job_execution(job, run_config=config or {}, tags=tags, asset_selection=only)
    end = time.monotonic() + PATIENCE
    ended = (DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)
    while (status := client.get_run_status(started)) not in ended:
        assert time.monotonic() < end, f"run {started} of {job} is {status} still"
        time.sleep(1)
    return str(status.value)
