"""The table of what was told: `monitoring/platform/incidents`, a row for each message that a channel took or missed.

A row more says what belongs to an incident, or is right of it, since; nobody is told of that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

from lakehouse_assets.operations.alerts.channels import NotToldError
from lakehouse_assets.operations.alerts.incidents import Incident, after
from lakehouse_assets.operations.alerts.messages import Message, Places, message
from lakehouse_assets.operations.alerts.patience import Patience, in_turn, owed
from lakehouse_assets.operations.alerts.telling import BEGAN, NOBODY, Telling, incidents_in, to_keep, to_tell

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.operations.alerts.facts import Fact
    from lakehouse_assets.operations.alerts.graph import Graph

INCIDENTS = ["monitoring", "platform", "incidents"]


@dataclass(frozen=True)
class Book:
    """What the table holds: the incidents, and what was told to whom."""

    incidents: Sequence[Incident] = ()
    entries: frozenset[str] = frozenset()


def book(lake: Lake) -> Book:
    """Read the table; empty where nothing was ever told."""
    if not lake.exists(INCIDENTS):
        return Book()
    rows = lake.read(INCIDENTS, columns=["entry", "state", "details"]).to_pylist()
    read = [{**row, "details": json.loads(row["details"])} for row in rows]
    return Book(incidents_in(read), frozenset(row["entry"] for row in rows))


def tell(
    lake: Lake,
    known: Book,
    facts: Sequence[Fact],
    graph: Graph,
    places: Places,
    channels: Mapping[str, Callable[[Message], None]],
    clock: Callable[[], float] = monotonic,
) -> list[str]:
    """Tell every channel what the facts changed and what it was not told yet.

    A row is written as soon as a channel took a message. If the process dies in between, that one message comes twice;
    the other way round it would never come. Every message carries the incident's name, by which a receiver can tell.

    The log comes first. A channel that makes wait and takes nothing is not asked again in this tick, and after half a
    minute no channel is (`patience`): what they were to be told that began is owed to them.

    Returns:
        What could not be told, in words; it stays to be told.
    """
    changed, failed, now = after(known.incidents, facts), [], datetime.now(UTC)
    note(lake, to_keep(known.incidents, changed))
    patience, missed = Patience(clock), dict[tuple[str, str], Telling]()
    for telling in in_turn(list(to_tell(known.incidents, changed, known.entries, list(channels), now)), known.entries):
        if telling.channel == NOBODY:
            note(lake, [telling])
            continue
        about = (telling.channel, telling.incident.incident)
        if about in missed:
            continue  # nobody is told that something is over of which he does not know
        if not patience.asks(telling.channel):
            missed[about] = telling
            continue
        try:
            channels[telling.channel](message(telling.as_told, graph, places))
        except NotToldError as error:
            failed.append(str(error))
            missed[about] = telling
            patience.took_nothing(telling.channel)
        else:
            note(lake, [telling])
    debts = [owed(one) for one in missed.values() if one.state == BEGAN]
    note(lake, [one for one in debts if one.entry not in known.entries])
    return failed


def note(lake: Lake, tellings: Sequence[Telling]) -> None:
    """Write the rows that say so; one that stands there already is left out."""
    from lakehouse_assets.contracts.additions import keep

    if tellings:
        run_ids = {one.incident.run_id for one in tellings}
        keep(lake, INCIDENTS, [_row(one) for one in tellings], run_ids.pop() if len(run_ids) == 1 else "")


def _row(telling: Telling) -> dict[str, Any]:
    one = telling.as_told
    return {
        "entry": telling.entry,
        "told_at": datetime.now(UTC),
        "incident": one.incident,
        "state": telling.state,
        "channel": telling.channel,
        "kind": str(one.kind),
        "subject": one.subject,
        "since": one.since,
        "over_at": one.over_at,
        "summary": one.summary,
        "details": json.dumps(one.told(), sort_keys=True),
    }
