"""The nightly job against PostgreSQL, object storage and MLflow, started over the web server."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from lakehouse_assets.operations.nights.parts import parts_of
from lakehouse_assets_tests.reliability.conftest import S3, s3
from lakehouse_assets_tests.servers.everything_told import everything_told
from lakehouse_assets_tests.servers.postgres import BINARIES, WITHOUT_IT
from lakehouse_assets_tests.servers.running import PATIENCE, Servers, run, servers_in

__all__ = ["s3"]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not BINARIES, reason=WITHOUT_IT)]

JOB, DAY = "nightly", "2024-01-02"
#: Enough days for a candidate that passes the gate.
TRAINED_ON = ("2024-01-03", "2024-01-08")
#: Tables of what the machines measured, by domain. A night of turbofan needs what its first training makes; left out is
#: it as the schedule leaves out a domain whose file is late.
MEASURED = {"milling": "operations", "energy": "readings"}


@pytest.fixture(scope="module")
def servers(s3: S3, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with servers_in(tmp_path_factory.mktemp("servers"), s3) as running:
        yield running


@pytest.fixture(scope="module")
def night(servers: Servers) -> str:
    """One night of these domains; its run's status."""
    from lakehouse_assets.definitions import defs

    keys = set(defs.resolve_job_def(JOB).asset_layer.executable_asset_keys)
    chosen = parts_of(defs.resolve_asset_graph(), keys).selection(list(MEASURED), date.fromisoformat(DAY))
    return run(servers, JOB, only=chosen, **{"dagster/partition": DAY})


@pytest.fixture(scope="module")
def trained(servers: Servers, night: str) -> str:
    """The road of milling for its first days, with a training; its run's status."""
    first, last = TRAINED_ON
    days = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    return run(servers, "milling_road", **days)


@pytest.fixture(scope="module")
def incident(servers: Servers, night: str) -> list[dict[str, str]]:
    """A job that fails as its table is damaged, and then does not; what the daemon told of it.

    Before it one that is refused, of which nothing is told.
    """

    def told() -> list[dict[str, str]]:
        return [one for one in servers.told.messages if "restore_table" in one["title"]]

    def ends(table: str) -> str:
        config = {"table": table, "version": 0, "who": "ann", "reason": "a test"}
        return run(servers, "restore_table", {"ops": {"restoration": {"config": config}}})

    def heard(messages: int) -> None:
        end = time.monotonic() + PATIENCE
        while len(told()) < messages and time.monotonic() < end:
            time.sleep(1)

    log = "raw/milling/products/_delta_log/"
    newest = max(one for one in servers.objects("lake") if one.startswith(log) and one.endswith(".json"))
    assert ends("raw/no/table") == "FAILURE"
    with servers.damaged("lake", newest):
        assert ends("raw/milling/products") == "FAILURE"
        heard(1)
    assert ends("raw/milling/products") == "SUCCESS"
    heard(2)
    return told()


def test_a_night_runs_against_postgres_and_object_storage(servers: Servers, night: str) -> None:
    assert night == "SUCCESS", (servers.folder / "code.log").read_text(encoding="utf-8")[-3000:]
    counted = "SELECT count(*) FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION' AND partition = "
    [(events,)] = servers.database.query("dagster", f"{counted}'{DAY}'")
    assert isinstance(events, int)
    assert events >= 5
    assert not list((servers.folder / "home").rglob("*.db"))


def lines(file: Path) -> int:
    """How many rows a file delivers, beside the names of its columns."""
    return len(file.read_text(encoding="utf-8").splitlines()) - 1


def test_the_tables_hold_each_line_of_each_file_of_the_day(servers: Servers, night: str) -> None:
    delivered = {file.name: lines(file) for file in (servers.folder / "landing").rglob(f"*_{DAY}.csv")}
    assert {file.partition("_")[0] for file in delivered} == {"ai4i", "steel"}
    taken: Counter[str] = Counter()
    for key in servers.tables("raw"):
        if key[-1] != "deliveries":
            taken.update(servers.lake.read(key, columns=["file"]).column("file").to_pylist())
    assert taken == delivered
    for domain, table in MEASURED.items():
        files = (servers.folder / "landing" / domain).glob(f"*_{DAY}.csv")
        rows = servers.lake.read(["harmonized", domain, table], where={"day": date.fromisoformat(DAY)})
        assert rows.num_rows == sum(map(lines, files)), domain


def test_a_model_is_trained_registered_and_serves_through_mlflow_s_server(
    servers: Servers, trained: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lakehouse_assets.lifecycle.registry import ModelRegistry

    assert trained == "SUCCESS", (servers.folder / "code.log").read_text(encoding="utf-8")[-3000:]
    through_the_server = "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD"
    monkeypatch.setenv(through_the_server, servers.environment[through_the_server])
    registry = ModelRegistry(tracking_uri=servers.url("mlflow"), artifact_root="mlflow-artifacts:/")
    champion = registry.champion("milling_failure")
    assert champion is not None
    assert registry.load(champion).features
    assert any(name.startswith("milling_failure/") for name in servers.objects("mlflow"))
    made = servers.lake.read_pandas(["delivery", "milling_failure", "predictions"])
    assert set(made["model_version"]) == {champion.version}
    [(versions,)] = servers.database.query("mlflow", "SELECT count(*) FROM model_versions")
    assert versions == 1


def test_the_daemon_is_alive_by_its_own_probe(servers: Servers, night: str) -> None:
    probe = [str(Path(sys.executable).parent / "dagster-daemon"), "liveness-check"]
    done = subprocess.run(probe, env=servers.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_daemon_tells_of_an_incident_once_and_once_that_it_is_over(
    servers: Servers, incident: list[dict[str, str]]
) -> None:
    assert [one["title"] for one in incident] == ["restore_table: run failed", "Over: restore_table: run failed"]
    assert "raw/milling/products" in incident[0]["message"]
    assert "no/table" not in incident[0]["message"], "who asked for what is no table reads it in the run"


def test_no_tick_of_a_sensor_failed(servers: Servers, incident: list[dict[str, str]]) -> None:
    ticks = servers.database.query("dagster", "SELECT status, count(*) FROM job_ticks GROUP BY status")
    assert {status for status, _ in ticks} <= {"SKIPPED", "SUCCESS", "STARTED"}
    assert ticks


def test_no_secret_stands_in_anything_that_the_platform_tells(servers: Servers, incident: list[dict[str, str]]) -> None:
    told = everything_told(servers)
    for name, holds in (
        ("the logs of the processes", "Channel json-"),
        ("the database dagster", "milling"),
        ("the database mlflow", "alembic_version"),
        ("the lake", "restore_table"),
        ("the web server", "LAKE_STORAGE_AWS_SECRET_ACCESS_KEY"),
        ("make health", "milling_failure (use case)"),
    ):
        assert holds in told[name], f"{name} was not looked through"
    found = [(name, n) for name, text in told.items() for n, one in enumerate(servers.secret_values) if one in text]
    assert found == [], "where, and which of the secrets by its place"
