"""Pausing a use case: a switch that its training schedule and its retraining sensor respect.

The audit table is the switch. A pause needs who and why, ends by itself on a day, and must survive a new Dagster
database; Dagster's own switches of sensors and schedules know none of this, would have to be set one by one, and could
disagree with the audit row. The last row about a use case decides, so there is no second record to disagree with.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake

PAUSE, RESUME = "pause", "resume"


@dataclass(frozen=True)
class Pause:
    """Somebody wants that a use case rests: it is not trained by itself until then. Its nights go on."""

    use_case: str
    who: str
    reason: str
    since: datetime
    until: datetime

    @property
    def words(self) -> str:
        """As a skipped schedule says it."""
        return (
            f"{self.use_case} is paused until {self.until:%Y-%m-%d %H:%M} UTC by {self.who}: {self.reason}. "
            f"The job resume_use_case ends it."
        )


def pauses(lake: Lake, now: datetime) -> dict[str, Pause]:
    """The use cases that rest now."""
    import json

    from lakehouse_assets.contracts.additions import AUDIT

    if not lake.exists(AUDIT):
        return {}
    columns = ["at", "action", "subject", "who", "reason", "details"]
    rows = lake.read(AUDIT, columns=columns, where={"action": [PAUSE, RESUME]}).to_pylist()
    last = {row["subject"]: row for row in sorted(rows, key=lambda row: row["at"])}
    found = {}
    for use_case, row in last.items():
        if row["action"] == PAUSE:
            until = datetime.fromisoformat(json.loads(row["details"])["until"])
            if now < until:
                found[use_case] = Pause(use_case, row["who"], row["reason"], row["at"], until)
    return found


def paused(lake: Lake, use_case: str, now: datetime | None = None) -> Pause | None:
    """The use case's pause, if it rests now."""
    return pauses(lake, now or datetime.now(UTC)).get(use_case)
