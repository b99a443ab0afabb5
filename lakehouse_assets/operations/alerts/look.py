"""One look at the platform: everything that happened since the last one, as facts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.definitions.freshness import FreshnessState

from lakehouse_assets.contracts.additions import AUDIT
from lakehouse_assets.operations.alerts.cancelled import cancelled_night
from lakehouse_assets.operations.alerts.cursor import FIRST_LOOK, OVERLAP, Cursor
from lakehouse_assets.operations.alerts.facts import Fact, Kind
from lakehouse_assets.operations.alerts.graph import Graph
from lakehouse_assets.operations.alerts.incidents import Incident
from lakehouse_assets.operations.alerts.late import late_facts
from lakehouse_assets.operations.alerts.mended import NO_MORE, mended
from lakehouse_assets.operations.alerts.missed import missed_facts
from lakehouse_assets.operations.alerts.never_delivered import never_delivered
from lakehouse_assets.operations.alerts.seen_runs import facts_of_run, waits
from lakehouse_assets.operations.alerts.seen_tables import (
    decision_facts,
    decisions,
    expired_facts,
    expired_requests,
    investigation_facts,
    training_decisions,
)
from lakehouse_assets.operations.alerts.ticks import tick_facts
from lakehouse_assets.operations.nights.missed import missed_nights
from lakehouse_assets.operations.unreadable import Reading

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.operations.ticks import Ticking

#: Runs looked at in one tick. More wait for the next.
RUNS_A_LOOK = 100
#: Incidents that a run or a decision about their assets ends; of a failed run `mended` tells.
_OF_ASSETS = (Kind.FAILED_CHECK, Kind.RETRAINING, Kind.REFUSAL, Kind.INVESTIGATE)


def look(
    instance: dg.DagsterInstance,
    lake: Lake,
    graph: Graph,
    known: Sequence[Incident],
    cursor: Cursor,
    now: datetime,
    zone: ZoneInfo,
    paused: Collection[str] = (),
    awaited: Mapping[str, date] = MappingProxyType({}),
    ticks: Mapping[str, Ticking] = MappingProxyType({}),
    reading: Reading | None = None,
) -> list[Fact]:
    """Everything since the last look; ``cursor`` is moved on.

    Nights are due by the clocks of ``zone`` and wait for the domains of ``awaited``, each with its first day. ``ticks``
    says how the other sensors and schedules do, ``reading`` which tables could not be read before.
    """
    reading = reading or Reading()
    reading.ledgers(lake, graph.assets)
    late = {**late_tables(instance, graph), **never_delivered(instance, awaited, zone)}
    return [
        *_runs(instance, graph, cursor),
        *mended(instance, graph, known, now),
        *late_facts(late, known, graph, now, paused),
        *_decided(lake, graph, known, cursor, now, reading),
        *unreadable_facts(reading, known, now),
        *gone_facts(known, graph, now),
        *missed_facts(missed_nights(instance, zone, now), known, graph, cursor, now),
        *tick_facts(ticks, known, graph, now),
    ]


def late_tables(instance: dg.DagsterInstance, graph: Graph) -> dict[str, datetime]:
    """The tables that break their promise of freshness by Dagster's own watch, and since when it has seen so."""
    keys = [dg.AssetKey(key.split("/")) for key, asset in graph.assets.items() if asset.promises_freshness]
    states = instance.get_freshness_state_records(keys)
    return {
        "/".join(key.path): state.updated_at
        for key, state in states.items()
        if state.freshness_state is FreshnessState.FAIL
    }


