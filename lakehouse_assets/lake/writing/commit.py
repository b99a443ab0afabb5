"""One commit: what is written into it, how it is tried again, and how its refusal is told."""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from deltalake import CommitProperties, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError

from lakehouse_assets.lake.errors import LakeError, StorageError, UnwritableTableError, WriteConflictError
from lakehouse_assets.lake.failures import advice, cause, told

ATTEMPTS = 25
LONGEST_PAUSE_S = 2.0

log = logging.getLogger(__name__)
Result = TypeVar("Result")


@dataclass(frozen=True)
class Provenance:
    """Who writes, for the commit and for errors. Every field lands in the commit's ``userMetadata``-like custom keys.

    ``step`` identifies the step across retries and re-executions of a run (root run, step, partitions), so that an
    append can see that it was done before. ``inputs`` are the table versions that the step read; ``deps`` the newest
    versions of the tables that it depends on without having read them here, which is all that can be known of those.
    """

    asset: str
    run_id: str = ""
    partitions: tuple[str, ...] = ()
    code_version: str = ""
    step: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    deps: dict[str, str] = field(default_factory=dict)

    def who(self) -> str:
        """The writer for an error message."""
        return f"Asset {self.asset}" + (f", partition {self.described_partitions()}" if self.partitions else "")

    def described_partitions(self) -> str:
        """The partitions for people, shortened when they are many."""
        if len(self.partitions) <= 3:
            return ", ".join(self.partitions)
        return f"{self.partitions[0]} … {self.partitions[-1]} ({len(self.partitions)} partitions)"


def commit_properties(
    provenance: Provenance, extra: dict[str, str], once: bool = False, creates: bool = False
) -> CommitProperties:
    """What a commit carries.

    ``once`` adds the Delta transaction by which an append is known to have been done. ``creates`` forbids the engine to
    try again by itself: with its retries, of four writers that created a table at once two or three got their rows in
    (deltalake 1.6.6, 40 trials of 40), since the loser's commit was repeated as an append to the winner's table.
    """
    custom = {
        "lakehouse.asset": provenance.asset,
        "lakehouse.run_id": provenance.run_id,
        "lakehouse.code_version": provenance.code_version,
        "lakehouse.partitions": json.dumps(provenance.partitions),
        "lakehouse.inputs": json.dumps(provenance.inputs, sort_keys=True),
        "lakehouse.deps": json.dumps(provenance.deps, sort_keys=True),
        **{f"lakehouse.{name}": value for name, value in extra.items()},
    }
    if once and provenance.step:
        custom["lakehouse.step"] = provenance.step
    transactions = [Transaction(provenance.step, 1)] if once and provenance.step else None
    return CommitProperties(
        custom_metadata=custom, app_transactions=transactions, max_commit_retries=0 if creates else None
    )


_NO_CONFLICT = ("Unsupported table features", "append-only", "appendOnly", "AppendOnly", "table features must be")
"""What the engine says of a commit that it will never take; it uses the same exception as for a conflict."""


def retried(
    attempt: Callable[[], Result], provenance: Provenance, uri: str, options: Mapping[str, str] | None = None
) -> Result:
    """Runs a write until it is through: a conflict with another writer is answered by doing the write again.

    Raises:
        WriteConflictError: when other writers won every time.
        UnwritableTableError: when the table forbids the write.
        StorageError: when the storage refuses.
    """
    for number in range(ATTEMPTS):
        try:
            return attempt()
        except LakeError:
            raise
        except CommitFailedError as error:
            said = told(error, options)
            if any(text in said for text in _NO_CONFLICT):
                raise UnwritableTableError(
                    f"{provenance.who()}: table {uri} may not be written like this: {said}. Nothing was written. Its "
                    "writer set a feature that only that writer keeps (let it write, or have it drop the feature or "
                    "make a copy without it), or set delta.appendOnly (then use write_mode append)."
                ) from cause(error, options)
            if number == ATTEMPTS - 1:
                raise WriteConflictError(
                    f"{provenance.who()}: other writers changed table {uri} during each of {ATTEMPTS} attempts. "
                    "Nothing of this run is in it. Run it again when they are done; to find them, look at the "
                    f"table's history (lakehouse.run_id). The last conflict: {said}"
                ) from cause(error, options)
            pause = random.uniform(0.5, 1.0) * min(LONGEST_PAUSE_S, 0.05 * 2**number)
            log.info("%s: conflict on %s, trying again in %.2f s: %s", provenance.who(), uri, pause, said)
            time.sleep(pause)
        except (DeltaError, OSError) as error:
            raise refused(error, provenance, uri, options) from cause(error, options)
    raise AssertionError("unreachable: the last attempt returns or raises")


def refused(
    error: Exception, provenance: Provenance, uri: str, options: Mapping[str, str] | None = None
) -> StorageError:
    """The storage's refusal with what to do about it."""
    said = told(error, options)
    return StorageError(
        f"{provenance.who()}: table {uri} could not be written. Nothing of this run is in the table. {advice(said)} "
        f"The storage said: {said}"
    )
