"""A booster with its band in the registry: the form of a use case that is not yet on the component."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakehouse_assets.lifecycle.model_version import ModelVersion

if TYPE_CHECKING:
    import pandas as pd

    from lakehouse_assets.lifecycle.registry import ModelRegistry


@dataclass(frozen=True)
class BoosterCandidate:
    """A trained booster before it is registered: its uncertainty band, and what it came from."""

    booster: Any
    band: "pd.DataFrame"
    features: list[str]
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    delta_versions: Mapping[str, int]
    feature_version: str
    recipe: str
    tags: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, bytes] = field(default_factory=dict)
    example: "pd.DataFrame | None" = None


@dataclass(frozen=True)
class LoadedModel:
    """A version that can predict."""

    version: ModelVersion
    booster: Any
    band: "pd.DataFrame"

    def predict(self, features: "pd.DataFrame") -> Any:
        """One prediction per row; columns are taken by name in the order the model learned them."""
        return self.booster.predict(features[self.booster.feature_name()].to_numpy(dtype="float64"), num_threads=2)


def register_booster(registry: "ModelRegistry", name: str, candidate: BoosterCandidate) -> ModelVersion:
    """Log a training run with all it made, and register its model as the newest version, the challenger."""
    import mlflow
    import mlflow.lightgbm
    from mlflow.models import infer_signature

    from lakehouse_assets.lifecycle.registration import LoggedModel

    registry.use_experiment(name)
    with mlflow.start_run(run_name=f"{name} {candidate.recipe[:8]}") as run:
        mlflow.log_params(dict(candidate.params))
        mlflow.log_metrics(dict(candidate.metrics))
        mlflow.set_tags({**candidate.tags, "delta_versions": json.dumps(dict(candidate.delta_versions))})
        for file, png in candidate.figures.items():
            _log_bytes(run.info.run_id, file, png)
        mlflow.log_text(json.dumps(candidate.band.to_dict("records")), "band.json")
        example = candidate.example
        logged = mlflow.lightgbm.log_model(
            candidate.booster,
            name="model",
            signature=infer_signature(example, candidate.booster.predict(example)) if example is not None else None,
            # Without a list MLflow spends half a minute on finding it out.
            pip_requirements=_requirements(),
        )
    tags = {
        "feature_version": candidate.feature_version,
        "recipe": candidate.recipe,
        "delta_versions": json.dumps(dict(candidate.delta_versions)),
    }
    return registry.add_version(name, LoggedModel(run.info.run_id, logged.model_uri, logged.model_id, tags))


def load_booster(registry: "ModelRegistry", version: ModelVersion) -> LoadedModel:
    """Load a version's booster and band."""
    import mlflow
    import mlflow.lightgbm
    import pandas as pd

    registry.prepare()
    booster = mlflow.lightgbm.load_model(version.uri)
    band = json.loads(mlflow.artifacts.load_text(f"runs:/{version.run_id}/band.json"))
    return LoadedModel(version, booster, pd.DataFrame(band))


def _log_bytes(run_id: str, file: str, content: bytes) -> None:
    import tempfile

    import mlflow

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / file
        path.write_bytes(content)
        mlflow.log_artifact(str(path), "plots", run_id=run_id)


def _requirements() -> list[str]:
    from importlib.metadata import version

    return [f"{package}=={version(package)}" for package in ("lightgbm", "numpy", "pandas", "scikit-learn")]
