"""A registered version can be loaded for as long as it is kept, wherever the code behind its loader has gone."""

import shutil
from pathlib import Path

import mlflow
import pytest
import yaml

from lakehouse_assets.lifecycle.model_version import ModelVersion
from lakehouse_assets_tests.lifecycle.pumps import Plant, candidate, feature_rows, trained

#: Every name that a version in some registry may carry. One that stands here may never be taken away.
NAMES = (
    "lakehouse_assets.model_loader",
    "lakehouse_assets.lifecycle.serving.pyfunc",
    "lakehouse_assets.lifecycle.pyfunc",
)


@pytest.fixture(scope="module")
def version(plant: Plant) -> ModelVersion:
    return plant.registry.register(candidate(trained(plant.lake), "kept"))


@pytest.fixture
def registered(plant: Plant, version: ModelVersion, tmp_path: Path) -> Path:
    """What the registry holds of the version, in a folder of its own."""
    plant.registry.prepare()
    there = mlflow.artifacts.download_artifacts(artifact_uri=version.uri)
    return Path(shutil.copytree(there, tmp_path / "kept"))


def test_a_new_version_names_the_loader_that_is_promised(registered: Path) -> None:
    flavor = yaml.safe_load((registered / "MLmodel").read_text(encoding="utf-8"))["flavors"]["python_function"]
    assert flavor["loader_module"] == NAMES[0]


@pytest.mark.parametrize("name", NAMES)
def test_versions_of_every_name_that_was_ever_used_load_and_predict(
    plant: Plant, version: ModelVersion, registered: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in plant.environment.items():
        monkeypatch.setenv(variable, value)
    file = registered / "MLmodel"
    text = file.read_text(encoding="utf-8").replace(f"loader_module: {NAMES[0]}\n", f"loader_module: {name}\n")
    assert f"loader_module: {name}\n" in text
    file.write_text(text, encoding="utf-8")
    asked = feature_rows().iloc[:20][["pump", "line", "day"]].reset_index(drop=True)
    found = mlflow.pyfunc.load_model(str(registered)).predict(asked)
    now = mlflow.pyfunc.load_model(version.uri).predict(asked)
    assert found["wear"].nunique() > 1
    assert found["wear"].tolist() == now["wear"].tolist()
