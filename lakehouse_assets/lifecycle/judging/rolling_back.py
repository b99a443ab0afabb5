"""Rolling back to a former champion: chosen from the record, known to load before the alias moves, with a reason.

A run that rolls back may die anywhere and be started again by itself. So it says what it is about to do before it does
it (`Step`), under the identifier that it shares with its retries, and a retry goes on from there: counted anew, the
champion before the present one would be one further down. A run of its own after one that died after the move finds
the alias where it would move it and no row of that, and writes the row. Once back is thus once back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic

from lakehouse_assets.lake.errors import RequestRefusedError
from lakehouse_assets.lifecycle.judging.champions import ROLL_BACK, former_champion, serves_by_record, was_champion
from lakehouse_assets.lifecycle.judging.promotion import Occasion, Registry, V, audit_frame, found_changed, row_of

if TYPE_CHECKING:
    import pandas as pd


class RollBackRefusedError(RequestRefusedError):
    """The version cannot or should not serve; the alias is where it was."""


@dataclass(frozen=True)
class Wish:
    """What somebody asks for.

    Attributes:
        reason: Why; people read it in the record and in the gate's refusals of the version rolled back from.
        to_version: The version to go to; None: the champion before the present one.
        forced: Also to a version that never was champion.
    """

    reason: str
    to_version: int | None = None
    forced: bool = False


@dataclass(frozen=True)
class Step:
    """From which version to which."""

    before: int
    after: int


@dataclass(frozen=True)
class Planned(Generic[V]):
    """What a wish means here and now; nothing has been done yet.

    Attributes:
        target: The version that shall serve.
        step: From which version to which.
        moved: The alias is there already: a run stopped after it moved it.
        written: Its row stands already as well.
        found: Rows for the record that come before its own.
    """

    target: V
    step: Step
    moved: bool = False
    written: bool = False
    found: list[dict[str, Any]] = field(default_factory=list)

    def in_words(self, reason: str, dry_run: bool = False) -> str:
        """What is done, or would be."""
        before, after = self.step.before, self.step.after
        if self.written:
            return f"rolled back from {before} to {after} before, by this run: {reason}"
        if self.moved:
            would = "would be" if dry_run else "is"
            return (
                f"{after} serves already in the place of {before} and the record lacks it; it {would} added: {reason}"
            )
        return f"{'dry run, would be ' if dry_run else ''}rolled back from {before} to {after}: {reason}"


def plan_roll_back(
    registry: Registry[V],
    name: str,
    audit: pd.DataFrame,
    occasion: Occasion,
    wish: Wish,
    load_error: Callable[[V], str | None],
    begun: Step | None = None,
) -> Planned[V]:
    """Choose the version, and make sure that it may serve and loads.

    Args:
        registry: Holds the alias.
        name: The registered model.
        audit: The record so far.
        occasion: Who rolls back, when, in which run; the run's identifier is that of the first of its retries.
        wish: What is asked for.
        load_error: Loads a version and scores a sample; gives what went wrong, None if nothing did.
        begun: The step that this run, or the one that it is a retry of, said it would do.

    Raises:
        RollBackRefusedError: there is no reason, no such version, it never was champion, it serves already or it does
            not load; or what was begun has been overtaken.
    """
    if not wish.reason.strip():
        raise RollBackRefusedError(f"{name}: say why it is rolled back; the record and the model card show it.")
    serving = registry.champion(name)
    if serving is None:
        raise RollBackRefusedError(f"{name} has no champion, so there is nothing to roll back from.")
    known = {version.version: version for version in registry.versions(name)}
    done = None if begun is None else _done_of(begun, name, known, audit, occasion, wish, serving.version)
    if done is not None:
        return done
    named = begun.after if begun is not None else wish.to_version
    recorded, wanted = serves_by_record(audit), named if named is not None else former_champion(audit)
    if recorded is not None and wanted == serving.version != recorded and was_champion(audit, wanted):
        # A run stopped after the move, or somebody moved it by hand: it is one step down from what the record says.
        return Planned(serving, Step(recorded, wanted), moved=True)
    found = found_changed(audit, serving.version, occasion)
    record = audit_frame([*audit.to_dict("records"), *found])
    wanted = named if named is not None else former_champion(record)
    target = _target(name, known, record, serving.version, wanted, wish.forced)
    wrong = load_error(target)
    if wrong is not None:
        raise RollBackRefusedError(
            f"{name} version {target.version} does not load, so {serving.version} goes on serving: {wrong}"
        )
    return Planned(target, Step(serving.version, target.version), found=found)


def carry_out_roll_back(registry: Registry[V], planned: Planned[V], occasion: Occasion, reason: str) -> pd.DataFrame:
    """Move the alias.

    Returns:
        The rows to append to the record: none if they stand there.
    """
    if planned.written:
        return audit_frame([])
    # Also where the alias is there already: the run may have died between the two halves of the registry's move.
    registry.promote(planned.target)
    before, after = planned.step.before, planned.step.after
    row = row_of(occasion, ROLL_BACK, after, before, after, promoted=True, reason=reason)
    return audit_frame([*planned.found, row])


def _done_of(
    begun: Step, name: str, known: dict[int, V], audit: pd.DataFrame, occasion: Occasion, wish: Wish, serving: int
) -> Planned[V] | None:
    """What an attempt before this one has done of its step; None if the alias is where it was."""
    if wish.to_version not in (None, begun.after):
        raise RollBackRefusedError(
            f"{name}: this run began to roll back to {begun.after} and is asked for {wish.to_version} "
            "now. Start a new run."
        )
    written = bool((audit["run_id"].eq(occasion.run_id) & audit["action"].eq(ROLL_BACK)).any())
    if serving == begun.after:
        return Planned(known[begun.after], begun, moved=True, written=written)
    if written or serving != begun.before:
        raise RollBackRefusedError(
            f"{name}: this run began to roll back from {begun.before} to {begun.after}, and {serving} serves by now. "
            "Look at the record, and start a new run if it shall be rolled back still."
        )
    return None


def _target(name: str, known: dict[int, V], record: pd.DataFrame, serving: int, wanted: int | None, forced: bool) -> V:
    if wanted is None:
        raise RollBackRefusedError(
            f"{name}: no champion served before version {serving}. Name a version, and force it if it never "
            "was champion."
        )
    if wanted == serving:
        raise RollBackRefusedError(f"{name} version {wanted} serves already.")
    if wanted not in known:
        raise RollBackRefusedError(f"{name} has no version {wanted}; the registry has {sorted(known)}.")
    if not forced and not was_champion(record, wanted):
        raise RollBackRefusedError(
            f"{name} version {wanted} never was champion, so no gate has let it through. Force it if it shall serve "
            "all the same."
        )
    return known[wanted]
