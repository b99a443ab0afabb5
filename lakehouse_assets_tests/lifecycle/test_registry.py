"""Against a real MLflow registry in SQLite: a version is found again, loaded, served and told apart."""

import json
import shutil
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from lakehouse_assets.lifecycle.learning.model import model_digest
from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings
from lakehouse_assets.lifecycle.registry import ModelRegistry, UnknownVersionError
from lakehouse_assets.lifecycle.serving.pyfunc import MODEL_FOLDER
from lakehouse_assets_tests.lifecycle.learning.problems import TASKS, problem
from lakehouse_assets_tests.lifecycle.pumps import VIEW, Plant, candidate, trained


@pytest.mark.parametrize("task", TASKS)
def test_a_registered_version_predicts_as_the_trained_model_and_knows_its_origin(plant: Plant, task: str) -> None:
    model = trained(plant.lake, task)
    made = plant.registry.register(candidate(model, f"{task}_pumps"))
    read = plant.registry.load(made)
    rows = problem(task).features
    pd.testing.assert_frame_equal(read.predict(rows), model.predict(rows), check_exact=True)
    assert made == plant.registry.version(f"{task}_pumps", 1) == plant.registry.by_recipe(f"{task}_pumps", "r1")
    assert dict(made.delta_versions) == {VIEW.table: 3}
    assert (made.feature_version, made.code_version) == ("f1", "c1")
    assert ModelSettings.from_json(json.loads(made.tags["settings"])) == model.settings
    assert plant.registry.metrics_of(made) == pytest.approx(dict(model.training_metrics))


def test_the_folder_is_text_and_the_tag_is_its_digest(plant: Plant) -> None:
    made = plant.registry.register(candidate(trained(plant.lake), "fans"))
    folder = plant.registry.folder(made)
    assert made.tags["model_digest"] == model_digest(folder / MODEL_FOLDER)
    kept = [path for path in folder.parents[1].rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if path.suffix in (".pkl", ".pickle", ".joblib")]
    for path in kept:
        path.read_text(encoding="utf-8")


def test_registering_makes_a_challenger_and_promotion_makes_it_the_champion(plant: Plant) -> None:
    registry, model = plant.registry, trained(plant.lake)
    assert registry.champion("valves") is None
    assert registry.challenger("valves") is None
    first = registry.register(candidate(model, "valves"))
    assert registry.challenger("valves") == first
    registry.promote(first)
    assert registry.champion("valves") == first
    assert registry.challenger("valves") is None
    second = registry.register(candidate(model, "valves", recipe="r2"))
    assert (registry.champion("valves"), registry.challenger("valves")) == (first, second)
    registry.promote(second)
    registry.promote(first)
    assert (registry.champion("valves"), registry.challenger("valves")) == (first, None)


def test_promoting_an_older_version_leaves_the_newer_one_a_challenger(plant: Plant) -> None:
    registry, model = plant.registry, trained(plant.lake)
    older, newer = (registry.register(candidate(model, "seals", recipe=recipe)) for recipe in ("r1", "r2"))
    registry.promote(older)
    assert (registry.champion("seals"), registry.challenger("seals")) == (older, newer)


def test_the_run_holds_parameters_metrics_plots_and_the_signature_of_an_entity(plant: Plant) -> None:
    made = plant.registry.register(candidate(trained(plant.lake, "classification"), "gears", metrics={"rows": 5.0}))
    client = MlflowClient(plant.registry.tracking_uri)
    run = client.get_run(made.run_id)
    assert (run.data.params["num_leaves"], run.data.params["rounds"]) == ("7", "15")
    assert run.data.metrics["rows"] == 5.0
    assert "out_of_fold_f1" in run.data.metrics
    assert [item.path for item in client.list_artifacts(made.run_id, "plots")] == ["plots/importances.png"]
    signature = mlflow.models.get_model_info(made.uri).signature
    assert signature.inputs.input_names() == ["pump", "line", "day"]
    assert signature.inputs.required_input_names() == ["pump", "line"]
    assert signature.outputs.input_names() == [
        *("pump", "line", "day", "predicted_at", "wear", "alarm", "model_version", "feature_version")
    ]


def test_a_version_that_is_not_there_or_of_another_form_is_named(plant: Plant, tmp_path: Path) -> None:
    plant.registry.register(candidate(trained(plant.lake), "rotors"))
    with pytest.raises(UnknownVersionError, match=r"rotors has no version 7; it has \[1\]"):
        plant.registry.version("rotors", 7)
    plant.registry.use_experiment("strange")
    with mlflow.start_run():
        given = {"name": "model", "registered_model_name": "strange", "pip_requirements": []}
        mlflow.pyfunc.log_model(python_model=lambda model_input: model_input, **given)
    with pytest.raises(UnknownVersionError, match="not registered by this platform"):
        plant.registry.load(plant.registry.version("strange", 1))


@pytest.mark.parametrize("root", ["mlflow-artifacts:", "mlflow-artifacts:/", "s3://mlflow", "s3://mlflow/"])
def test_a_use_case_s_artifacts_lie_below_the_root_however_it_ends(
    root: str, tmp_path: Path, empty_registry: Path
) -> None:
    shutil.copy(empty_registry, tmp_path / "m.db")
    registry = ModelRegistry(tracking_uri=f"sqlite:///{tmp_path / 'm.db'}", artifact_root=root)
    registry.use_experiment("wear")
    place = registry.client().get_experiment_by_name("wear").artifact_location
    assert place == ("mlflow-artifacts:/wear" if root.startswith("mlflow") else "s3://mlflow/wear")
