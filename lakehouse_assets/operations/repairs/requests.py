"""Requests for runs: a job writes one into the audit table, and a sensor makes it a run.

A job cannot start a run by itself: it has no workspace. Through a sensor the run is queued like any other, waits for
its pools, and is in Kubernetes a pod of its own. The audit row is the request, so one cannot be without the other, and
its entry is the run's key, so it is carried out once, whatever restarts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from lakehouse_assets.lifecycle.judging.champions import ROLL_BACK

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake

RERUN, RETRAIN = "rerun", "retrain"
#: Tag of a run that was asked for: the entry of its audit row.
REPAIR = "repair"
#: Tags of a run over days.
FIRST_DAY, LAST_DAY = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
#: How long a request waits for a sensor that is off. An older one is not carried out any more: things have changed. One
#: that comes after another waits for as long as it takes: that one's run may take days, or fail and be made again from
#: its failure after a month, and the later days lack what it made until then.
WAITS = timedelta(days=1)
#: How long requests are looked at, so that one which was not carried out is told of also by a sensor that was off for
#: days.
LOOKED_AT = timedelta(days=30)
#: The audit row that tells of one.
EXPIRED = "request_expired"


@dataclass(frozen=True)
class Request:
    """A run that somebody asked for; one that comes `after` another waits until that one's run has succeeded."""

    entry: str
    at: datetime
    assets: tuple[str, ...]
    tags: dict[str, str]
    after: str = ""
    action: str = ""
    subject: str = ""
    who: str = ""

    @property
    def words(self) -> str:
        """What was asked for. A roll back was done when it was written down; what it asked for is the reference."""
        done = self.action == ROLL_BACK
        return f"the reference after {self.action} of {self.subject}" if done else f"{self.action} of {self.subject}"

    @property
    def instead(self) -> str:
        """What to do if it is not carried out, without a full stop."""
        if self.action != ROLL_BACK:
            return "Ask again"
        return (
            f"Materialise {', '.join(self.assets)}; the roll back itself is done, and a second one would go to the "
            "champion before"
        )

    def expires_before(self, moment: datetime) -> bool:
        """Whether it was asked for before then, and waits for no other."""
        return not self.after and self.at < moment


def ask(
    lake: Lake,
    action: str,
    subject: str,
    who: str,
    reason: str,
    assets: Sequence[str],
    tags: dict[str, str],
    run_id: str,
    after: str = "",
) -> str:
    """Write the request down; the same run of a job asks once for the same days.

    Args:
        after: Entry of the request whose run has to succeed first; the run is then one over days.

    Returns:
        The entry, which the run carries as its tag `repair`.
    """
    from lakehouse_assets.contracts import audit

    return audit.record(
        lake,
        action=action,
        subject=subject,
        who=who,
        reason=reason,
        details={"assets": list(assets), "tags": tags, "after": after},
        run_id=run_id,
        entry=f"{action} {subject} {run_id}" + (f" then {tags[FIRST_DAY]}" if after else ""),
    )


@dataclass(frozen=True)
class Handled:
    """The requests that were made runs, or were told not to be carried out any more, as the sensor's cursor.

    Not the time of the newest: a row's time is taken before its commit, so a request may become visible after one that
    is younger.

    Attributes:
        entries: Those that are read again: the young ones (`LOOKED_AT`), and all that came after another one.
        before: All of this time and earlier were, by a cursor of an earlier form.
    """

    entries: frozenset[str] = frozenset()
    before: datetime | None = None

    @classmethod
    def read(cls, cursor: str | None) -> Handled:
        """What a cursor says. Without one each request that is not too old is asked for again, under the same key."""
        try:
            told = json.loads(cursor or "[]")
            return cls(frozenset(map(str, told)))
        except json.JSONDecodeError:
            return cls(before=datetime.fromisoformat(str(cursor)))

    def covers(self, request: Request) -> bool:
        """Whether a request was made a run, or told of."""
        return request.entry in self.entries or (self.before is not None and request.at <= self.before)


@dataclass(frozen=True)
class Look:
    """What a sensor finds: requests to make runs of, others that are too old, and its cursor once both is done."""

    to_start: list[Request]
    expired: list[Request]
    cursor: str


def open_requests(
    lake: Lake,
    cursor: str | None,
    now: datetime,
    succeeded: Callable[[str], bool],
    was_run: Callable[[str], bool],
) -> Look:
    """What was asked for, may begin and was not made a run, the oldest first; and what is not carried out any more.

    Args:
        lake: Where the requests lie.
        cursor: What was made a run or told of before.
        now: When this is.
        succeeded: Whether a run of the request with this entry, which others may wait for, ended well.
        was_run: Whether there is any run of the request with this entry: a cursor may be lost.
    """
    handled, found = Handled.read(cursor), _requests(lake, now - LOOKED_AT)
    old = [one for one in found if one.expires_before(now - WAITS)]
    young = [one for one in found if not one.expires_before(now - WAITS)]
    begun = [one for one in young if handled.covers(one) or not one.after or succeeded(one.after)]
    return Look(
        [one for one in begun if not handled.covers(one)],
        [one for one in old if not handled.covers(one) and not was_run(one.entry)],
        json.dumps(sorted(one.entry for one in (*old, *begun))),
    )


def tell_expired(lake: Lake, request: Request) -> str:
    """Write into the audit that a request is not carried out any more, once; gives it in words."""
    from lakehouse_assets.contracts import audit

    words = (
        f"{request.words}, which {request.who} asked for at {request.at:%Y-%m-%d %H:%M} UTC, was made no run within a "
        "day, since the sensor repairs_asked_for was off, and is not carried out any more: things have changed. "
        f"{request.instead}"
    )
    audit.record(
        lake,
        action=EXPIRED,
        subject=request.subject,
        who="repairs_asked_for",
        reason=words,
        details={
            "request": request.entry,
            "asked": request.words,
            "asked_at": request.at.isoformat(),
            "assets": list(request.assets),
            "first": request.tags.get(FIRST_DAY, ""),
            "last": request.tags.get(LAST_DAY, ""),
        },
        entry=f"{EXPIRED} {request.entry}",
    )
    return words


def _requests(lake: Lake, since: datetime) -> list[Request]:
    from lakehouse_assets.contracts.audit import AUDIT

    if not lake.exists(AUDIT):
        return []
    where: dict[str, Any] = {"action": [RERUN, RETRAIN, ROLL_BACK]}
    columns = ["entry", "at", "action", "subject", "who", "details"]
    rows = sorted(lake.read(AUDIT, columns=columns, where=where).to_pylist(), key=lambda row: row["at"])
    found = [_request(row, json.loads(row["details"])) for row in rows]
    return [one for one in found if not one.expires_before(since)]


def _request(row: dict[str, Any], told: dict[str, Any]) -> Request:
    asked = (row["entry"], row["at"], tuple(told["assets"]), told["tags"], told.get("after", ""))
    return Request(*asked, row["action"], row["subject"], row["who"])
