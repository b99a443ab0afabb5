"""Rolling back to a former champion: chosen from the record, known to load before the alias moves, with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lakehouse_assets.lake.errors import RequestRefusedError
from lakehouse_assets.lifecycle.judging.champions import ROLL_BACK, former_champion, was_champion
from lakehouse_assets.lifecycle.judging.gate import DRY_RUN, ON, TRIED
from lakehouse_assets.lifecycle.judging.promotion import Occasion, Registry, V, audit_frame, found_changed, row_of

if TYPE_CHECKING:
    import pandas as pd


class RollBackRefusedError(RequestRefusedError):
    """The version cannot or should not serve; the alias is where it was."""


def roll_back(
    registry: Registry[V],
    name: str,
    audit: pd.DataFrame,
    occasion: Occasion,
    reason: str,
    load_error: Callable[[V], str | None],
    to_version: int | None = None,
    forced: bool = False,
    dry_run: bool = False,
) -> pd.DataFrame:
    """Let a former champion serve again.

    Args:
        registry: Holds the alias.
        name: The registered model.
        audit: The record so far.
        occasion: Who rolls back, when, in which run.
        reason: Why; people read it in the record and in the gate's refusals of the version rolled back from.
        load_error: Loads a version and scores a sample; gives what went wrong, None if nothing did.
        to_version: The version to go to; None: the champion before the present one.
        forced: Also to a version that never was champion.
        dry_run: Check everything, move nothing.

    Returns:
        The rows to append to the record.

    Raises:
        RollBackRefusedError: there is no reason, no such version, it never was champion, it serves already or it does
            not load.
    """
    if not reason.strip():
        raise RollBackRefusedError(f"{name}: say why it is rolled back; the record and the model card show it.")
    serving = registry.champion(name)
    if serving is None:
        raise RollBackRefusedError(f"{name} has no champion, so there is nothing to roll back from.")
    rows = found_changed(audit, serving.version, occasion)
    record = audit_frame([*audit.to_dict("records"), *rows])
    wanted = to_version if to_version is not None else former_champion(record)
    target = _target(registry, name, record, serving.version, wanted, forced)
    wrong = load_error(target)
    if wrong is not None:
        raise RollBackRefusedError(
            f"{name} version {target.version} does not load, so {serving.version} goes on serving: {wrong}"
        )
    if not dry_run:
        registry.promote(target)
    row = row_of(
        occasion,
        TRIED if dry_run else ROLL_BACK,
        target.version,
        serving.version,
        serving.version if dry_run else target.version,
        promoted=not dry_run,
        mode=DRY_RUN if dry_run else ON,
        reason=f"dry run, would be rolled back to {target.version}: {reason}" if dry_run else reason,
    )
    return audit_frame([*rows, row])


def _target(
    registry: Registry[V], name: str, record: pd.DataFrame, serving: int, wanted: int | None, forced: bool
) -> V:
    if wanted is None:
        raise RollBackRefusedError(
            f"{name}: no champion served before version {serving}. Name a version, and force it if it never "
            "was champion."
        )
    if wanted == serving:
        raise RollBackRefusedError(f"{name} version {wanted} serves already.")
    known = {version.version: version for version in registry.versions(name)}
    if wanted not in known:
        raise RollBackRefusedError(f"{name} has no version {wanted}; the registry has {sorted(known)}.")
    if not forced and not was_champion(record, wanted):
        raise RollBackRefusedError(
            f"{name} version {wanted} never was champion, so no gate has let it through. Force it if it shall serve "
            "all the same."
        )
    return known[wanted]
