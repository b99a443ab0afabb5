"""Training rows: observations whose label is known, with the features known when they would have been predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lakehouse_assets.lifecycle.learning.split import is_held_out
from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.declaring.declared_model import Split
from lakehouse_assets.use_case.observations import Days, Source, labels, observations

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.serving.retrieval import ViewSpec

TRAINING, HELD_OUT, EMBARGO = "training", "held_out", "embargo"


def training_set(
    use_case: Declaration, folder: Path, source: Source, views: Sequence[ViewSpec], as_of: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Everything that can be learned from, as far as it was known.

    Args:
        use_case: The use case.
        folder: Of its YAML.
        source: The lake, at the versions to learn from.
        views: Its feature views.
        as_of: Labels that were not known by this instant are left out; None takes all.

    Returns:
        Entity, day, predicted_at, context, label, label_known_at, split, features, feature_version; by day and entity.
        A row whose label was known before it would have been predicted is none: nobody would have asked.
    """
    from lakehouse_assets.lifecycle.serving.retrieval import features_at

    observed = observations(use_case, folder, source, Days())
    came = labels(use_case, folder, source, observed, Days()).drop(columns="label_day")
    rows = observed.merge(came, on=[*use_case.keys, "day"], how="inner", validate="one_to_one")
    return features_at(source.lake, known_by(use_case, rows, as_of), views, source.versions)


def known_by(use_case: Declaration, rows: pd.DataFrame, as_of: pd.Timestamp | None) -> pd.DataFrame:
    """Of observations with their label those that can be learned from at an instant, by day and entity, with `split`.

    Args:
        use_case: The use case.
        rows: Entity, day, predicted_at, label (NaN: none), label_known_at, and what the split names.
        as_of: Labels that were not known by then are left out; None takes all.
    """
    kept = rows[rows["label_known_at"] > rows["predicted_at"]]
    if as_of is not None:
        kept = kept[kept["label_known_at"] <= as_of]
    kept = kept.sort_values(["day", *use_case.keys], ignore_index=True)
    return kept.assign(split=sides(kept, use_case.split))


def sides(rows: pd.DataFrame, split: Split) -> np.ndarray:
    """Which side each row is on: training, held_out, or embargo.

    Args:
        rows: With the columns that the split names, predicted_at and label_known_at.
        split: By entity: a stable hash of the value, so that no entity changes sides as others come. By time: the last
            rows in the order named, in at most so many days, or those of the last days.
    """
    if split.by == "entity":
        held = rows[split.column].astype(str).map(lambda value: is_held_out(value, split.percent or 0)).to_numpy(bool)
        return np.where(held, HELD_OUT, TRAINING)
    held = _last(rows, split)
    side = np.where(held, HELD_OUT, TRAINING)
    if split.embargo and held.any():
        begins = rows.loc[held, "predicted_at"].min()
        side[~held & (rows["label_known_at"] > begins).to_numpy()] = EMBARGO
    return side


def _last(rows: pd.DataFrame, split: Split) -> np.ndarray:
    if split.last_days is not None:
        return _of_last_days(rows, split.last_days)
    place = np.empty(len(rows), dtype=np.int64)
    place[rows.reset_index(drop=True).sort_values(split.order_by, kind="stable").index.to_numpy()] = np.arange(
        len(rows)
    )
    held = place >= int(len(rows) * (1.0 - (split.share or 0.0)))
    return held if split.at_most_days is None else held & _of_last_days(rows, split.at_most_days)


def _of_last_days(rows: pd.DataFrame, days: int) -> np.ndarray:
    day = pd.to_datetime(rows["day"])
    return (day > day.max() - pd.Timedelta(days=days)).to_numpy() if len(rows) else np.zeros(0, bool)


def learns_until(use_case: Declaration, first: date, day: pd.Series, known_at: pd.Series) -> date | None:
    """The last day that a training would learn from; None where no rows are held out by time, or none are there.

    Args:
        use_case: The use case.
        first: The first day with a label.
        day: The days of the labelled rows, of the newest weeks at least.
        known_at: When each label became known.
    """
    split = use_case.split
    if split.by != "time" or day.empty:
        return None
    days = pd.to_datetime(day)
    held_out = split.days_held_out((days.max().date() - first).days + 1)
    own = days <= days.max() - pd.Timedelta(days=held_out)
    if split.embargo:
        begins = days[~own].min().date()
        own &= known_at <= pd.Timestamp(use_case.prediction_time.instant(begins))
    # None of them: all that a training would learn from is older than they are.
    last = days[own].max() if own.any() else days.min() - pd.Timedelta(days=1)
    return date(last.year, last.month, last.day)


def instant(text: str | None) -> pd.Timestamp | None:
    """A time in UTC; one that names no zone is UTC."""
    if not text:
        return None
    found = pd.Timestamp(text)
    return found.tz_localize("UTC") if found.tz is None else found.tz_convert("UTC")


def described(rows: pd.DataFrame) -> dict[str, Any]:
    """What the asset page says of a training set."""
    days = pd.to_datetime(rows["day"])
    known = {"days": f"{days.min():%Y-%m-%d} to {days.max():%Y-%m-%d}"} if len(rows) else {}
    return {"rows_by_split": {str(k): int(v) for k, v in rows["split"].value_counts().items()}, **known}


def manifest(versions: Mapping[str, int], as_of: pd.Timestamp | None) -> pd.DataFrame:
    """The tables and versions that a training set is made from."""
    times = pd.Series([as_of] * len(versions), dtype="datetime64[us, UTC]")
    return pd.DataFrame({"table": list(versions), "version": list(versions.values()), "as_of": times})


def learned_rows(rows: pd.DataFrame, condition: str | None) -> pd.DataFrame:
    """The rows that are learned from: those on the training side that meet the SQL condition, if there is one."""
    own = rows[rows["split"].eq(TRAINING)].reset_index(drop=True)
    if condition is None or own.empty:
        return own
    import duckdb

    with duckdb.connect() as connection:
        narrow = own.drop(columns=[c for c in own.columns if str(own[c].dtype) == "object"])
        connection.register("rows", narrow.assign(_row=np.arange(len(own))))
        kept = connection.sql(f"SELECT _row FROM rows WHERE {condition} ORDER BY _row").fetchall()  # noqa: S608 - the
        # condition is the use case's own code, as its functions are
    return own.iloc[[row for (row,) in kept]].reset_index(drop=True)
