"""A PostgreSQL server of Debian's package, in a folder of its own."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lakehouse_assets_tests.ports import free_port

#: Debian keeps the server's programs out of the PATH, in a folder of their version.
BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
WITHOUT_IT = "These tests need PostgreSQL, which is not here: apt-get install postgresql (.ci/run does)."
#: The server refuses to run as root; Debian's package brings this user.
ACCOUNT = "postgres"
#: Seconds that its start and its end may take; pg_ctl gives up after 60, and two busy cores are slow.
PATIENCE = "600"


@dataclass(frozen=True)
class Postgres:
    port: int
    password: str

    def url(self, database: str, scheme: str = "postgresql") -> str:
        return f"{scheme}://lakehouse:{self.password}@127.0.0.1:{self.port}/{database}"

    def query(self, database: str, statement: str) -> list[tuple[object, ...]]:
        import psycopg2

        with psycopg2.connect(self.url(database)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            found: list[tuple[object, ...]] = cursor.fetchall()
            return found


@contextmanager
def postgres(folder: Path) -> Iterator[Postgres]:
    """A server with the databases of deploy/databases.sql; it is stopped at the end."""
    made = Postgres(free_port(), secrets.token_hex(12))
    account = {"user": ACCOUNT} if os.geteuid() == 0 else {}
    # Outside of pytest's folders, which only root may enter.
    data, password = folder / "data", folder / "password"
    folder.mkdir(parents=True, exist_ok=True)
    password.write_text(made.password, encoding="utf-8")
    if account:
        shutil.chown(folder, ACCOUNT)
        shutil.chown(password, ACCOUNT)
    initdb = ["initdb", "-D", data, "-U", "lakehouse", "--pwfile", password, "-A", "scram-sha-256", "-E", "UTF8"]
    _run([*initdb, "--locale", "C.UTF-8", "--no-sync"], account)
    options = f"-p {made.port} -h 127.0.0.1 -k {folder} -c fsync=off"
    _run(["pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "-t", PATIENCE, "start"], account)
    try:
        environment = {**os.environ, "PGPASSWORD": made.password}
        for statement in ("CREATE DATABASE dagster", "CREATE DATABASE mlflow", "CREATE DATABASE tuning"):
            psql = [BINARIES[-1] / "psql", "-h", "127.0.0.1", "-p", str(made.port), "-U", "lakehouse", "-c", statement]
            subprocess.run([*psql, "postgres"], env=environment, check=True, capture_output=True)
        yield made
    finally:
        _run(["pg_ctl", "-D", data, "-m", "immediate", "-t", PATIENCE, "stop"], account)


def _run(command: list[str | Path], account: dict[str, str]) -> None:
    # Its output goes to a file: a pipe would be kept open by the server that it starts.
    done = subprocess.run(
        [BINARIES[-1] / command[0], *command[1:]],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **account,
    )  # type: ignore[call-overload]
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}"
