"""Who predicts: the champion, whose word counts, and the challenger, whose does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from lakehouse_assets.lifecycle.model_version import ModelVersion
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.lifecycle.serving.feature_versions import FeatureVersionError
from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.serving.scored import scored

if TYPE_CHECKING:
    import pyarrow as pa

    from lakehouse_assets.contracts.contract import Contract


class NoChampionError(RuntimeError):
    """Nothing serves yet."""


@dataclass(frozen=True)
class Made:
    """Predictions, if there are any, and in words who made them or why nobody did."""

    rows: pd.DataFrame | None
    words: str
    version: ModelVersion | None = None

    def table(self, contract: Contract) -> pa.Table:
        """The predictions in their contract's schema."""
        from lakehouse_assets.contracts.conform import to_arrow
        from lakehouse_assets.contracts.schema import arrow_schema

        return arrow_schema(contract).empty_table() if self.rows is None else to_arrow(self.rows, contract)

    @property
    def metadata(self) -> dict[str, Any]:
        """What the asset page says of them."""
        version = {"model_version": self.version.version} if self.version else {}
        return {"made": self.words, "predictions": 0 if self.rows is None else len(self.rows), **version}


def nobody_serves(use_case: str) -> str:
    """Why nothing is predicted, and what to do."""
    return (
        f"No version of {use_case} is champion yet, so nothing can be predicted. Run the job {use_case}_training; if "
        f"the gate refused its candidate, models/{use_case}/champion says why."
    )


def by_champion(use_case: Declaration, rows: pd.DataFrame, registry: ModelRegistry) -> Made:
    """Predictions that count.

    Raises:
        NoChampionError: no version is champion yet.
        FeatureVersionError: the champion learned from other features.
    """
    version = registry.champion(use_case.name)
    if version is None:
        raise NoChampionError(nobody_serves(use_case.name))
    made = scored(use_case, rows, registry.load(version), version)
    return Made(made, f"{len(made):,} by version {version.version}", version)


def by_challenger(use_case: Declaration, rows: pd.DataFrame, registry: ModelRegistry) -> Made:
    """Predictions to compare with; none without a challenger, or if it reads other features than are there."""
    version = registry.challenger(use_case.name)
    if version is None:
        return Made(None, "no version is challenger")
    try:
        made = scored(use_case, rows, registry.load(version), version)
    except FeatureVersionError as error:
        return Made(None, str(error))
    return Made(made, f"{len(made):,} by version {version.version}", version)
