"""The model registry: MLflow's, with what this platform needs to know of a model version.

A version carries, as tags, the Delta version of every table that it learned from, the version of its features and of
the code, its settings, and hashes of its rows and of itself. Promotion moves an alias and nothing else.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets.lifecycle.model_version import ModelVersion, version_from

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.learning.model import TrainedModel
    from lakehouse_assets.lifecycle.registration import Candidate, LoggedModel

CHAMPION = "champion"
CHALLENGER = "challenger"

_SQLITE = "sqlite:///"
#: Databases that this process knows to be whole.
_made: set[str] = set()


class RegistryUnreachableError(RuntimeError):
    """The model registry does not answer, so nobody knows what its models need."""


class UnknownVersionError(ValueError):
    """The registry holds no such version."""


class ModelRegistry(dg.ConfigurableResource[None]):
    """MLflow's registry, embedded (SQLite) or a server."""

    tracking_uri: str
    artifact_root: str

    def register(self, candidate: "Candidate") -> ModelVersion:
        """Log a training run with all it made, and register its model as the newest version, the challenger."""
        from lakehouse_assets.lifecycle.registration import log_candidate

        name = candidate.serving.use_case
        self.use_experiment(name)
        return self.add_version(name, log_candidate(candidate))

    def add_version(self, name: str, logged: "LoggedModel") -> ModelVersion:
        """Make a logged model the newest version, the challenger."""
        client = self.client()
        _ensure_registered(client, name)
        version = client.create_model_version(
            name, source=logged.model_uri, run_id=logged.run_id, model_id=logged.model_id, tags=dict(logged.tags)
        )
        client.set_registered_model_alias(name, CHALLENGER, version.version)
        return version_from(version)

    def load(self, version: ModelVersion) -> "TrainedModel":
        """The model of a version, to be asked on features."""
        from lakehouse_assets.lifecycle.learning.loading import load_model
        from lakehouse_assets.lifecycle.serving.pyfunc import MODEL_FOLDER

        return load_model(self.folder(version) / MODEL_FOLDER)

    def folder(self, version: ModelVersion) -> Path:
        """A version's folder, on this machine: the model (``load``) and how it is served (``serving_spec.load_spec``).

        Raises:
            UnknownVersionError: the version was registered in another form than ``register`` gives.
        """
        import mlflow
        import yaml

        self.prepare()
        root = Path(mlflow.artifacts.download_artifacts(artifact_uri=version.uri))
        flavor = yaml.safe_load((root / "MLmodel").read_text(encoding="utf-8"))["flavors"].get("python_function", {})
        if "data" not in flavor or not (root / flavor["data"] / "serving.json").is_file():
            raise UnknownVersionError(f"{version.uri} was not registered by this platform's training; train it again")
        return root / str(flavor["data"])

    def metrics_of(self, version: ModelVersion) -> dict[str, float]:
        """The figures of the run that trained a version."""
        return dict(self.client().get_run(version.run_id).data.metrics)

    def by_recipe(self, name: str, recipe: str) -> ModelVersion | None:
        """The newest version that was made of exactly this recipe, if there is one."""
        same = [version for version in self.versions(name) if version.recipe == recipe]
        return max(same, key=lambda version: version.version) if same else None

    def version(self, name: str, number: int) -> ModelVersion:
        """One version by its number.

        Raises:
            UnknownVersionError: there is none.
        """
        found = self.versions(name)
        for version in found:
            if version.version == number:
                return version
        raise UnknownVersionError(f"model {name} has no version {number}; it has {[one.version for one in found]}")

    def versions(self, name: str) -> list[ModelVersion]:
        """All versions of a model, the oldest first."""
        found = self.client().search_model_versions(f"name='{name}'")
        return sorted((version_from(version) for version in found), key=lambda version: version.version)

    def all_versions(self) -> list[ModelVersion]:
        """Every version of every registered model that has not been deleted, of all use cases.

        Raises:
            RegistryUnreachableError: the registry cannot be asked.
            ValueError: a version's tag `delta_versions` is not what `register` writes.
        """
        if self._file_is_missing():
            # MLflow would make an empty one, in which no model needs anything.
            raise RegistryUnreachableError(
                f"There is no model registry at {self.tracking_uri.removeprefix(_SQLITE)}. Set MLFLOW_TRACKING_URI to "
                "the one of this lake, or train a first model, which makes it."
            )
        found, token = [], None
        try:
            while token != "":
                page = self.client().search_model_versions(max_results=1000, page_token=token)
                found += page
                token = page.token or ""
        except Exception as error:
            raise RegistryUnreachableError(
                f"The model registry {self.tracking_uri} cannot be asked: {error}"
            ) from error
        return sorted((version_from(version) for version in found), key=lambda version: (version.name, version.version))

    def pins(self) -> dict[str, dict[str, int]]:
        """Every version of every registered model, as ``name version 3``, with the table versions that it needs."""
        if self._file_is_missing():
            return {}
        return {f"{one.name} version {one.version}": dict(one.delta_versions) for one in self.all_versions()}

    def champion(self, name: str) -> ModelVersion | None:
        """The version that serves, or None before the first promotion."""
        return self._with_alias(name, CHAMPION)

    def challenger(self, name: str) -> ModelVersion | None:
        """The newest version that was not promoted, or None if the newest one serves."""
        return self._with_alias(name, CHALLENGER)

    def promote(self, version: ModelVersion) -> None:
        """Let a version serve: one move of an alias. It is no challenger any more."""
        client = self.client()
        client.set_registered_model_alias(version.name, CHAMPION, str(version.version))
        challenger = self.challenger(version.name)
        if challenger is not None and challenger.version == version.version:
            client.delete_registered_model_alias(version.name, CHALLENGER)

    def use_experiment(self, name: str) -> None:
        """Let the next runs of this process belong to an experiment, which is made if it is new."""
        import mlflow

        found = self.client().get_experiment_by_name(name)
        if found is None:
            # A root may end with a slash, as a server's `mlflow-artifacts:/` does; two would make a host of the name.
            self.client().create_experiment(name, artifact_location=f"{self.artifact_root.rstrip('/')}/{name}")
        mlflow.set_experiment(name)

    def prepare(self) -> None:
        """Let MLflow's own functions mean this registry."""
        import mlflow

        if self.tracking_uri.startswith(_SQLITE) and self.tracking_uri not in _made:
            _make_database(Path(self.tracking_uri.removeprefix(_SQLITE)), self.tracking_uri)
            _made.add(self.tracking_uri)
        mlflow.set_tracking_uri(self.tracking_uri)

    def client(self) -> Any:
        """MLflow's client of this registry."""
        from mlflow.tracking import MlflowClient

        self.prepare()
        return MlflowClient(self.tracking_uri)

    def _with_alias(self, name: str, alias: str) -> ModelVersion | None:
        from mlflow.exceptions import MlflowException

        try:
            return version_from(self.client().get_model_version_by_alias(name, alias))
        except MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise

    def _file_is_missing(self) -> bool:
        sqlite = self.tracking_uri.startswith(_SQLITE)
        return sqlite and not Path(self.tracking_uri.removeprefix(_SQLITE)).exists()


def _make_database(file: Path, uri: str) -> None:
    """Let MLflow make its tables, one process after the other: two at once fail over a column that stands twice."""
    import fcntl

    from mlflow.tracking import MlflowClient

    file.parent.mkdir(parents=True, exist_ok=True)
    with file.with_name(f"{file.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        MlflowClient(uri).search_experiments(max_results=1)


def _ensure_registered(client: Any, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
