"""Against a real MLflow registry in SQLite, with a real booster."""

import shutil
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.lifecycle.booster_registry import BoosterCandidate, load_booster, register_booster
from lakehouse_assets.lifecycle.intervals import fit_band
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.lifecycle.scoring import in_service, predict, require_same_features

RANDOM = np.random.default_rng(1)
ROWS = pd.DataFrame({"x": RANDOM.normal(size=300), "y": RANDOM.normal(size=300)})
TRUTH = (50 + 10 * ROWS["x"]).to_numpy()


@pytest.fixture(scope="module")
def registry(empty_registry: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelRegistry:
    folder = tmp_path_factory.mktemp("mlflow")
    shutil.copy(empty_registry, folder / "m.db")
    return ModelRegistry(tracking_uri=f"sqlite:///{folder / 'm.db'}", artifact_root=Path(folder, "art").as_uri())


def candidate(recipe: str) -> BoosterCandidate:
    params = {"verbosity": -1, "deterministic": True, "force_row_wise": True, "num_threads": 1}
    booster = lightgbm.train(params, lightgbm.Dataset(ROWS.to_numpy(), TRUTH, feature_name=["x", "y"]), 20)
    return BoosterCandidate(
        booster=booster,
        band=fit_band(booster.predict(ROWS.to_numpy()), TRUTH),
        features=["x", "y"],
        params=params,
        metrics={"out_of_fold_rmse": 1.5},
        delta_versions={"delivery/a/features": 7},
        feature_version="f1",
        recipe=recipe,
        figures={"importances.png": b"\x89PNG"},
        example=ROWS.head(),
    )


def test_before_the_first_promotion_there_is_no_champion(registry: ModelRegistry) -> None:
    assert registry.champion("pumps") is None
    assert registry.versions("pumps") == []


def test_a_registered_version_predicts_as_the_trained_model_and_knows_its_origin(registry: ModelRegistry) -> None:
    made = candidate("r1")
    version = register_booster(registry, "pumps", made)
    loaded = load_booster(registry, version)
    assert np.array_equal(loaded.predict(ROWS[["y", "x"]]), made.booster.predict(ROWS.to_numpy()))
    pd.testing.assert_frame_equal(loaded.band, made.band)
    assert dict(version.delta_versions) == {"delivery/a/features": 7}
    assert registry.by_recipe("pumps", "r1") == version
    assert registry.by_recipe("pumps", "another") is None


def test_registering_makes_no_champion_and_promotion_moves_the_alias(registry: ModelRegistry) -> None:
    first, second = (register_booster(registry, "fans", candidate(recipe)) for recipe in ("r1", "r2"))
    assert registry.champion("fans") is None
    registry.promote(first)
    assert registry.champion("fans") == first
    registry.promote(second)
    assert registry.champion("fans") == second
    assert [version.version for version in registry.versions("fans")] == [1, 2]


def test_the_run_holds_parameters_metrics_plots_signature_and_delta_versions(registry: ModelRegistry) -> None:
    import mlflow
    from mlflow.tracking import MlflowClient

    version = register_booster(registry, "valves", candidate("r1"))
    client = MlflowClient(registry.tracking_uri)
    run = client.get_run(version.run_id)
    assert run.data.params["num_threads"] == "1"
    assert run.data.metrics["out_of_fold_rmse"] == 1.5
    assert run.data.tags["delta_versions"] == '{"delivery/a/features": 7}'
    assert [item.path for item in client.list_artifacts(version.run_id, "plots")] == ["plots/importances.png"]
    signature = mlflow.models.get_model_info(f"models:/valves/{version.version}").signature
    assert signature is not None
    assert signature.inputs.input_names() == ["x", "y"]


def test_predictions_carry_a_band_and_the_versions_they_come_from(registry: ModelRegistry) -> None:
    model = load_booster(registry, register_booster(registry, "gears", candidate("r1")))
    rows = ROWS.head(4).assign(engine_id=list("abcd"), day=pd.Timestamp("2024-01-01"), fleet="F", cycle=[1.0, 2, 3, 4])
    predicted = predict(rows, model)
    assert (predicted["lower"] <= predicted["upper"]).all()
    assert predicted[["model_version", "feature_version"]].drop_duplicates().values.tolist() == [[1, "f1"]]
    assert predict(rows.iloc[:0], model).empty


def test_features_of_another_version_are_refused_with_what_to_do(registry: ModelRegistry) -> None:
    version = register_booster(registry, "rotors", candidate("r1"))
    with pytest.raises(ValueError, match=r"learned from features f1.*run the training job"):
        require_same_features(version, pd.DataFrame({"feature_version": ["f2"]}))
    require_same_features(version, pd.DataFrame({"feature_version": ["f1", "f1"]}))


def test_rows_of_several_feature_versions_are_refused_even_if_one_is_the_models(registry: ModelRegistry) -> None:
    version = register_booster(registry, "shafts", candidate("r1"))
    with pytest.raises(ValueError, match=r"mixes the feature versions f1, f2.*for all days"):
        require_same_features(version, pd.DataFrame({"feature_version": ["f1", "f2"]}))


def test_engines_that_failed_by_a_day_are_not_in_service_on_it() -> None:
    days = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-01"])
    rows = pd.DataFrame({"engine_id": ["a", "a", "b"], "day": days})
    failures = pd.DataFrame({"engine_id": ["a"], "day": [pd.Timestamp("2024-01-02")]})
    assert in_service(rows, failures)[["engine_id"]].values.tolist() == [["a"], ["b"]]
    assert len(in_service(rows, failures.iloc[:0])) == 3
