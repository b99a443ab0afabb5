"""What the first evaluation of a version let expect of it, kept beside it in the registry.

The table `models/<use case>/evaluation` will not do: each training measures all models anew, on other rows. A champion
that the world has left behind would be found "as expected" as soon as a retraining that the gate refuses has measured
it on what came since.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from lakehouse_assets.lifecycle.judging.evaluation import CANDIDATE

if TYPE_CHECKING:
    import pandas as pd

    from lakehouse_assets.lifecycle.model_version import ModelVersion
    from lakehouse_assets.lifecycle.registry import ModelRegistry

#: An artifact of the run that trained the version.
FILE = "expected.json"
_COLUMNS = ["role", "model_version", "data", "decides", "slice", "metric", "low", "high"]


def keep_expected(registry: ModelRegistry, version: ModelVersion, scores: pd.DataFrame) -> None:
    """Note the figures of a candidate that is judged for the first time; of one that was judged before, nothing.

    Also of one that is refused: somebody may let it serve all the same. One that serves already was measured on rows
    that came since.

    Args:
        registry: Where it is registered.
        version: The candidate.
        scores: The evaluation (`EVALUATION_COLUMNS`); of it, what was measured on the data that decide is kept.
    """
    if _is_kept(registry, version):
        return
    own = scores[scores["role"].eq(CANDIDATE)]
    own = own[own["data"].isin(own.loc[own["decides"].astype(bool), "data"])]
    registry.client().log_dict(version.run_id, {"figures": json.loads(own[_COLUMNS].to_json(orient="records"))}, FILE)


def expected(registry: ModelRegistry, version: ModelVersion) -> pd.DataFrame | None:
    """The figures noted of a version, as rows of an evaluation; None of one that was judged before they were kept."""
    import pandas as pd

    client = registry.client()
    if not _is_kept(registry, version):
        return None
    kept = json.loads(Path(client.download_artifacts(version.run_id, FILE)).read_text(encoding="utf-8"))
    rows = pd.DataFrame(kept["figures"], columns=_COLUMNS)
    return rows.astype({"model_version": "Int64", "low": "float64", "high": "float64"})


def _is_kept(registry: ModelRegistry, version: ModelVersion) -> bool:
    return FILE in {one.path for one in registry.client().list_artifacts(version.run_id)}
