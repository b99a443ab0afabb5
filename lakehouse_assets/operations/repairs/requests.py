"""Requests for runs: a job writes one into the audit table, and a sensor makes it a run.

A job cannot start a run by itself: it has no workspace. Through a sensor the run is queued like any other, waits for
its pools, and is in Kubernetes a pod of its own. The audit row is the request, so one cannot be without the other, and
its entry is the run's key, so it is carried out once, whatever restarts.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake

RERUN, RETRAIN = "rerun", "retrain"
#: Tag of a run that was asked for: the entry of its audit row.
REPAIR = "repair"
#: How long a request waits for a sensor that is off. An older one is not carried out any more: things have changed.
WAITS = timedelta(days=1)
#: The engine counts nanoseconds and knows no later year than 2262.
_ALWAYS = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Request:
    """A run that somebody asked for."""

    entry: str
    at: datetime
    assets: tuple[str, ...]
    tags: dict[str, str]


def ask(
    lake: Lake,
    action: str,
    subject: str,
    who: str,
    reason: str,
    assets: Sequence[str],
    tags: dict[str, str],
    run_id: str,
) -> str:
    """Write the request down; the same run of a job asks once.

    Returns:
        The entry, which the run carries as its tag `repair`.
    """
    from lakehouse_assets.operations import audit

    return audit.record(
        lake,
        action=action,
        subject=subject,
        who=who,
        reason=reason,
        details={"assets": list(assets), "tags": tags},
        run_id=run_id,
        entry=f"{action} {subject} {run_id}",
    )


def requests_since(lake: Lake, after: datetime, now: datetime) -> list[Request]:
    """What was asked for after a moment, and is not too old, the oldest first."""
    from lakehouse_assets.operations.audit import AUDIT

    if not lake.exists(AUDIT):
        return []
    # The lower end of a range is part of it.
    since = (max(after + timedelta(microseconds=1), now - WAITS), _ALWAYS)
    where: dict[str, Any] = {"action": [RERUN, RETRAIN], "at": since}
    rows = lake.read(AUDIT, columns=["entry", "at", "details"], where=where).to_pylist()
    read = [(row, json.loads(row["details"])) for row in sorted(rows, key=lambda row: row["at"])]
    return [Request(row["entry"], row["at"], tuple(told["assets"]), told["tags"]) for row, told in read]
