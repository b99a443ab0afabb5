"""What the table models/<use case>/champion tells: who serves by it, who served before, who was withdrawn.

Every row says what served before it (`from_version`) and after it (`to_version`; the same where nothing moved).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the table, and how a frame holds them.
AUDIT_COLUMNS: dict[str, str] = {
    "decided_at": "datetime64[us, UTC]",
    "who": "str",
    "action": "str",
    "candidate_version": "Int64",
    "from_version": "Int64",
    "to_version": "Int64",
    "promoted": "bool",
    "mode": "str",
    "reason": "str",
    "metric": "str",
    "candidate_value": "float64",
    "champion_value": "float64",
    "run_id": "str",
}
#: Actions beside the gate's "promote", "refuse" and "dry_run".
ROLL_BACK, FOUND_CHANGED = "roll_back", "found_changed"


@dataclass(frozen=True)
class Move:
    """One row that changed what serves."""

    action: str
    before: int | None
    after: int
    reason: str


def serves_by_record(audit: pd.DataFrame) -> int | None:
    """The version that serves by the last row; None where nothing was ever promoted."""
    if audit.empty:
        return None
    return version_number(audit.sort_values("decided_at", kind="stable")["to_version"].iloc[-1])


def former_champion(audit: pd.DataFrame) -> int | None:
    """The champion before the present one, as undoing counts: after 1, 2, 3 and a roll back to 2 it is 1, not 3."""
    served = _history(audit)[0]
    return served[-2] if len(served) > 1 else None


def was_champion(audit: pd.DataFrame, version: int) -> bool:
    """Whether the version ever served."""
    return any(version in (move.before, move.after) for move in _moves(audit))


def withdrawn(audit: pd.DataFrame, version: int) -> str | None:
    """Why the version was rolled back from, unless it was made champion again since; None if it never was.

    The gate refuses such a version: the same data and settings would otherwise bring it back in the next training.
    """
    return _history(audit)[1].get(version)


def _history(audit: pd.DataFrame) -> tuple[list[int], dict[int, str]]:
    """The champions that a roll back can walk down, the present one last, and the withdrawn versions with reasons."""
    served: list[int] = []
    gone: dict[int, str] = {}
    for move in _moves(audit):
        # A hand on the registry that goes back to a former champion is a roll back too.
        back = move.action == ROLL_BACK or (move.action == FOUND_CHANGED and move.after in served)
        if back and move.before is not None:
            gone[move.before] = move.reason
        gone.pop(move.after, None)
        if back and move.after in served:
            del served[served.index(move.after) + 1 :]
        else:
            served.append(move.after)
    return served, gone


def _moves(audit: pd.DataFrame) -> Iterator[Move]:
    for row in audit.sort_values("decided_at", kind="stable").to_dict("records"):
        before, after = version_number(row["from_version"]), version_number(row["to_version"])
        if after is not None and after != before:
            yield Move(str(row["action"]), before, after, str(row["reason"]))


def version_number(value: object) -> int | None:
    """A version, whether the frame holds it as a nullable integer or as a float."""
    import pandas as pd

    return None if pd.isna(value) else int(str(value).removesuffix(".0"))
