"""The memory of the sensor that looks for late files: which folders changed, and which are to be looked into."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta

from lakehouse_assets.operations.nights.landed import Landed

#: A folder that changes at every look is looked into after this time all the same.
RESTLESS = timedelta(minutes=10)
#: Of such a folder those files are taken that did not change for this time.
STILL = timedelta(minutes=2)


@dataclass
class Seen:
    """What the sensor remembers: a few words a domain, whatever the number of files.

    Attributes:
        before: The folder's mark at the last look. A folder that still changes is looked at again.
        done: Its mark when everything that had come was asked for, and the last night then: the next one may have been
            asked for without a file that lay there all the time, on a share that was away for a moment.
        restless: Since when it has changed at every look, in UTC.
        waiting: Days whose files came while a run was under way that may take them: later days may look back on them.
    """

    before: dict[str, str] = field(default_factory=dict)
    done: dict[str, str] = field(default_factory=dict)
    restless: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, cursor: str | None) -> Seen:
        """From a cursor; one that is lost or of another form costs one look into the ledgers."""
        try:
            told = json.loads(cursor or "{}")
            seen = cls(*(dict(told.get(name, {})) for name in ("before", "done", "restless", "waiting")))
            _ = [datetime.fromisoformat(since) for since in seen.restless.values()]
            _ = [date.fromisoformat(day) for days in seen.waiting.values() for day in days]
        except (ValueError, TypeError, AttributeError):
            return cls()
        return seen

    def written(self) -> str:
        """As a cursor."""
        return json.dumps(asdict(self), sort_keys=True)

    def news(self, landed: Landed, now: datetime, last: date) -> Landed | None:
        """What of a folder may be dealt with now that changed, or was not looked into since the last night; or None.

        A source renames a file when it is whole. One that writes in place is given a look's time to come to an end; if
        something in the folder goes on changing, its other files are not made to wait for it.
        """
        domain, mark = landed.domain, landed.mark
        still, done = self.before.get(domain) == mark, self.done.get(domain) == _done(landed, last)
        self.before[domain] = mark
        if still or done:
            self.restless.pop(domain, None)
            return None if done else landed
        since = datetime.fromisoformat(self.restless.setdefault(domain, now.isoformat()))
        if now - since < RESTLESS:
            return None
        self.restless[domain] = now.isoformat()
        return landed.unchanged_since(now - STILL)

    def waiting_days(self, domain: str) -> list[date]:
        """The days whose files a run under way may have taken by now."""
        return [date.fromisoformat(day) for day in self.waiting.get(domain, ())]

    def dealt_with(self, landed: Landed, waiting: list[date], last: date, settled: bool = True) -> None:
        """Remember what was dealt with, and what waits still; what is not settled is looked into again.

        A part of a folder has another mark than the whole, so the rest of it is looked into when it is still.
        """
        if waiting:
            self.waiting[landed.domain] = [day.isoformat() for day in waiting]
        else:
            self.waiting.pop(landed.domain, None)
        if not waiting and settled:
            self.done[landed.domain] = _done(landed, last)


def _done(landed: Landed, last: date) -> str:
    return f"{landed.mark} {last}"
