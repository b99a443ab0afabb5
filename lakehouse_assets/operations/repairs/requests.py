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


@dataclass(frozen=True)
class Handled:
    """The requests that were made runs, as the sensor's cursor.

    Not the time of the newest: a row's time is taken before its commit, so a request may become visible after one that
    is younger.

    Attributes:
        entries: Those that are young enough to be read again.
        before: All of this time and earlier were, by a cursor of an earlier form.
    """

    entries: frozenset[str] = frozenset()
    before: datetime | None = None

    @classmethod
    def read(cls, cursor: str | None) -> Handled:
        """What a cursor says. Without one each request of the last day is asked for again, under the same key."""
        try:
            told = json.loads(cursor or "[]")
            return cls(frozenset(map(str, told)))
        except json.JSONDecodeError:
            return cls(before=datetime.fromisoformat(str(cursor)))

    def covers(self, request: Request) -> bool:
        """Whether a request was made a run."""
        return request.entry in self.entries or (self.before is not None and request.at <= self.before)


def open_requests(lake: Lake, cursor: str | None, now: datetime) -> tuple[list[Request], str]:
    """What was asked for, is not too old and was not made a run, the oldest first; and the cursor once it is."""
    handled, found = Handled.read(cursor), _requests(lake, now)
    return [one for one in found if not handled.covers(one)], json.dumps(sorted(one.entry for one in found))


def _requests(lake: Lake, now: datetime) -> list[Request]:
    from lakehouse_assets.operations.audit import AUDIT

    if not lake.exists(AUDIT):
        return []
    where: dict[str, Any] = {"action": [RERUN, RETRAIN], "at": (now - WAITS, _ALWAYS)}
    rows = lake.read(AUDIT, columns=["entry", "at", "details"], where=where).to_pylist()
    read = [(row, json.loads(row["details"])) for row in sorted(rows, key=lambda row: row["at"])]
    return [Request(row["entry"], row["at"], tuple(told["assets"]), told["tags"]) for row, told in read]
