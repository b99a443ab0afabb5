"""Registering a trained model: a run with all that its training made, and a version that MLflow can load and serve."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakehouse_assets.lifecycle.learning.model import DOCUMENT, model_digest
from lakehouse_assets.lifecycle.model_version import (
    CODE,
    DELTA_VERSIONS,
    DIGEST,
    LEARNED_UNTIL,
    LIBRARY_VERSIONS,
    RECIPE,
    ROWS,
    SETTINGS,
    TASK,
    library_versions,
)
from lakehouse_assets.lifecycle.serving.pyfunc import DAY, MODEL_FOLDER
from lakehouse_assets.lifecycle.serving.retrieval import PREDICTED_AT

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.learning.model import TrainedModel
    from lakehouse_assets.lifecycle.serving.serving_spec import ServingSpec

#: Promised never to move: every registered version names it.
LOADER = "lakehouse_assets.model_loader"
#: What a served model imports beside this project, which is no package of an index: install it from its repository.
_SERVED_WITH = ("deltalake", "duckdb", "pyarrow", "tzdata")


@dataclass(frozen=True)
class Candidate:
    """A trained model before it is registered, and what it came from.

    Attributes:
        model: The model.
        serving: How it is asked; its ``use_case`` is the registered name.
        delta_versions: Table -> Delta version of everything that it learned from.
        recipe: A hash of all that decides what it became.
        rows_digest: A hash of the rows that it learned from.
        code_version: Version of the code that trained it.
        learned_until: When the last label that it learned from became known; ISO time.
        metrics: Figures beside the model's own training metrics.
        tags: For the run: who trained it, and why.
        figures: PNG bytes by file name.
    """

    model: TrainedModel
    serving: ServingSpec
    delta_versions: Mapping[str, int]
    recipe: str
    rows_digest: str
    code_version: str
    learned_until: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class LoggedModel:
    """A run with its model, not yet a version, and the tags that the version shall have."""

    run_id: str
    model_uri: str
    model_id: str
    tags: Mapping[str, str]


def log_candidate(candidate: Candidate) -> LoggedModel:
    """Log a run with the model to the experiment that is set."""
    import mlflow

    settings, name = candidate.model.settings, candidate.serving.use_case
    with tempfile.TemporaryDirectory() as made, mlflow.start_run(run_name=f"{name} {candidate.recipe[:8]}") as run:
        folder = Path(made) / name
        candidate.model.save(folder / MODEL_FOLDER)
        candidate.serving.save(folder)
        tags = _version_tags(candidate, model_digest(folder / MODEL_FOLDER))
        mlflow.log_params({**_params(settings.to_json()), TASK: candidate.model.task})
        mlflow.log_metrics({**candidate.model.training_metrics, **candidate.metrics})
        mlflow.set_tags({**candidate.tags, "use_case": name, **tags})
        for file, png in candidate.figures.items():
            (Path(made) / file).write_bytes(png)
            mlflow.log_artifact(str(Path(made) / file), "plots")
        logged = _log_model(folder, _signature(candidate))
    return LoggedModel(run.info.run_id, logged.model_uri, logged.model_id, tags)


def _log_model(folder: Path, signature: Any) -> Any:
    import mlflow

    with warnings.catch_warnings():
        # With an example MLflow would predict it here and now, from whatever lake this process's environment names.
        warnings.filterwarnings("ignore", ".*An input example was not provided", UserWarning)
        return mlflow.pyfunc.log_model(
            name="model",
            loader_module=LOADER,
            data_path=str(folder),
            signature=signature,
            # Without a list MLflow spends half a minute on finding it out.
            pip_requirements=_requirements(),
            metadata={"document": f"{MODEL_FOLDER}/{DOCUMENT}"},
        )


def _params(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as MLflow's parameters: LightGBM's by their own names, so that runs can be compared by them."""
    others = {name: value for name, value in settings.items() if name != "params" and value is not None}
    return {**others, **settings["params"]}


def _version_tags(candidate: Candidate, digest: str) -> dict[str, str]:
    return {
        "feature_version": candidate.serving.feature_version,
        RECIPE: candidate.recipe,
        DELTA_VERSIONS: json.dumps(dict(candidate.delta_versions)),
        CODE: candidate.code_version,
        LEARNED_UNTIL: candidate.learned_until,
        TASK: candidate.model.task,
        SETTINGS: json.dumps(candidate.model.settings.to_json(), sort_keys=True),
        LIBRARY_VERSIONS: json.dumps(library_versions(), sort_keys=True),
        ROWS: candidate.rows_digest,
        DIGEST: digest,
    }


def _signature(candidate: Candidate) -> Any:
    """Entity columns in, the columns of the predictions out.

    Days and instants are of any type: MLflow would refuse timestamps where it expects text, and text where it expects
    timestamps, and both come.
    """
    from mlflow.models import ModelSignature
    from mlflow.types.schema import AnyType, ColSpec, Schema

    from lakehouse_assets.lifecycle.learning.model import ALARM, PREDICTION

    def spec(name: str, kind: str, *, required: bool = True) -> Any:
        return ColSpec(AnyType() if kind in ("date", "timestamp") else kind, name, required=required)

    keys = [spec(name, kind) for name, kind in candidate.serving.keys.items()]
    called = {PREDICTION: candidate.serving.prediction}
    made = [
        spec(called.get(name, name), "boolean" if name == ALARM else "double", required=False)
        for name in candidate.model.outputs
    ]
    versions = [spec("model_version", "long", required=False), spec("feature_version", "string", required=False)]
    times = [spec(DAY, "date", required=False), spec(PREDICTED_AT, "timestamp", required=False)]
    return ModelSignature(inputs=Schema([*keys, times[0]]), outputs=Schema([*keys, *times, *made, *versions]))


def _requirements() -> list[str]:
    from importlib.metadata import PackageNotFoundError, version

    found = library_versions()
    for package in _SERVED_WITH:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            # Time zones come from the system where this package is not installed.
            continue
    return [f"{package}=={number}" for package, number in found.items()]
