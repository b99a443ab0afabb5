"""The rows that one training learns from, and a hash of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lakehouse_assets.lifecycle.learning.tasks.task import Progress, silent

if TYPE_CHECKING:
    import pandas as pd

    from lakehouse_assets.lifecycle.learning.model import TrainedModel
    from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings


@dataclass(frozen=True)
class TrainingRows:
    """n rows in a stated order; what each part is says :meth:`task.Task.fit`.

    The order is part of them: LightGBM adds up gradients in it, so other orders give other last digits.
    """

    features: pd.DataFrame
    label: pd.Series
    days: pd.Series
    groups: pd.Series | None = None
    band_rows: npt.NDArray[np.bool_] | None = None

    def take(self, rows: npt.NDArray[np.int64]) -> TrainingRows:
        """Some of the rows, by number."""
        return TrainingRows(
            self.features.iloc[rows],
            self.label.iloc[rows],
            self.days.iloc[rows],
            None if self.groups is None else self.groups.iloc[rows],
            None if self.band_rows is None else self.band_rows[rows],
        )

    def fit(self, task: str, settings: ModelSettings, progress: Progress = silent) -> TrainedModel:
        """Train a model of a task on all of the rows."""
        from lakehouse_assets.lifecycle.learning.tasks import task_named

        return task_named(task).fit(
            self.features, self.label, self.groups, self.days, settings, progress, self.band_rows
        )

    def digest(self) -> str:
        """A hash of all that training reads: other rows, another order or another feature's name change it."""
        import pandas as pd

        digest = sha256("\0".join(map(str, self.features.columns)).encode())
        digest.update(self.features.to_numpy(dtype="float64").tobytes())
        digest.update(np.asarray(self.label, dtype=np.float64).tobytes())
        digest.update(pd.to_datetime(pd.Series(np.asarray(self.days))).dt.strftime("%Y%m%dT%H%M%S").str.cat().encode())
        for part in (self.groups, self.band_rows):
            text = b"-" if part is None else "\0".join(map(str, np.asarray(part))).encode()
            digest.update(b"\0\0" + text)
        return digest.hexdigest()


def recipe(rows: TrainingRows, task: str, settings: ModelSettings, also: Mapping[str, str] | None = None) -> str:
    """A hash of all that decides what a model becomes; two trainings with one recipe give the same model.

    Args:
        rows: The rows.
        task: The task's name.
        settings: The settings.
        also: Further ingredients by name, such as the feature version and the code version.
    """
    import json

    told = json.dumps([task, settings.to_json(), dict(also or {})], sort_keys=True)
    return sha256(f"{rows.digest()}\n{told}".encode()).hexdigest()
