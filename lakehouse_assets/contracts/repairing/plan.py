"""What an engineer asks for as repairs of rows, or why not."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from lakehouse_assets.contracts.quarantine import SOURCE_PLACE
from lakehouse_assets.contracts.repairs import CORRECT, DISCARD, REPAIR_COLUMNS, UNDO, Place, in_force, places_of

#: Given repairs and the quarantined rows that they are for: what they leave wrong, by row, in words.
LeftWrong = Callable[[pd.DataFrame, pd.DataFrame], Mapping[Place, str]]


@dataclass(frozen=True)
class Wish:
    """What an engineer wants done with one row that is quarantined, or that somebody has repaired."""

    source_file: str
    source_line: int
    values: Mapping[str, str] = field(default_factory=dict)
    discard: bool = False
    undo: bool = False

    @property
    def row(self) -> str:
        """The row for people."""
        return f"{self.source_file} line {self.source_line}"


@dataclass(frozen=True)
class Plan:
    """What wishes come to: new `repairs` (`REPAIR_COLUMNS`), `refused` wishes in words, the `rows` meant.

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


def plan(
    wishes: Sequence[Wish],
    table: str,
    quarantined: pd.DataFrame,
    repaired: pd.DataFrame,
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
        repaired: The rows of its repairs in force, the latest repaired last; those that stand in the quarantine too are
            taken from there.
        held: All repairs so far (`REPAIR_COLUMNS`).
        repairable: Raw columns that a repair may set.
        left_wrong: Tries the repairs, all together.
        author: For the audit columns.
    """
    rows, refused, meant, done = [], [], [], []
    seen: set[tuple[str, int]] = set()
    current = in_force(held[held["table"].eq(table)]) if len(held) else held
    known = pd.concat([quarantined, repaired], ignore_index=True)
    aside = pd.Series(range(len(known))).lt(len(quarantined))
    for wish in wishes:
        named = known["source_file"].eq(wish.source_file) & known["source_line"].eq(wish.source_line)
        stands = bool((named & aside).any())
        found = known[named & aside] if stands else known[named].tail(1)
        before = _before(found, current)
        if _is_done(wish, stands, before):
            done.append(f"{wish.row}: it is {'as delivered' if wish.undo else 'repaired so'} already")
            continue
        reason = _refusal(wish, found, before, repairable, seen)
        if reason is not None:
            refused.append(f"{wish.row}: {reason}")
            continue
        seen.add((wish.source_file, wish.source_line))
        meant.append(found.index[0])
        rows.append(_repair(wish, table, found.iloc[0], before, author))
    repairs, rows_meant = pd.DataFrame(rows, columns=REPAIR_COLUMNS), known.loc[meant]
    wrong = left_wrong(repairs, rows_meant) if rows else {}
    refused += [f"{file} line {line}: {reason}" for (file, _, line), reason in wrong.items()]
    right = [place not in wrong for place in places_of(repairs)]
    return Plan(repairs[right], refused, rows_meant[right], done)


def _before(found: pd.DataFrame, current: pd.DataFrame) -> dict[str, Any] | None:
    """The repair in force of the row that was found."""
    if found.empty or current.empty:
        return None
    place = found.iloc[0][SOURCE_PLACE]
    same = current[(current[SOURCE_PLACE] == place).all(axis=1)].to_dict("records")
    return {str(name): value for name, value in same[0].items()} if same else None


def _is_done(wish: Wish, stands: bool, before: Mapping[str, Any] | None) -> bool:
    """Whether the repair in force says all of this already, and its days were made anew since.

    That they were is seen by a row that left the quarantine by its first repair, or stands there again after its last
    was undone. Where it cannot be seen the same repair is taken again, which makes the days anew and nothing else.
    """
    if before is None:
        return False
    if wish.undo:
        return stands and bool(before["action"] == UNDO)
    if stands or before["supersedes"]:
        return False
    if wish.discard or not wish.values:
        return wish.discard and bool(before["action"] == DISCARD)
    held: dict[str, str] = json.loads(before["values"])
    return wish.values.items() <= held.items()


def _refusal(
    wish: Wish,
    found: pd.DataFrame,
    before: Mapping[str, Any] | None,
    repairable: Sequence[str],
    seen: set[tuple[str, int]],
) -> str | None:
    if (wish.source_file, wish.source_line) in seen:
        return "it is named twice"
    if found.empty:
        return "no such row stands in the quarantine, and none was repaired"
    if found["source_sha256"].nunique() > 1:
        return "several deliveries of the file stand in the quarantine; materialise its days first"
    if wish.undo and (wish.discard or wish.values):
        return "either undo its repair or make another one, not both"
    if wish.undo and before is None:
        return "nobody has repaired it, so there is nothing to undo"
    if wish.discard and wish.values:
        return "either discard it or correct its values, not both"
    if not wish.discard and not wish.values and not wish.undo:
        return "neither discarded nor given a value, nor is its repair to be undone"
    unknown = sorted(set(wish.values) - set(repairable))
    if unknown:
        return (
            f"{', '.join(unknown)} cannot be repaired here, only {', '.join(repairable)}. What tells whose row it is "
            "comes from the file: put the file right and drop it again"
        )
    return None


def _repair(wish: Wish, table: str, row: pd.Series, before: Mapping[str, Any] | None, author: Author) -> dict[str, Any]:
    place = {name: row[name] for name in SOURCE_PLACE}
    action = UNDO if wish.undo else DISCARD if wish.discard else CORRECT
    # Corrections add up: what an earlier repair put right stays so, until all of them are undone.
    earlier = json.loads(before["values"]) if before else {}
    values = json.dumps({**earlier, **wish.values} if action == CORRECT else {}, sort_keys=True)
    if before and (before["action"], before["values"]) == (action, values):
        # Asked for again, as after a crash before the row's day was made anew: it is known since it was first repaired.
        return {name: before[name] for name in REPAIR_COLUMNS}
    supersedes = str(before["repair_id"]) if before else ""
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
