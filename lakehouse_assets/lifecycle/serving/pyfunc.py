"""A registered model as MLflow serves it: an entity's key in, its prediction out.

`model_loader`, which MLflow imports by name, gives it the folder that was registered. The features come from the lake
of this process (``LAKE_URI``), by the function that scoring uses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakehouse_assets.lifecycle.serving.retrieval import PREDICTED_AT, features_at
from lakehouse_assets.lifecycle.serving.served_days import known_at, newest_days
from lakehouse_assets.lifecycle.serving.serving_spec import ServingSpec, load_spec

if TYPE_CHECKING:
    import pandas as pd

    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lifecycle.learning.model import TrainedModel

DAY = "day"
MODEL_FOLDER = "trained"
_META = "registered_model_meta"


class MissingInputError(ValueError):
    """The rows that came do not name the entities that are to be predicted."""


@dataclass(frozen=True)
class ServedModel:
    """A model with the lake that its features are fetched from."""

    model: TrainedModel
    spec: ServingSpec
    version: int | None
    lake: Lake

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Predict for entities.

        Args:
            model_input: n rows with the entity's keys and, if not the newest day is meant, ``day``.
            params: Not used; MLflow hands it over.

        Returns:
            n rows in their order: the keys, ``day``, ``predicted_at`` and what :func:`predicted.predicted` gives. What
            is null, as all of an unknown entity's predictions, is None, so that JSON says null and not NaN.

        Raises:
            MissingInputError: A key's column is missing, or a value is not of its type.
        """
        from lakehouse_assets.lifecycle.serving.predicted import predicted

        asked = self._asked(model_input)
        late = known_at(self.lake, self.spec, asked)
        observations = asked.assign(**{PREDICTED_AT: self.spec.predicted_at.instants(asked[DAY], late)})
        rows = features_at(self.lake, observations, self.spec.views)
        what = f"{self.spec.use_case} version {self.version}"
        made = predicted(self.model, rows, self.spec.prediction, self.version, self.spec.feature_version, what)
        return _with_none(observations.join(made).set_axis(model_input.index))

    def _asked(self, given: pd.DataFrame) -> pd.DataFrame:
        """Keys in their types and the day, one row for each given one."""
        import pandas as pd

        expected = [*self.spec.keys, DAY]
        missing = [key for key in self.spec.keys if key not in given.columns]
        if missing:
            raise MissingInputError(
                f"{self.spec.use_case}: the input lacks {missing}; expected the columns {expected} (day may be left "
                f"out: the newest is taken), found {list(given.columns)}"
            )
        rows = pd.DataFrame({key: _typed(given[key], kind) for key, kind in self.spec.keys.items()})
        rows[DAY] = _typed(given[DAY], "date") if DAY in given.columns else None
        rows = rows.reset_index(drop=True)
        if rows[DAY].isna().any():
            newest = newest_days(self.lake, self.spec.views[0], rows[rows[DAY].isna()])
            rows[DAY] = rows[DAY].where(rows[DAY].notna(), newest.reindex(rows.index))
        return rows


def load_served(data_path: str) -> ServedModel:
    """The model of a registered folder, with the lake that this process's environment names."""
    from lakehouse_assets import settings
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lifecycle.learning.loading import load_model

    folder = Path(data_path)
    lake = Lake(settings.lake_uri(), settings.storage_options())
    return ServedModel(load_model(folder / MODEL_FOLDER), load_spec(folder), _registered_version(folder), lake)


#: The loader's second name: versions that were registered while it was this module's ask for it here.
_load_pyfunc = load_served


def _registered_version(folder: Path) -> int | None:
    """The version, which MLflow notes beside a model that it fetched by ``models:/name/version`` or by alias."""
    import yaml

    for place in list(folder.parents)[:2]:
        if (place / _META).is_file():
            noted = yaml.safe_load((place / _META).read_text(encoding="utf-8"))
            return int(noted["model_version"])
    return None


def _typed(column: pd.Series, kind: str) -> pd.Series:
    """A column of the input, which may come from JSON or CSV, in the type of the key."""
    import pandas as pd

    try:
        if kind == "date":
            return _dates(column)
        if kind == "timestamp":
            return pd.to_datetime(column, utc=True).astype("datetime64[us, UTC]")
        if kind == "string":
            return column.astype("str")
        numpy = {"long": "Int64", "integer": "Int32", "double": "float64", "float": "float32", "boolean": "boolean"}
        return column.astype(numpy[kind])
    except (ValueError, TypeError) as error:
        raise MissingInputError(f"column {column.name}: expected values of type {kind}; {error}") from error


def _dates(column: pd.Series) -> pd.Series:
    import pandas as pd

    return pd.to_datetime(column, format="ISO8601").dt.date.astype(object).where(column.notna(), None)


def _with_none(frame: pd.DataFrame) -> pd.DataFrame:
    empty: Sequence[str] = [name for name in frame.columns if frame[name].isna().any()]
    return frame.assign(**{name: frame[name].astype(object).where(frame[name].notna(), None) for name in empty})
