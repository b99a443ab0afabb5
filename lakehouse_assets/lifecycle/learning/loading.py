"""A saved model, of whatever task, from its folder."""

import json
from pathlib import Path

from lakehouse_assets.lifecycle.learning.model import DOCUMENT, FORMAT, ModelFileError, TrainedModel
from lakehouse_assets.lifecycle.learning.tasks import task_named


def load_model(folder: Path) -> TrainedModel:
    """The model that :meth:`TrainedModel.save` wrote; it gives the same predictions to the last bit.

    Raises:
        ModelFileError: The folder holds no model, or one of a form that this code does not know.
    """
    file = Path(folder) / DOCUMENT
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{file} cannot be read as a model: {error}") from error
    if document.get("format") != FORMAT:
        raise ModelFileError(f"{file} is a model of form {document.get('format')!r}; this code reads form {FORMAT}")
    return task_named(document["task"]).load(Path(folder), document)
