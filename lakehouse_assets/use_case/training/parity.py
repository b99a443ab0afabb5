"""Whether training saw what scoring sees: days of training rows are scored anew, and every feature compared."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.observations import Days, Source
from lakehouse_assets.use_case.serving.scored import scoring_rows

if TYPE_CHECKING:
    import dagster as dg

    from lakehouse_assets.lifecycle.serving.retrieval import ViewSpec

#: Days looked at: the first, the last, and others between.
DAYS = 4


def differences(
    use_case: Declaration, folder: Path, source: Source, views: Sequence[ViewSpec], rows: pd.DataFrame, days: int = DAYS
) -> pd.DataFrame:
    """Score some days of a training set as the nightly run would, one by one, and say where the features differ.

    Training asks for all days at once, scoring for one day with the history that it needs: the code is the same, what
    it is given is not.

    Args:
        use_case: The use case.
        folder: Of its YAML.
        source: The lake at the versions of the training set.
        views: The feature views.
        rows: The training set.
        days: How many days to look at, spread evenly.

    Returns:
        Entity, day, column, training, scoring: one row for each value that differs, or a training row that scoring does
        not know (column ``day``).
    """
    keys = [*use_case.keys, "day"]
    known = sorted(pd.to_datetime(rows["day"]).unique())
    chosen = [known[place] for place in _spread(len(known), days)]
    features = [name for view in views for name in view.features]
    found = []
    for day in chosen:
        again = scoring_rows(use_case, folder, source, views, Days.one(day.date()))
        ours = rows[pd.to_datetime(rows["day"]).eq(day)]
        both = ours[[*keys, *features]].merge(
            again[[*keys, *features]], on=keys, how="left", suffixes=("", "_scoring"), indicator=True
        )
        lost = both[both["_merge"].eq("left_only")]
        found.append(lost[keys].assign(column="day", training=1.0, scoring=float("nan")))
        for name in features:
            here, there = both[name].astype("float64"), both[f"{name}_scoring"].astype("float64")
            off = both[~(here.eq(there) | (here.isna() & there.isna())) & both["_merge"].eq("both")]
            if len(off):
                found.append(off[keys].assign(column=name, training=off[name], scoring=off[f"{name}_scoring"]))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=[*keys, "column"])


def as_check(key: dg.AssetKey, found: pd.DataFrame) -> dg.AssetCheckResult:
    """The check's result, with examples."""
    import dagster as dg

    examples = found.head(5).to_string(index=False) if len(found) else "none"
    return dg.AssetCheckResult(
        asset_key=key,
        check_name="training_equals_scoring",
        passed=found.empty,
        metadata={"values_that_differ": len(found), "examples": dg.MetadataValue.md(f"```\n{examples}\n```")},
    )


def _spread(n: int, most: int) -> list[int]:
    if n <= most:
        return list(range(n))
    return sorted({round(place * (n - 1) / (most - 1)) for place in range(most)})
