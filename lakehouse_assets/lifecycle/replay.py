"""Training a registered version again from what its tags say, and whether the same model comes of it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lakehouse_assets.lifecycle.learning.model import TrainedModel, model_digest
from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings
from lakehouse_assets.lifecycle.learning.tasks.task import Progress, silent
from lakehouse_assets.lifecycle.learning.training_rows import TrainingRows
from lakehouse_assets.lifecycle.model_version import (
    CODE,
    DIGEST,
    LIBRARY_VERSIONS,
    ROWS,
    SETTINGS,
    TASK,
    ModelVersion,
    library_versions,
)

Rebuild = Callable[[Mapping[str, int]], TrainingRows]
"""Table -> Delta version to the training rows as they were made from these versions."""


class UnknownOriginError(ValueError):
    """A version's tags do not say how it was made."""


@dataclass(frozen=True)
class Origin:
    """What a version's tags and its run say of how it was made, and what came of it."""

    version: ModelVersion
    task: str
    settings: ModelSettings
    code_version: str
    libraries: Mapping[str, str]
    rows_digest: str
    model_digest: str
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Replay:
    """What came of training a version again.

    Attributes:
        origin: The version's.
        metrics: The training metrics of the model that was trained now.
        metrics_differ: Metric -> what the version has and what came now, where they differ.
        same_model: Whether the two models are the same to the last bit.
        causes: What is not as it was, in words: rows, library versions, code version. Empty where all is as it was.
    """

    origin: Origin
    metrics: Mapping[str, float]
    metrics_differ: Mapping[str, tuple[float | None, float]]
    same_model: bool
    causes: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether it gives the same metrics."""
        return not self.metrics_differ

    def __str__(self) -> str:
        """What came of it, for a person."""
        name = f"{self.origin.version.name} version {self.origin.version.version}"
        if self.same:
            exactly = "the same model to the last bit" if self.same_model else "another model"
            return f"{name} trained again gives the same metrics ({exactly}){self._because(' although ')}"
        figures = ", ".join(f"{metric} {was} is now {now}" for metric, (was, now) in self.metrics_differ.items())
        return f"{name} trained again differs: {figures}{self._because('; ') or '; nothing that is noted has changed'}"

    def _because(self, word: str) -> str:
        return word + "; ".join(self.causes) if self.causes else ""


def origin_of(version: ModelVersion, metrics: Mapping[str, float]) -> Origin:
    """How a version was made.

    Args:
        version: The version.
        metrics: The figures of its run (``registry.metrics_of``).

    Raises:
        UnknownOriginError: A tag that registering writes is missing or cannot be read.
    """
    tags = version.tags
    try:
        return Origin(
            version=version,
            task=tags[TASK],
            settings=ModelSettings.from_json(json.loads(tags[SETTINGS])),
            code_version=tags[CODE],
            libraries=json.loads(tags[LIBRARY_VERSIONS]),
            rows_digest=tags[ROWS],
            model_digest=tags[DIGEST],
            metrics=metrics,
        )
    except (KeyError, ValueError) as error:
        raise UnknownOriginError(
            f"{version.name} version {version.version} cannot be trained again: its tags lack or garble {error}. "
            f"It has {sorted(tags)}; only versions that this platform's training registered can be."
        ) from error


def replay(origin: Origin, rebuild: Rebuild, code_version: str, progress: Progress = silent) -> Replay:
    """Train a version again from the table versions that it came from, and compare.

    Args:
        origin: How it was made.
        rebuild: Makes its training rows from those table versions.
        code_version: That of the code that trains now.
        progress: Is told in words how far it has come.
    """
    progress(f"rebuilding the rows of {len(origin.version.delta_versions)} tables at the versions that were noted")
    rows = rebuild(origin.version.delta_versions)
    model = rows.fit(origin.task, origin.settings, progress)
    return Replay(
        origin=origin,
        metrics=model.training_metrics,
        metrics_differ={
            metric: (origin.metrics.get(metric), now)
            for metric, now in model.training_metrics.items()
            if origin.metrics.get(metric) != now
        },
        same_model=_digest(model) == origin.model_digest,
        causes=tuple(_causes(origin, rows, code_version)),
    )


def _causes(origin: Origin, rows: TrainingRows, code_version: str) -> list[str]:
    found = []
    if rows.digest() != origin.rows_digest:
        found.append(f"the rows that the noted table versions give are others ({len(rows.label):,} now)")
    here = library_versions()
    changed = [
        f"{name} {was} is now {here.get(name, 'missing')}"
        for name, was in origin.libraries.items()
        if here.get(name) != was
    ]
    if changed:
        found.append("libraries: " + ", ".join(changed))
    if code_version != origin.code_version:
        found.append(f"the code is {code_version}, not {origin.code_version}")
    return found


def _digest(model: TrainedModel) -> str:
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder))
        return model_digest(Path(folder))
