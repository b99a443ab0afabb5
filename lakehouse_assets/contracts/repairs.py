"""Repairs of quarantined rows: planned from what an engineer asks for, kept in a table, applied to the raw rows.

A repair names a source row by its file's digest and its line, so it holds for that delivery only, and every later run
over the row's partition applies it again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from lakehouse_assets.contracts.quarantine import RAW_PLACE, SOURCE_PLACE

#: What tells a source row apart: its file's name and digest, and its line.
Place = tuple[str, str, int]
#: Given repairs and the quarantined rows that they are for: what they leave wrong, by row, in words.
LeftWrong = Callable[[pd.DataFrame, pd.DataFrame], Mapping[Place, str]]

CORRECT, DISCARD = "correct", "discard"
REPAIR_COLUMNS = [
    *("repair_id", "table", "source_file", "source_sha256", "source_line", "action", "values"),
    *("reason", "made_by", "made_at", "supersedes", "run_id"),
]


@dataclass(frozen=True)
class Wish:
    """What an engineer wants done with one quarantined row."""

    source_file: str
    source_line: int
    values: Mapping[str, str] = field(default_factory=dict)
    discard: bool = False

    @property
    def row(self) -> str:
        """The row for people."""
        return f"{self.source_file} line {self.source_line}"


@dataclass(frozen=True)
class Plan:
    """What wishes come to: new `repairs` (`REPAIR_COLUMNS`), `refused` wishes in words, the quarantined rows meant.

    `done` are wishes in words that an earlier run has carried out, for a run that is started again after a crash.
    """

    repairs: pd.DataFrame
    refused: list[str]
    rows: pd.DataFrame
    done: list[str]


@dataclass(frozen=True)
class Author:
    """Who repairs, when, why, and in which run."""

    made_by: str
    reason: str
    made_at: datetime
    run_id: str


def places_of(rows: pd.DataFrame, columns: Sequence[str] = SOURCE_PLACE) -> list[Place]:
    """Where each row came from, in order."""
    return [(file, sha256, int(line)) for file, sha256, line in rows[list(columns)].itertuples(index=False)]


def in_force(repairs: pd.DataFrame) -> pd.DataFrame:
    """The last repair of each source row."""
    ordered = repairs.sort_values("made_at", kind="stable")
    return ordered.drop_duplicates(["table", *SOURCE_PLACE], keep="last")


def apply_repairs(raw: pd.DataFrame, repairs: pd.DataFrame) -> pd.DataFrame:
    """Raw rows with the repairs in force: corrected values in place of those delivered, discarded rows gone.

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


def plan(
    wishes: Sequence[Wish],
    table: str,
    quarantined: pd.DataFrame,
    held: pd.DataFrame,
    repairable: Sequence[str],
    left_wrong: LeftWrong,
    author: Author,
) -> Plan:
    """Turn wishes into repairs, or say why not.

    Args:
        wishes: At most one per row counts; a second is refused.
        table: The harmonized table that the rows are for.
        quarantined: Its quarantine now: `SOURCE_PLACE`, `rule`, `row` (JSON).
        held: All repairs so far (`REPAIR_COLUMNS`).
        repairable: Raw columns that a repair may set.
        left_wrong: Tries the repairs, all together.
        author: For the audit columns.
    """
    rows, refused, meant, done = [], [], [], []
    seen: set[tuple[str, int]] = set()
    current = in_force(held[held["table"].eq(table)]) if len(held) else held
    for wish in wishes:
        found = quarantined[
            quarantined["source_file"].eq(wish.source_file) & quarantined["source_line"].eq(wish.source_line)
        ]
        if found.empty and _is_done(wish, current):
            done.append(f"{wish.row}: it is repaired so already")
            continue
        reason = _refusal(wish, found, repairable, seen)
        if reason is not None:
            refused.append(f"{wish.row}: {reason}")
            continue
        seen.add((wish.source_file, wish.source_line))
        meant.append(found.index[0])
        rows.append(_repair(wish, table, found.iloc[0], current, author))
    repairs, rows_meant = pd.DataFrame(rows, columns=REPAIR_COLUMNS), quarantined.loc[meant]
    wrong = left_wrong(repairs, rows_meant) if rows else {}
    refused += [f"{file} line {line}: {reason}" for (file, _, line), reason in wrong.items()]
    right = [place not in wrong for place in places_of(repairs)]
    return Plan(repairs[right], refused, rows_meant[right], done)


