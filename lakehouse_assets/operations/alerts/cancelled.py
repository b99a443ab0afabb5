"""Facts from nights that were cancelled: what they did not make is missing until it is made, whoever cancelled them."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
from dagster import DagsterEventType
from dagster._core.storage.dagster_run import RunRecord

from lakehouse_assets.operations.alerts.facts import Fact, Kind
from lakehouse_assets.operations.alerts.seen_runs import made_since, span_of
from lakehouse_assets.operations.nights import asked
from lakehouse_assets.use_case.retraining.cancelled import by_a_person, said

_READ = {
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    DagsterEventType.RUN_CANCELING,
    DagsterEventType.RUN_CANCELED,
}


def cancelled_night(instance: dg.DagsterInstance, record: RunRecord) -> list[Fact]:
    """What a night that was cancelled did not make; none of any other run.

    Args:
        instance: Where its events are.
        record: A run.
    """
    run = record.dagster_run
    if run.status is not dg.DagsterRunStatus.CANCELED or run.tags.get(asked.PART) not in (asked.WHOLE, asked.LATE):
        return []
    events = instance.all_logs(run.run_id, of_type=_READ)
    of_kind = {kind: [one for one in events if one.get_dagster_event().event_type is kind] for kind in _READ}
    planned = {
        (key.to_user_string(), event.partition)
        for one in of_kind[DagsterEventType.ASSET_MATERIALIZATION_PLANNED]
        if (key := (event := one.get_dagster_event()).asset_key) is not None
    }
    missing = sorted({key for key, day in planned if not _is_there(instance, run, key, day)})
    if not missing:
        return []
    words = [
        said(one) for kind in (DagsterEventType.RUN_CANCELING, DagsterEventType.RUN_CANCELED) for one in of_kind[kind]
    ]
    by_hand = by_a_person(next(iter(words), ""))
    told = (
        "somebody cancelled it"
        if by_hand
        else f"it was cancelled, by nobody: {next(iter(words), 'no reason recorded')}"
    )
    at = (
        datetime.fromtimestamp(record.end_time, UTC) if record.end_time else record.update_timestamp.replace(tzinfo=UTC)
    )
    first, last = span_of(run)
    return [
        Fact(
            Kind.FAILED_RUN, run.job_name, at, False, told.rstrip("."), tuple(missing), first, last, run_id=run.run_id,
            quiet=by_hand,
        )
    ]  # fmt: skip


def _is_there(instance: dg.DagsterInstance, run: dg.DagsterRun, key: str, day: str | None) -> bool:
    """Whether the run, one that it tries again, or any beside them made an asset; a night that is made twice lacks
    nothing that its day had before, while late files are there to replace it.
    """
    tries = [one for one in {run.root_run_id, run.run_id} if one]
    begun = min(one.create_timestamp for one in instance.get_run_records(dg.RunsFilter(run_ids=tries)))
    twice = day is not None and run.tags.get(asked.PART) == asked.WHOLE and run.parent_run_id is None
    since = datetime.fromtimestamp(0, UTC) if twice else begun.replace(tzinfo=begun.tzinfo or UTC)
    return made_since(instance, key, [day] if day else [], since)
