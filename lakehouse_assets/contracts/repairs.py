"""Repairs of quarantined rows: kept in a table, applied to the raw rows.

A repair names a source row by its file's digest and its line, so it holds for that delivery only, and every later run
over the row's partition applies it again. A later repair of the row supersedes it; one that undoes leaves the row as it
was delivered.
"""

import json
from collections.abc import Sequence

import pandas as pd

from lakehouse_assets.contracts.quarantine import RAW_PLACE, SOURCE_PLACE

#: What tells a source row apart: its file's name and digest, and its line.
Place = tuple[str, str, int]

CORRECT, DISCARD, UNDO = "correct", "discard", "undo"
REPAIR_COLUMNS = [
    *("repair_id", "table", "source_file", "source_sha256", "source_line", "action", "values"),
    *("reason", "made_by", "made_at", "supersedes", "run_id"),
]


def places_of(rows: pd.DataFrame, columns: Sequence[str] = SOURCE_PLACE) -> list[Place]:
    """Where each row came from, in order."""
    return [(file, sha256, int(line)) for file, sha256, line in rows[list(columns)].itertuples(index=False)]


def in_force(repairs: pd.DataFrame) -> pd.DataFrame:
    """The last repair of each source row."""
    ordered = repairs.sort_values("made_at", kind="stable")
    return ordered.drop_duplicates(["table", *SOURCE_PLACE], keep="last")


def apply_repairs(raw: pd.DataFrame, repairs: pd.DataFrame) -> pd.DataFrame:
    """Raw rows with the repairs in force: corrected values in place of those delivered, discarded rows gone.

    A row whose repair was undone is as it was delivered.

    Args:
        raw: Source rows with `RAW_PLACE`, values as delivered.
        repairs: `REPAIR_COLUMNS` of the harmonized table that the rows are for.
    """
    if raw.empty or repairs.empty:
        return raw
    asked = {tuple(row[name] for name in SOURCE_PLACE): row for row in in_force(repairs).to_dict("records")}
    places = pd.MultiIndex.from_frame(raw[RAW_PLACE])
    meant = raw.index[places.isin(pd.MultiIndex.from_tuples(list(asked), names=RAW_PLACE))]
    if meant.empty:
        return raw
    repaired, dropped = raw.copy(), []
    for label, place in zip(meant, map(tuple, raw.loc[meant, RAW_PLACE].itertuples(index=False)), strict=True):
        if asked[place]["action"] == DISCARD:
            dropped.append(label)
        for name, value in json.loads(asked[place]["values"]).items():
            repaired.loc[label, name] = value
    return repaired.drop(index=dropped)


def repaired_at(raw: pd.DataFrame, repairs: pd.DataFrame) -> pd.Series:
    """When the repair in force of each row was made, in UTC; NaT for a row that nobody has repaired.

    Args:
        raw: Source rows with `RAW_PLACE`.
        repairs: As for `apply_repairs`.
    """
    nobody = pd.Series(pd.NaT, index=raw.index, dtype="datetime64[us, UTC]")
    if raw.empty or repairs.empty:
        return nobody
    made = in_force(repairs).set_index(SOURCE_PLACE)["made_at"]
    places = pd.MultiIndex.from_frame(raw[RAW_PLACE].set_axis(SOURCE_PLACE, axis=1))
    return (
        pd.Series(made.reindex(places).to_numpy(), index=raw.index).pipe(pd.to_datetime, utc=True).astype(nobody.dtype)
    )
