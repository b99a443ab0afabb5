"""The model registry: MLflow's, with what this platform needs to know of a model version.

A version carries, as tags, the Delta version of every table that it learned from, the version of its features and a
hash of everything that decides what it became. Promotion moves an alias and nothing else.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

if TYPE_CHECKING:
    import pandas as pd

CHAMPION = "champion"
CHALLENGER = "challenger"


class RegistryUnreachableError(RuntimeError):
    """The model registry does not answer, so nobody knows what its models need."""


@dataclass(frozen=True)
class Candidate:
    """A trained model before it is registered: the booster, its uncertainty band, and what it came from."""

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
class ModelVersion:
    """A version in the registry and what its tags say of its origin."""

    name: str
    version: int
    run_id: str
    feature_version: str
    recipe: str
    delta_versions: Mapping[str, int]


@dataclass(frozen=True)
class LoadedModel:
    """A version that can predict."""

    version: ModelVersion
    booster: Any
    band: "pd.DataFrame"

    def predict(self, features: "pd.DataFrame") -> Any:
        """One prediction per row; columns are taken by name in the order the model learned them."""
        return self.booster.predict(features[self.booster.feature_name()].to_numpy(dtype="float64"), num_threads=2)


class ModelRegistry(dg.ConfigurableResource[None]):
    """MLflow's registry, embedded (SQLite) or a server."""

    tracking_uri: str
    artifact_root: str

    def register(self, name: str, candidate: Candidate) -> ModelVersion:
        """Log a training run with all it made, and register its model as the newest version, the challenger."""
        import mlflow
        from mlflow.models import infer_signature

        self._connect(name)
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
        client = self._client()
        _ensure_registered(client, name)
        version = client.create_model_version(
            name,
            source=logged.model_uri,
            run_id=run.info.run_id,
            model_id=logged.model_id,
            tags={
                "feature_version": candidate.feature_version,
                "recipe": candidate.recipe,
                "delta_versions": json.dumps(dict(candidate.delta_versions)),
            },
        )
        client.set_registered_model_alias(name, CHALLENGER, version.version)
        return _version(version)

    def by_recipe(self, name: str, recipe: str) -> ModelVersion | None:
        """The newest version that was made of exactly this recipe, if there is one."""
        same = [version for version in self.versions(name) if version.recipe == recipe]
        return max(same, key=lambda version: version.version) if same else None

    def versions(self, name: str) -> list[ModelVersion]:
        """All versions of a model, the oldest first."""
        self._prepare()
        found = self._client().search_model_versions(f"name='{name}'")
        return sorted((_version(version) for version in found), key=lambda version: version.version)

    def all_versions(self) -> list[ModelVersion]:
        """Every version of every registered model that has not been deleted, of all use cases.

        Raises:
            RegistryUnreachableError: the registry cannot be asked.
            ValueError: a version's tag `delta_versions` is not what `register` writes.
        """
        file = Path(self.tracking_uri.removeprefix("sqlite:///"))
        if self.tracking_uri.startswith("sqlite:///") and not file.exists():
            # MLflow would make an empty one, in which no model needs anything.
            raise RegistryUnreachableError(
                f"There is no model registry at {file}. Set MLFLOW_TRACKING_URI to the one of this lake, or train a "
                "first model, which makes it."
            )
        found, token = [], None
        try:
            self._prepare()
            while token != "":
                page = self._client().search_model_versions(max_results=1000, page_token=token)
                found += page
                token = page.token or ""
        except Exception as error:
            raise RegistryUnreachableError(
                f"The model registry {self.tracking_uri} cannot be asked: {error}"
            ) from error
        return sorted((_version(version) for version in found), key=lambda version: (version.name, version.version))

    def pins(self) -> dict[str, dict[str, int]]:
        """Every version of every registered model, as ``name version 3``, with the table versions that it needs."""
        file = Path(self.tracking_uri.removeprefix("sqlite:///"))
        if self.tracking_uri.startswith("sqlite:///") and not file.exists():
            return {}
        return {f"{one.name} version {one.version}": dict(one.delta_versions) for one in self.all_versions()}

    def champion(self, name: str) -> ModelVersion | None:
        """The version that serves, or None before the first promotion."""
        from mlflow.exceptions import MlflowException

        self._prepare()
        try:
            return _version(self._client().get_model_version_by_alias(name, CHAMPION))
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise

    def promote(self, version: ModelVersion) -> None:
        """Let a version serve: one move of an alias."""
        self._client().set_registered_model_alias(version.name, CHAMPION, str(version.version))

    def load(self, version: ModelVersion) -> LoadedModel:
        """Load a version's booster and band."""
        import mlflow
        import pandas as pd

        self._prepare()
        booster = mlflow.lightgbm.load_model(f"models:/{version.name}/{version.version}")
        band = json.loads(mlflow.artifacts.load_text(f"runs:/{version.run_id}/band.json"))
        return LoadedModel(version, booster, pd.DataFrame(band))

    def _connect(self, experiment: str) -> None:
        import mlflow

        self._prepare()
        found = self._client().get_experiment_by_name(experiment)
        if found is None:
            self._client().create_experiment(experiment, artifact_location=f"{self.artifact_root}/{experiment}")
        mlflow.set_experiment(experiment)

    def _prepare(self) -> None:
        import mlflow
        import mlflow.lightgbm

        if self.tracking_uri.startswith("sqlite:///"):
            Path(self.tracking_uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        mlflow.set_tracking_uri(self.tracking_uri)

    def _client(self) -> Any:
        from mlflow.tracking import MlflowClient

        return MlflowClient(self.tracking_uri)


def _ensure_registered(client: Any, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _version(found: Any) -> ModelVersion:
    tags = found.tags or {}
    return ModelVersion(
        name=found.name,
        version=int(found.version),
        run_id=found.run_id or "",
        feature_version=tags.get("feature_version", ""),
        recipe=tags.get("recipe", ""),
        delta_versions=_delta_versions(found.name, found.version, tags.get("delta_versions", "{}")),
    )


def _delta_versions(name: str, version: Any, tag: str) -> dict[str, int]:
    try:
        return {str(table): int(number) for table, number in json.loads(tag).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f"Model {name} version {version}: its tag delta_versions must be a JSON object of table to version, found "
            f"{tag!r}. Put the tag right, or delete the version if nobody needs it."
        ) from error


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
