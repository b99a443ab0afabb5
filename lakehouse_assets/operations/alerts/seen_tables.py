"""Facts from the lake: what the gate decided, who serves, where no training would help, which requests were too old."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts.additions import AUDIT
from lakehouse_assets.monitoring.deciding.decision import INVESTIGATE
from lakehouse_assets.operations.alerts.facts import Fact, Kind
from lakehouse_assets.operations.alerts.incidents import Incident
from lakehouse_assets.operations.repairs.requests import EXPIRED

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake

#: Actions of `models/<use case>/champion` that change who serves.
_MOVES = ("promote", "roll_back", "found_changed")
_COLUMNS = ["decided_at", "who", "action", "candidate_version", "from_version", "to_version", "reason", "run_id"]
#: The engine counts nanoseconds and knows no later year than 2262.
_ALWAYS = datetime(2200, 1, 1, tzinfo=UTC)


def decisions(lake: Lake, use_case: str, after: datetime) -> list[dict[str, Any]]:
    """Rows of a use case's champion table that were decided after a moment, the oldest first."""
    return _decided_after(lake, ["models", use_case, "champion"], _COLUMNS, after)


def training_decisions(lake: Lake, use_case: str, after: datetime) -> list[dict[str, Any]]:
    """Rows of a use case's table of decisions on training that were decided after a moment, the oldest first."""
    return _decided_after(lake, ["monitoring", use_case, "decisions"], ["decided_at", "decision", "reason"], after)


def investigation_facts(use_case: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[Fact]:
    """What decisions on training tell: that somebody has to look, or that nobody has to any more.

    Args:
        use_case: Whose they are.
        rows: As `training_decisions` gives them.
    """
    assets = (f"monitoring/{use_case}/decisions", f"models/{use_case}/champion")
    for row in rows:
        said = f"{row['reason']}".rstrip(".")
        if row["decision"] == INVESTIGATE:
            yield Fact(Kind.INVESTIGATE, use_case, row["decided_at"], False, said, assets)
        else:
            yield Fact(Kind.INVESTIGATE, use_case, row["decided_at"], True, f"decided since: {row['decision']}: {said}")


def expired_requests(lake: Lake, _: str, after: datetime) -> list[dict[str, Any]]:
    """What the audit says since a moment of runs that were asked for and not made in time, the oldest first."""
    where = {"at": (after + timedelta(microseconds=1), _ALWAYS), "action": [EXPIRED]}
    rows = lake.read(AUDIT, columns=["at", "subject", "reason", "details"], where=where).to_pylist()
    told = [{**row, **json.loads(row["details"]), "decided_at": row["at"]} for row in rows]
    # Those of before the audit said which assets they were to make are over by nothing that could be seen.
    return sorted((row for row in told if row.get("asked_at")), key=lambda row: row["at"])


def expired_facts(rows: Iterable[Mapping[str, Any]]) -> Iterator[Fact]:
    """Runs that somebody asked for and nobody will start: what they were to make is missing until it is made.

    Args:
        rows: As `expired_requests` gives them.
    """
    for row in rows:
        # Wrong since it was asked for: what was made between that and the telling may have ended it already.
        at, days = datetime.fromisoformat(row["asked_at"]), (row["first"], row["last"])
        yield Fact(Kind.FAILED_RUN, row["asked"], at, False, row["reason"].rstrip("."), tuple(row["assets"]), *days)


def _decided_after(lake: Lake, key: list[str], columns: list[str], after: datetime) -> list[dict[str, Any]]:
    since = (after + timedelta(microseconds=1), _ALWAYS)
    rows: list[dict[str, Any]] = lake.read(key, columns=columns, where={"decided_at": since}).to_pylist()
    return sorted(rows, key=lambda row: row["decided_at"])


def decision_facts(use_case: str, rows: Iterable[Mapping[str, Any]], known: Iterable[Incident]) -> Iterator[Fact]:
    """What decisions tell: promotions and returns, refusals, and which refusals are decided anew.

    Args:
        use_case: Whose they are.
        rows: As `decisions` gives them.
        known: The incidents so far.
    """
    asset, known = f"models/{use_case}/champion", list(known)
    moves = [one for one in known if one.kind is Kind.PROMOTION and one.subject == use_case]
    told_last = max(moves, key=lambda one: one.since).summary if moves else ""
    open_refusals = {one.subject for one in known if one.kind is Kind.REFUSAL and one.is_open and asset in one.assets}
    for row in rows:
        at, action = row["decided_at"], row["action"]
        subject = f"{use_case} candidate {row['candidate_version']}"
        if action not in (*_MOVES, "refuse"):
            continue
        anew = open_refusals - {subject} if action == "refuse" else open_refusals
        for earlier in sorted(anew):
            told = f"decided anew on {at:%Y-%m-%d}: version {row['candidate_version']}: {action}"
            yield Fact(Kind.REFUSAL, earlier, at, True, told)
        open_refusals -= anew
        said = f"{row['reason']}".rstrip(".")
        if action == "refuse":
            open_refusals |= {subject}
            serving = f"version {row['to_version']} goes on serving" if row["to_version"] else "nothing serves"
            yield Fact(Kind.REFUSAL, subject, at, False, f"{said}; {serving}", (asset,), run_id=row["run_id"])
        elif row["to_version"] != row["from_version"]:
            moved = f"version {row['to_version']} serves, before it {row['from_version']}: "
            if moved in told_last:
                continue  # a roll back that died was found by the gate, and wrote its own row when it was started again
            told_last = f"{action} by {row['who']}: {moved}{said}"
            yield Fact(Kind.PROMOTION, use_case, at, False, told_last, (asset,), run_id=row["run_id"])
