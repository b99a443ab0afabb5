"""What moves the alias of the champion, and the row that says who moved it, when, from which version and why.

The alias in the registry is the truth of what serves, the table the record of why. The alias moves first, in one call,
and its row is written after it. A crash between the two, or a hand on the registry, leaves a move without a row; the
next decision finds the alias elsewhere than the record's last `to_version` and writes that down before its own row
(`found_changed`). An intent written before the move would need the same comparison and could lie; only a roll back
has one, since where it goes follows from the record (`rolling_back`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from lakehouse_assets.lifecycle.judging.champions import AUDIT_COLUMNS, FOUND_CHANGED, serves_by_record
from lakehouse_assets.lifecycle.judging.gate import ON, Rules, Verdict

if TYPE_CHECKING:
    import pandas as pd


class Version(Protocol):
    """A version of a registered model."""

    @property
    def name(self) -> str:
        """The registered model's name."""

    @property
    def version(self) -> int:
        """The version's number."""


V = TypeVar("V", bound=Version)


class Registry(Protocol[V]):
    """What promotion needs of a model registry."""

    def champion(self, name: str) -> V | None:
        """The version that serves, or None."""

    def versions(self, name: str) -> Sequence[V]:
        """All versions of a model."""

    def promote(self, version: V) -> None:
        """Let a version serve: one move of an alias."""


class ChampionMovedError(RuntimeError):
    """Another version serves than the one that a decision was made against."""


@dataclass(frozen=True)
class Occasion:
    """Who decides, when (UTC) and in which run."""

    at: datetime
    who: str
    run_id: str


def carry_out(
    registry: Registry[V],
    candidate: V,
    verdict: Verdict,
    rules: Rules,
    decided_against: int | None,
    audit: pd.DataFrame,
    occasion: Occasion,
) -> pd.DataFrame:
    """Promote the candidate if the gate said so.

    Args:
        registry: Holds the alias.
        candidate: The version that the gate decided on.
        verdict: The gate's.
        rules: By which it decided.
        decided_against: The version that served when it decided.
        audit: The record so far.
        occasion: Of the decision.

    Returns:
        The rows to append to the record, the decision's last.

    Raises:
        ChampionMovedError: another version serves by now; nothing was done.
    """
    serving = number_of(registry.champion(candidate.name))
    if serving != decided_against:
        raise ChampionMovedError(
            f"{candidate.name}: version {candidate.version} was compared with champion {decided_against}, but "
            f"{serving} serves now. Materialise the evaluation and the gate again."
        )
    rows = found_changed(audit, serving, occasion)
    if verdict.promoted and serving != candidate.version:
        registry.promote(candidate)
    decision = row_of(
        occasion,
        verdict.action,
        candidate.version,
        serving,
        candidate.version if verdict.promoted else serving,
        promoted=verdict.promoted,
        mode=rules.mode,
        reason=verdict.reason,
        metric=rules.metric,
        candidate_value=verdict.candidate_value,
        champion_value=verdict.champion_value,
    )
    return audit_frame([*rows, decision])


def found_changed(audit: pd.DataFrame, serving: int | None, occasion: Occasion) -> list[dict[str, Any]]:
    """A row for a move of the alias that the record does not know; none where the two agree."""
    recorded = serves_by_record(audit)
    if recorded == serving:
        return []
    # A moment before the decision that found it: the time is the table's key.
    earlier = Occasion(occasion.at - timedelta(microseconds=1), occasion.who, occasion.run_id)
    reason = (
        f"the registry's champion is {serving or 'none'}, the record's {recorded or 'none'}: a run stopped after it "
        "moved the alias and before it wrote its row, or somebody moved it in the registry"
    )
    return [row_of(earlier, FOUND_CHANGED, serving, recorded, serving, promoted=serving is not None, reason=reason)]


def row_of(
    occasion: Occasion,
    action: str,
    candidate: int | None,
    before: int | None,
    after: int | None,
    *,
    promoted: bool,
    reason: str,
    mode: str = ON,
    metric: str = "",
    candidate_value: float | None = None,
    champion_value: float | None = None,
) -> dict[str, Any]:
    """One row of the record; `before` and `after` are what serves before and after it."""
    return {
        "decided_at": occasion.at,
        "who": occasion.who,
        "action": action,
        "candidate_version": candidate,
        "from_version": before,
        "to_version": after,
        "promoted": promoted,
        "mode": mode,
        "reason": reason,
        "metric": metric,
        "candidate_value": candidate_value,
        "champion_value": champion_value,
        "run_id": occasion.run_id,
    }


def audit_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows as the table's frame; none give an empty one with its columns."""
    import pandas as pd

    return pd.DataFrame({name: [row[name] for row in rows] for name in AUDIT_COLUMNS}).astype(AUDIT_COLUMNS)


def number_of(version: Version | None) -> int | None:
    """A version's number; None of none."""
    return None if version is None else version.version
