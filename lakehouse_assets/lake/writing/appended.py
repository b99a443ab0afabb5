"""Whether rows that a step has appended are still in the table, so that running the step again must not add them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deltalake import DeltaTable

    from lakehouse_assets.lake.writing.commit import Provenance


def holds_append_of(table: DeltaTable, provenance: Provenance) -> bool:
    """Whether an earlier attempt of the step has appended its rows, and nobody has taken them out since.

    The table's transaction tells that it was done once. It outlives the rows: a restore to before the append, or an
    overwriting of its partitions, takes them out and leaves the transaction, and the step would never write again.
    Where only some of its partitions were overwritten its rows count as held, since the others would come twice.
    """
    if not provenance.step or table.transaction_version(provenance.step) is None:
        return False
    commits = sorted(table.history(), key=lambda commit: int(commit["version"]))
    appended = [int(one["version"]) for one in commits if one.get("lakehouse.step") == provenance.step]
    if not appended:  # its commit has been cleaned up, or is older than this name in commits
        return True
    first = appended[0]
    held: dict[int, bool] = {}
    for commit in commits:
        version = int(commit["version"])
        if version >= first:
            held[version] = version in appended or _holds_after(commit, held, version, provenance)
    return held[max(held)]


def _holds_after(commit: Mapping[str, Any], held: Mapping[int, bool], version: int, provenance: Provenance) -> bool:
    """Whether the rows are there after a commit."""
    before = held.get(version - 1, True)
    partitions = set(json.loads(commit.get("lakehouse.partitions", "[]")))
    if partitions and not set(provenance.partitions) <= partitions:
        return before
    restored = commit.get("lakehouse.restored_from")
    if restored is not None:
        return held.get(int(restored), False)
    return before and commit.get("lakehouse.write_mode") != "overwrite"
