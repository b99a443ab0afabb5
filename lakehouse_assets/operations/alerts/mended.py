"""Failed runs of which everything was made since, by whatever run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import dagster as dg

from lakehouse_assets.operations.alerts.facts import Fact, Kind
from lakehouse_assets.operations.alerts.graph import Graph
from lakehouse_assets.operations.alerts.incidents import Incident
from lakehouse_assets.operations.alerts.seen_runs import days_of, made_since, span_of

#: Why an incident is over of what somebody took out of the platform: nothing will ever be right of it again.
NO_MORE = "what it is about is no more"
#: The newest runs that are looked at for one that had nothing to give.
RUNS = 200


def mended(instance: dg.DagsterInstance, graph: Graph, known: Iterable[Incident], now: datetime) -> Iterator[Fact]:
    """The open ones whose broken assets were made since, and what the run did not make because of them.

    An asset that is no more is waited for by nobody.
    """
    for one in known:
        if one.kind is Kind.FAILED_RUN and one.is_open and one.assets:
            there = [key for key in one.assets if key in graph.assets]
            made = all(made_since(instance, key, _days(graph, key, one), one.since) for key in there)
            if made and not (there and _left(instance, graph, one)):
                told = f"{', '.join(there)} made since" if there else NO_MORE
                yield Fact(one.kind, one.subject, now, True, told, first=one.first, last=one.last)


def _left(instance: dg.DagsterInstance, graph: Graph, one: Incident) -> bool:
    """Whether something that is made from the broken assets, and that the run was to make, was left out since as well.

    Not what a run that came to a good end was to make and did not: it had nothing to give, such as predictions of a use
    case that has no champion.
    """
    record = instance.get_run_record_by_id(one.run_id) if one.run_id else None
    if record is None:
        return False
    begun = record.create_timestamp.replace(tzinfo=record.create_timestamp.tzinfo or UTC)
    left = {
        key
        for key in _planned(instance, record.dagster_run) & {*graph.downstream(one.assets)}
        if not made_since(instance, key, _days(graph, key, one), begun)
    }
    return bool(left) and not left <= _tried(instance, one)


def _tried(instance: dg.DagsterInstance, one: Incident) -> set[str]:
    """What runs that were asked for since, of all its days, and came to a good end were to make."""
    wanted = dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS], created_after=one.since)
    runs = [run for run in instance.get_runs(wanted, limit=RUNS) if _covers(span_of(run), one)]
    return set().union(*(_planned(instance, run) for run in runs))


def _planned(instance: dg.DagsterInstance, run: dg.DagsterRun) -> set[str]:
    """What a run was to make."""
    events = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    return {key.to_user_string() for event in events if (key := event.get_dagster_event().asset_key)}


def _covers(span: tuple[str, str], one: Incident) -> bool:
    return not one.first or (bool(span[0]) and span[0] <= one.first and one.last <= span[1])


def _days(graph: Graph, key: str, one: Incident) -> Sequence[str]:
    """Of a night's run that names a day, some assets have none."""
    return days_of(one.first, one.last) if graph.assets[key].daily else []
