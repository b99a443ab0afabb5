"""How far the sensor has looked, as Dagster keeps it between ticks."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any

#: How far a look goes back behind the last one: a run's change may become visible a little after a later one's.
OVERLAP = timedelta(seconds=60)
#: How far the first look goes back.
FIRST_LOOK = timedelta(days=1)


@dataclass
class Cursor:
    """How far was looked.

    Attributes:
        runs_after: Runs that changed after this were not looked at yet, but for those in ``seen``.
        seen: Run and status of those within the overlap that were looked at, and which of them waited to be started
            again.
        decided: By table of decisions, the newest one that was looked at.
        versions: By table of decisions, the version that was looked at.
        missed_since: Since when nights were seen to be missing at every look; empty: none is.
        book_at: Where the table of incidents was seen to lie; empty: it was not there yet.
        lost_since: Since when it cannot be read; empty: it can.
        lost_why: Why, in words without secrets.
        lost_told: Channels that were told so.
    """

    runs_after: str
    seen: list[str] = field(default_factory=list)
    decided: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    missed_since: str = ""
    book_at: str = ""
    lost_since: str = ""
    lost_why: str = ""
    lost_told: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, text: str | None, now: datetime) -> Cursor:
        """What Dagster kept; a first look goes a day back, and so does one after a cursor of another form.

        Nothing hangs on it but what a look costs: what was told stands in the table of incidents.
        """
        known = {one.name for one in fields(cls)}
        try:
            told: dict[str, Any] = json.loads(text) if text else {"runs_after": (now - FIRST_LOOK).isoformat()}
            found = cls(**{name: value for name, value in told.items() if name in known})
            _ = [datetime.fromisoformat(at) for at in (found.runs_after, found.missed_since, found.lost_since) if at]
        except (ValueError, TypeError, AttributeError):
            return cls((now - FIRST_LOOK).isoformat())
        return found

    def written(self) -> str:
        """As Dagster keeps it."""
        return json.dumps(asdict(self), sort_keys=True)
