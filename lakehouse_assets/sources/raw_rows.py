"""Which delivery of a file is in force, and which delivered rows a raw table does not hold yet.

Raw is append-only. A file that is corrected and dropped again is a new *delivery* of the same name: its rows are
appended, and from then on it is the one in force, per file and day. Where an earlier delivery had rows on a day on
which the new one has none, a marker row (line 0, no values) says so; without it the withdrawn rows would stay in force
for ever.

Raw rows here have at least: ``file``, ``sha256``, ``line``, ``day``, and once held ``ingested_at``.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import pandas as pd

from lakehouse_assets.contracts.repairs import apply_repairs, repaired_at
from lakehouse_assets.lake.table import Lake

HELD_COLUMNS = ["file", "day", "sha256", "ingested_at"]


def held_deliveries(lake: Lake, key: Sequence[str], first: date, last: date) -> pd.DataFrame:
    """Which delivery of which file raw holds on each of the days: file, day, sha256, ingested_at, one row each."""
    if not lake.exists(key):
        return pd.DataFrame(columns=HELD_COLUMNS)
    days = {"day": (first, last + timedelta(days=1))}
    held = lake.read_pandas(key, columns=HELD_COLUMNS, where=days).drop_duplicates()
    return held.assign(day=pd.to_datetime(held["day"]).dt.date)


def in_force(raw: pd.DataFrame) -> pd.DataFrame:
    """The rows of the latest delivery of each file and day, markers left out."""
    if raw.empty:
        return raw
    newest = raw.groupby(["file", "day"])["ingested_at"].transform("max")
    return raw[raw["ingested_at"].eq(newest) & raw["line"].gt(0)]


def in_force_since(raw: pd.DataFrame, values: Sequence[str]) -> pd.DataFrame:
    """The rows in force with ``held_since`` and ``is_first_delivery``, which `known.known_at` decides by.

    Args:
        raw: All that raw holds of whole days, superseded deliveries and markers included.
        values: The columns as delivered. A correction that leaves a row as it was does not make it younger: the row is
            held since the earliest delivery of its file and day that had a row with the same values.
    """
    rows = in_force(raw)
    if rows.empty:
        never = pd.Series([], dtype="datetime64[us, UTC]")
        return rows.assign(held_since=never, is_first_delivery=pd.Series([], dtype="bool"))
    place = ["file", "day"]
    first = raw.groupby(place)["ingested_at"].min().rename("first_delivery").reset_index()
    rows = rows.merge(first, on=place, how="left").set_axis(rows.index)
    since = rows["ingested_at"].copy()
    again = since.ne(rows["first_delivery"])
    if again.any():
        told = [*place, *values]
        earliest = raw[raw["line"].gt(0)].groupby(told, dropna=False)["ingested_at"].min().rename("held_since")
        since = rows[told].merge(earliest.reset_index(), on=told, how="left")["held_since"].set_axis(rows.index)
    rows = rows.assign(held_since=since, is_first_delivery=since.eq(rows["first_delivery"]))
    return rows.drop(columns="first_delivery")


def in_force_repaired(raw: pd.DataFrame, values: Sequence[str], repairs: pd.DataFrame | None) -> pd.DataFrame:
    """The rows in force as repaired, as `in_force_since` gives them, and ``repaired_at`` for `known.known_at`.

    What was held since when is decided by the values as delivered, and repairs only change rows in force: a row that
    was discarded does not bring that of an earlier delivery back.

    Args:
        raw: As for `in_force_since`.
        values: The columns as delivered.
        repairs: Those of the harmonized table that the rows are for; None where its rows cannot be repaired.
    """
    rows = in_force_since(raw, values)
    if repairs is None or repairs.empty or rows.empty:
        return rows
    return apply_repairs(rows.assign(repaired_at=repaired_at(rows, repairs)), repairs)


def rows_to_append(
    delivered: pd.DataFrame,
    files: Mapping[str, str],
    held: pd.DataFrame,
    days: tuple[date, date],
    ingested_at: datetime,
    columns: Sequence[str],
) -> pd.DataFrame:
    """The rows that raw lacks: those of deliveries that are not in force yet on a day, and markers for withdrawn days.

    Args:
        delivered: Readable rows of the files in the landing folder now.
        files: Name -> sha256 of the files there that could be read; one that could not withdraws nothing.
        held: What raw holds of these days (`HELD_COLUMNS`).
        days: First and last day of the run; rows of other days are left for their own runs.
        ingested_at: UTC time of this ingestion, the same for all rows of a run.
        columns: Those of the raw table. What a marker does not say is null.

    Returns:
        Frame of `columns`; empty where everything is held already.
    """
    wanted = delivered[delivered["day"].between(*days)]
    current = held.sort_values("ingested_at", kind="stable").drop_duplicates(["file", "day"], keep="last")
    told = ["file", "day", "sha256"]
    known = pd.MultiIndex.from_frame(wanted[told]).isin(pd.MultiIndex.from_frame(current[told]))
    new = pd.concat([wanted[~known], _withdrawn(files, wanted, current, columns)], ignore_index=True)
    return new.assign(ingested_at=pd.Timestamp(ingested_at))[list(columns)]


def _withdrawn(
    files: Mapping[str, str], wanted: pd.DataFrame, current: pd.DataFrame, columns: Sequence[str]
) -> pd.DataFrame:
    """A marker row for each file and day that an earlier delivery had and the one in the landing folder has not."""
    gone = current[current["file"].isin(list(files))]
    has_rows = pd.MultiIndex.from_frame(gone[["file", "day"]]).isin(pd.MultiIndex.from_frame(wanted[["file", "day"]]))
    gone = gone[~has_rows & gone["sha256"].ne(gone["file"].map(dict(files)))]
    markers = pd.DataFrame({"file": gone["file"], "day": gone["day"], "sha256": gone["file"].map(dict(files))})
    return markers.assign(line=0).reindex(columns=[name for name in columns if name != "ingested_at"])
