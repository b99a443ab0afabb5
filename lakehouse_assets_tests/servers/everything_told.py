"""Whatever the platform of real servers tells or keeps, as text: a secret would have to stand somewhere in it."""

import json
import subprocess
import sys

import requests

from lakehouse_assets_tests.conftest import PROJECT
from lakehouse_assets_tests.servers.postgres import BINARIES
from lakehouse_assets_tests.servers.running import Servers

#: What the UI shows of settings, resources and the failed looks of sensors.
SHOWN = """{
  instance { info }
  allTopLevelResourceDetailsOrError(repositorySelector: {
      repositoryName: "__repository__", repositoryLocationName: "lakehouse_assets"}) {
    ... on ResourceDetailsList { results { name description configFields { name description defaultValueAsJson }
      configuredValues { key value type } } } ... on PythonError { message } }
  runsOrError { ... on Runs { results { runConfigYaml tags { key value } } } }
  workspaceOrError { ... on Workspace { locationEntries { displayMetadata { key value } } } }
}"""


def everything_told(servers: Servers) -> dict[str, str]:
    """Texts by what tells them."""
    shown = requests.post(f"{servers.url('webserver')}/graphql", json={"query": SHOWN}, timeout=600).json()
    assert "errors" not in shown, shown
    health = subprocess.run(
        [sys.executable, "-m", "lakehouse_assets.operations.health"],
        env=servers.environment,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "the logs of the processes": "".join(
            file.read_text(errors="replace") for file in servers.folder.rglob("*") if file.is_file()
        ),
        "the database dagster": _dump(servers, "dagster"),
        "the database mlflow": _dump(servers, "mlflow"),
        "the lake": "".join(repr(servers.lake.read(key).to_pylist()) for key in servers.tables()),
        "the objects of lake and registry": "".join(servers.storage_texts()),
        "the web server": json.dumps(shown),
        "make health": health.stdout + health.stderr,
    }


def _dump(servers: Servers, database: str) -> str:
    command = [str(BINARIES[-1] / "pg_dump"), "-d", servers.database.url(database)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
