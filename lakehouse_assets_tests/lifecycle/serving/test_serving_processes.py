"""MLflow's own commands, and a clean process, give the numbers of the model that was trained here."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.lifecycle.model_version import ModelVersion
from lakehouse_assets.lifecycle.serving.clean_process import score_in_clean_process
from lakehouse_assets.lifecycle.serving.predicted import predicted
from lakehouse_assets.lifecycle.serving.retrieval import features_at
from lakehouse_assets_tests.conftest import stop_with_its_children
from lakehouse_assets_tests.lifecycle.pumps import VIEW, Plant, candidate, feature_rows, observations, trained
from lakehouse_assets_tests.ports import free_port

MLFLOW = str(Path(sys.executable).with_name("mlflow"))


@pytest.fixture(scope="module")
def champion(plant: Plant) -> ModelVersion:
    made = plant.registry.register(candidate(trained(plant.lake), "pumps"))
    plant.registry.promote(made)
    return made


@pytest.fixture(scope="module")
def asked() -> pd.DataFrame:
    rows = feature_rows().sample(15, random_state=3)[["pump", "line", "day"]].reset_index(drop=True)
    return pd.concat([rows, pd.DataFrame({"pump": ["nobody"], "line": [1], "day": [rows.loc[0, "day"]]})])


@pytest.fixture(scope="module")
def expected(plant: Plant, champion: ModelVersion, asked: pd.DataFrame) -> pd.DataFrame:
    wanted = observations(asked)
    rows = features_at(plant.lake, wanted, [VIEW])
    return wanted.join(predicted(plant.registry.load(champion), rows, "wear", champion.version, "f1", "test"))


def assert_same(answer: list[dict[str, object]], expected: pd.DataFrame) -> None:
    assert list(answer[0]) == list(expected.columns)
    for given, row in zip(answer, expected.to_dict("records"), strict=True):
        assert (given["pump"], given["day"]) == (row["pump"], str(row["day"]))
        assert pd.Timestamp(str(given["predicted_at"])) == row["predicted_at"]
        for column in ("wear", "lower", "upper", "feature_version"):
            assert given[column] == (None if pd.isna(row[column]) else row[column])
        assert given["model_version"] == 1
    assert answer[-1]["wear"] is None


def environment(plant: Plant) -> dict[str, str]:
    """As after `. .venv/bin/activate`: MLflow starts uvicorn by its name."""
    path = f"{Path(MLFLOW).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, **plant.environment, "MLFLOW_DISABLE_TELEMETRY": "true", "PATH": path}


def test_mlflow_models_predict_gives_the_numbers_of_scoring(
    plant: Plant, champion: ModelVersion, asked: pd.DataFrame, expected: pd.DataFrame, tmp_path: Path
) -> None:
    asked.to_csv(tmp_path / "in.csv", index=False)
    command = [MLFLOW, "models", "predict", "-m", "models:/pumps@champion", "-i", "in.csv", "-t", "csv"]
    done = subprocess.run(
        [*command, "-o", "out.json", "--env-manager", "local"],
        env=environment(plant), cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert_same(json.loads((tmp_path / "out.json").read_text(), parse_constant=pytest.fail)["predictions"], expected)


@pytest.fixture(scope="module")
def server(plant: Plant, champion: ModelVersion, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    log = tmp_path_factory.mktemp("server") / "server.log"
    command = [MLFLOW, "models", "serve", "-m", "models:/pumps@champion", "-p", str(port), "--env-manager", "local"]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, env=environment(plant), cwd=log.parent, stdout=file, stderr=file, start_new_session=True
        )
    try:
        end = time.monotonic() + 600
        while True:
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < end, f"it does not answer:\n{log.read_text()[-3000:]}"
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=60)
                break
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        stop_with_its_children(process)


def post(url: str, content: object) -> tuple[int, str]:
    body = json.dumps(content, default=str).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=600) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_mlflow_models_serve_gives_the_numbers_of_scoring_and_says_what_it_lacks(
    server: str, asked: pd.DataFrame, expected: pd.DataFrame
) -> None:
    for content in ({"dataframe_records": asked.to_dict("records")}, {"dataframe_split": asked.to_dict("split")}):
        status, text = post(server, content)
        assert status == 200, text
        assert_same(json.loads(text, parse_constant=pytest.fail)["predictions"], expected)
    status, text = post(server, {"dataframe_records": [{"pump": "p1"}]})
    assert status == 400
    assert "missing inputs ['line']" in text


def test_a_clean_process_gives_the_numbers_of_scoring(
    plant: Plant, champion: ModelVersion, asked: pd.DataFrame, expected: pd.DataFrame
) -> None:
    place = {"tracking_uri": plant.registry.tracking_uri, "lake_uri": plant.environment["LAKE_URI"]}
    found = score_in_clean_process(champion.uri, asked, **place)
    assert found.passed, found.error
    assert found.predictions is not None
    np.testing.assert_array_equal(
        found.predictions["wear"].to_numpy("float64", na_value=np.nan), expected["wear"].to_numpy()
    )


def test_a_version_that_does_not_load_or_finds_no_features_fails_with_its_reason(
    plant: Plant, champion: ModelVersion, asked: pd.DataFrame
) -> None:
    place = {"tracking_uri": plant.registry.tracking_uri, "lake_uri": plant.environment["LAKE_URI"]}
    broken = plant.registry.register(candidate(trained(plant.lake), "broken"))
    (plant.registry.folder(broken) / "trained" / "booster.txt").unlink()
    found = score_in_clean_process(broken.uri, asked, **place)
    assert not found.passed
    assert "booster.txt is missing" in found.error
    nobody = score_in_clean_process(champion.uri, asked.tail(1), **place)
    assert "found no features for any of 1 rows" in nobody.error
    assert "within 0.01 s" in score_in_clean_process(champion.uri, asked, **place, timeout=0.01).error