def _runs(instance: dg.DagsterInstance, graph: Graph, cursor: Cursor) -> list[Fact]:
    after = datetime.fromisoformat(cursor.runs_after)
    records = instance.get_run_records(
        dg.RunsFilter(updated_after=after - OVERLAP),
        limit=RUNS_A_LOOK + len(cursor.seen),
        order_by="update_timestamp",
        ascending=True,
    )
    facts: list[Fact] = []
    marks = {one.dagster_run.run_id: _mark(one.dagster_run) for one in records}
    for record in records:
        if marks[record.dagster_run.run_id] not in cursor.seen:
            facts += [*facts_of_run(instance, record, graph), *cancelled_night(instance, record)]
    if records:
        newest = max(after, *(_utc(one.update_timestamp) for one in records))
        kept = [one for one in records if _utc(one.update_timestamp) > newest - OVERLAP]
        cursor.runs_after, cursor.seen = newest.isoformat(), [marks[one.dagster_run.run_id] for one in kept]
    return facts


def _mark(run: dg.DagsterRun) -> str:
    """What a run was looked at as; one that waits to be started again is looked at once more when nothing can do so."""
    return f"{run.run_id} {run.status.value}{' waits' if waits(run) else ''}"


def _decided(
    lake: Lake, graph: Graph, known: Sequence[Incident], cursor: Cursor, now: datetime, reading: Reading
) -> list[Fact]:
    facts: list[Fact] = []
    for use_case in champions(graph):
        gate, training = ["models", use_case, "champion"], ["monitoring", use_case, "decisions"]
        rows = _new_rows(lake, gate, use_case, decisions, cursor, now, reading)
        facts += decision_facts(use_case, rows, known)
        rows = _new_rows(lake, training, use_case, training_decisions, cursor, now, reading)
        facts += investigation_facts(use_case, rows)
    return [*facts, *expired_facts(_new_rows(lake, AUDIT, "", expired_requests, cursor, now, reading))]


def _new_rows(
    lake: Lake,
    key: Sequence[str],
    use_case: str,
    read: Callable[[Lake, str, datetime], list[dict[str, Any]]],
    cursor: Cursor,
    now: datetime,
    reading: Reading,
) -> list[dict[str, Any]]:
    """What was decided since the last look; a table without a new commit is not read, one that is damaged later."""
    if not reading.exists(lake, key):
        return []
    name = "/".join(key)
    version = reading.of(key, lambda: lake.version(key), None)
    if version is None or cursor.versions.get(name) == version:
        return []
    since = cursor.decided.get(name)
    after, none = datetime.fromisoformat(since) if since else now - FIRST_LOOK, list[dict[str, Any]]()
    rows = reading.of(key, lambda: read(lake, use_case, after), none)
    if name in reading.unreadable:
        return []
    cursor.versions[name] = version
    if rows:
        cursor.decided[name] = rows[-1]["decided_at"].isoformat()
    return rows


def gone_facts(known: Sequence[Incident], graph: Graph, now: datetime) -> list[Fact]:
    """Open incidents of use cases, tables and checks that somebody took out: nothing ever evaluates them again."""
    return [
        Fact(one.kind, one.subject, now, True, NO_MORE, first=one.first, last=one.last)
        for one in known
        if one.is_open
        and (
            (one.kind in _OF_ASSETS and one.assets and not graph.assets.keys() & {*one.assets})
            or (one.kind is Kind.FAILED_CHECK and one.subject not in graph.checks)
        )
    ]


def unreadable_facts(reading: Reading, known: Sequence[Incident], now: datetime) -> list[Fact]:
    """Which tables that are looked at cannot be read, and which that were told of can be again, or are no more."""
    told = {one.subject for one in known if one.kind is Kind.UNREADABLE and one.is_open}
    broken = [Fact(Kind.UNREADABLE, key, now, False, why, (key,)) for key, why in reading.unreadable.items()]
    mended = sorted(told - reading.unreadable.keys())
    return [*broken, *(Fact(Kind.UNREADABLE, key, now, True, "it can be read again") for key in mended)]


def champions(graph: Graph) -> list[str]:
    """The use cases that have a champion table."""
    parts = [key.split("/") for key in graph.assets]
    return sorted(path[1] for path in parts if len(path) == 3 and (path[0], path[2]) == ("models", "champion"))


def _utc(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
