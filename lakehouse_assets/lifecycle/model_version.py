"""A version in the model registry, and what its tags say of how it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: What decides a model's bytes beside its rows, its settings and this project's code.
LIBRARIES = ("lightgbm", "numpy", "pandas", "scikit-learn")

DELTA_VERSIONS, SETTINGS, TASK, LIBRARY_VERSIONS = "delta_versions", "settings", "task", "libraries"
RECIPE, ROWS, DIGEST, CODE = "recipe", "rows", "model_digest", "code_version"
#: When the last label that it learned from became known: what it predicts of earlier days is hindsight.
LEARNED_UNTIL = "learned_until"


@dataclass(frozen=True)
class ModelVersion:
    """A registered version.

    Attributes:
        name: The registered model, which is the use case.
        version: Its number.
        run_id: The MLflow run that trained it.
        feature_version: Version of the features that it learned from.
        recipe: A hash of all that decides what it became.
        delta_versions: The Delta version of every table that it came from.
        tags: All of its tags.
    """

    name: str
    version: int
    run_id: str
    feature_version: str
    recipe: str
    delta_versions: Mapping[str, int]
    tags: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def code_version(self) -> str:
        """Version of the code that trained it; "" if it was not noted."""
        return self.tags.get(CODE, "")

    @property
    def uri(self) -> str:
        """Its address for MLflow's own commands."""
        return f"models:/{self.name}/{self.version}"


def version_from(found: Any) -> ModelVersion:
    """A version as MLflow's client gives it.

    Raises:
        ValueError: its tag ``delta_versions`` is not what registering writes.
    """
    tags = dict(found.tags or {})
    return ModelVersion(
        name=found.name,
        version=int(found.version),
        run_id=found.run_id or "",
        feature_version=tags.get("feature_version", ""),
        recipe=tags.get(RECIPE, ""),
        delta_versions=_delta_versions(found.name, found.version, tags.get(DELTA_VERSIONS, "{}")),
        tags=tags,
    )


def library_versions() -> dict[str, str]:
    """The versions of :data:`LIBRARIES` here."""
    from importlib.metadata import version

    return {library: version(library) for library in LIBRARIES}


def _delta_versions(name: str, version: Any, tag: str) -> dict[str, int]:
    try:
        return {str(table): int(number) for table, number in json.loads(tag).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(
            f"Model {name} version {version}: its tag delta_versions must be a JSON object of table to version, found "
            f"{tag!r}. Put the tag right, or delete the version if nobody needs it."
        ) from error
