"""A small plant in a real lake: pumps with daily features, models trained on them, and a registry to keep these in."""

from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from deltalake import write_deltalake

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lifecycle.learning.model import TrainedModel
from lakehouse_assets.lifecycle.learning.tasks import task_named
from lakehouse_assets.lifecycle.registration import Candidate
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.lifecycle.serving.prediction_time import PredictionTime
from lakehouse_assets.lifecycle.serving.retrieval import ViewSpec, features_at
from lakehouse_assets.lifecycle.serving.serving_spec import ServingSpec
from lakehouse_assets_tests.lifecycle.learning.problems import settings

FIRST, DAYS, PUMPS = date(2024, 3, 1), 40, 12
LAST = FIRST + timedelta(days=DAYS - 1)
VIEW = ViewSpec("delivery/pumps/features", ("pump", "line"), ("x", "y"), limit=timedelta(days=3))
MADE = PredictionTime(1, time(6), "Europe/Berlin")


@dataclass(frozen=True)
class Plant:
    """The lake below a folder, with the registry beside it."""

    folder: Path
    registry: ModelRegistry

    @property
    def lake(self) -> Lake:
        return Lake(str(self.folder / "lake"))

    @property
    def environment(self) -> dict[str, str]:
        return {"LAKE_URI": str(self.folder / "lake"), "MLFLOW_TRACKING_URI": self.registry.tracking_uri}


def feature_rows(pumps: int = PUMPS, days: int = DAYS, version: str = "f1") -> pd.DataFrame:
    """A row for each pump and day, true at the day's end and known at 01:00 of the next, in UTC."""
    frame = pd.DataFrame(
        [(f"p{pump}", pump % 3, FIRST + timedelta(days=n)) for n in range(days) for pump in range(pumps)],
        columns=["pump", "line", "day"],
    )
    end = pd.to_datetime(frame["day"]).astype("datetime64[us]").dt.tz_localize("UTC") + timedelta(hours=23)
    numbers = np.random.default_rng(7).normal(size=(len(frame), 2))
    return frame.assign(
        event_time=end, known_at=end + timedelta(hours=2), x=numbers[:, 0], y=numbers[:, 1], feature_version=version
    )


def write(lake: Lake, table: str, rows: pd.DataFrame, mode: Any = "append") -> None:
    """Append rows to a table that is kept by day."""
    arrow = pa.Table.from_pandas(rows, preserve_index=False)
    write_deltalake(lake.table_uri(table.split("/")), arrow, mode=mode, partition_by=["day"])


def observations(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows' entities and days, to be predicted when it is due."""
    found = rows[["pump", "line", "day"]].reset_index(drop=True)
    return found.assign(predicted_at=MADE.instants(found["day"]))


def trained(lake: Lake, task: str = "regression", seed: int = 1, **changed: Any) -> TrainedModel:
    """A model of what the features of the first pumps say."""
    rows = features_at(lake, observations(feature_rows()), [VIEW])
    truth = 100 + 10 * rows["x"] + np.random.default_rng(seed).normal(0, 1, len(rows))
    if task == "classification":
        truth = (truth > 105).astype("float64")
    own = settings(minimum=0.0 if task == "forecast" else None, **changed)
    return task_named(task).fit(rows[["x", "y"]], truth, rows["pump"], rows["day"], own)


def candidate(model: TrainedModel, name: str, **changed: Any) -> Candidate:
    """A model as training hands it to the registry."""
    serving = ServingSpec(
        name, {"pump": "string", "line": "long"}, (VIEW,), MADE, "wear", "f1", changed.pop("instants", None)
    )
    given: dict[str, Any] = {
        "delta_versions": {VIEW.table: 3},
        "recipe": "r1",
        "rows_digest": "d1",
        "code_version": "c1",
        "learned_until": "2024-03-01T00:00:00+00:00",
        "figures": {"importances.png": b"\x89PNG"},
    }
    return Candidate(model, serving, **{**given, **changed})
