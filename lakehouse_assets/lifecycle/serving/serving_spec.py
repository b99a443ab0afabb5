"""What a served model needs to know beside its trees: whom it predicts for, out of which tables, as of when."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lakehouse_assets.lifecycle.serving.prediction_time import PredictionTime
from lakehouse_assets.lifecycle.serving.retrieval import ViewSpec

DOCUMENT = "serving.json"
FORMAT = 1
KEY_TYPES = ("string", "long", "integer", "double", "float", "boolean", "date", "timestamp")


@dataclass(frozen=True)
class Instants:
    """A table with the entity's keys and ``day`` whose ``column`` says since when a row is known, or was predicted.

    A row that came late is predicted when it came. Without such a table every day counts as known in time.
    """

    table: str
    column: str


@dataclass(frozen=True)
class ServingSpec:
    """Enough to predict for an entity that is named by its key.

    Attributes:
        use_case: The use case, and the registered model's name.
        keys: The entity's columns with their types, one of :data:`KEY_TYPES`.
        views: The feature views that the model reads.
        predicted_at: When a day's predictions are made.
        prediction: Name of the column of what is predicted.
        feature_version: Version of the features that the model learned from.
        instants: Where it stands that a row came late, if anywhere.

    Raises:
        ValueError: A key has another type, or no view is named.
    """

    use_case: str
    keys: Mapping[str, str]
    views: tuple[ViewSpec, ...]
    predicted_at: PredictionTime
    prediction: str
    feature_version: str
    instants: Instants | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be served."""
        wrong = {key: kind for key, kind in self.keys.items() if kind not in KEY_TYPES}
        if wrong or not self.keys or not self.views:
            raise ValueError(
                f"serving {self.use_case}: keys {dict(self.keys)} and {len(self.views)} views; at least one of each, "
                f"keys of the types {', '.join(KEY_TYPES)}"
            )

    def save(self, folder: Path) -> None:
        """Write it beside the model."""
        document = {
            "format": FORMAT,
            "use_case": self.use_case,
            "keys": dict(self.keys),
            "views": [view.to_json() for view in self.views],
            "predicted_at": self.predicted_at.to_json(),
            "prediction": self.prediction,
            "feature_version": self.feature_version,
            "instants": None if self.instants is None else [self.instants.table, self.instants.column],
        }
        (Path(folder) / DOCUMENT).write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def load_spec(folder: Path) -> ServingSpec:
    """What :meth:`ServingSpec.save` wrote.

    Raises:
        ValueError: The file is of a form that this code does not know.
    """
    file = Path(folder) / DOCUMENT
    document = json.loads(file.read_text(encoding="utf-8"))
    if document.get("format") != FORMAT:
        raise ValueError(f"{file} is of form {document.get('format')!r}; this code reads form {FORMAT}")
    return ServingSpec(
        use_case=document["use_case"],
        keys=document["keys"],
        views=tuple(ViewSpec.from_json(view) for view in document["views"]),
        predicted_at=PredictionTime.from_json(document["predicted_at"]),
        prediction=document["prediction"],
        feature_version=document["feature_version"],
        instants=None if document["instants"] is None else Instants(*document["instants"]),
    )