def _is_done(wish: Wish, current: pd.DataFrame) -> bool:
    """Whether a repair in force says all of this already."""
    same = current[current["source_file"].eq(wish.source_file) & current["source_line"].eq(wish.source_line)]
    if wish.discard or not wish.values:
        return wish.discard and bool(same["action"].eq(DISCARD).any())
    return any(wish.values.items() <= json.loads(values).items() for values in same["values"])


def _refusal(wish: Wish, found: pd.DataFrame, repairable: Sequence[str], seen: set[tuple[str, int]]) -> str | None:
    if (wish.source_file, wish.source_line) in seen:
        return "it is named twice"
    if found.empty:
        return "no such row stands in the quarantine"
    if found["source_sha256"].nunique() > 1:
        return "several deliveries of the file stand in the quarantine; materialise its days first"
    if wish.discard and wish.values:
        return "either discard it or correct its values, not both"
    if not wish.discard and not wish.values:
        return "neither discarded nor given a value"
    unknown = sorted(set(wish.values) - set(repairable))
    if unknown:
        return (
            f"{', '.join(unknown)} cannot be repaired here, only {', '.join(repairable)}. What tells whose row it is "
            "comes from the file: put the file right and drop it again"
        )
    return None


def _repair(wish: Wish, table: str, row: pd.Series, current: pd.DataFrame, author: Author) -> dict[str, Any]:
    place = {name: row[name] for name in SOURCE_PLACE}
    before = current[(current[SOURCE_PLACE] == pd.Series(place)).all(axis=1)] if len(current) else current
    action = DISCARD if wish.discard else CORRECT
    # Corrections add up: what an earlier repair put right stays so.
    earlier = json.loads(before["values"].iloc[0]) if len(before) else {}
    values = json.dumps({} if wish.discard else {**earlier, **wish.values}, sort_keys=True)
    if len(before) and (before["action"].iloc[0], before["values"].iloc[0]) == (action, values):
        # Asked for again, as after a crash before the row's day was made anew: it is known since it was first repaired.
        return dict(before[REPAIR_COLUMNS].iloc[0])
    supersedes = str(before["repair_id"].iloc[0]) if len(before) else ""
    told = json.dumps([table, *map(str, place.values()), action, values, supersedes])
    return {
        "repair_id": hashlib.sha256(told.encode()).hexdigest()[:32],
        "table": table,
        **place,
        "action": action,
        "values": values,
        "reason": author.reason,
        "made_by": author.made_by,
        "made_at": pd.Timestamp(author.made_at),
        "supersedes": supersedes,
        "run_id": author.run_id,
    }


def wishes_in(file: str) -> list[Wish]:
    """The wishes in a CSV or Parquet file: `source_file`, `source_line`, perhaps `discard`, and raw columns.

    Raises:
        ValueError: a column that tells the row is missing.
    """
    parquet = file.endswith(".parquet")
    table = pd.read_parquet(file) if parquet else pd.read_csv(file, dtype=str, keep_default_na=False)
    missing = sorted({"source_file", "source_line"} - set(table.columns))
    if missing:
        raise ValueError(f"{file}: expected the columns source_file and source_line, found no {', '.join(missing)}")
    given = [name for name in table.columns if name not in ("source_file", "source_line", "discard")]
    return [
        Wish(
            str(row["source_file"]),
            int(row["source_line"]),
            {name: str(row[name]) for name in given if not pd.isna(row[name]) and str(row[name]).strip()},
            str(row.get("discard", "")).strip().lower() in ("true", "1", "yes"),
        )
        for row in table.to_dict("records")
    ]
