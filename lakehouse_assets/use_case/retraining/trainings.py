"""The training runs of a use case, as a decision on the next one needs them: what was asked for, what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus
from dagster._core.storage.tags import BACKFILL_ID_TAG, WILL_RETRY_TAG

from lakehouse_assets.monitoring.deciding.history import (
    FAILED,
    SUCCEEDED,
    TERMINATED,
    UNDER_WAY,
    Training,
)
from lakehouse_assets.use_case.retraining.cancelled import by_a_person, first_said

if TYPE_CHECKING:
    from dagster._core.storage.dagster_run import RunRecord

RUN_KEY = "dagster/run_key"
#: Tag of a run that a decision asked for: the day of data on which it was made.
DECIDED_ON = "retraining_day"
#: And how many labelled rows there were to learn from.
LABELLED_ROWS = "retraining_rows"
#: How many runs are looked at, the newest ones. Older requests stand in the table of decisions.
LOOKED_AT = 100
#: A run is queued within moments after it was written down; one that is not after so long never will be.
LAUNCHED_WITHIN = timedelta(minutes=10)

_OVER = {
    dg.DagsterRunStatus.SUCCESS: SUCCEEDED,
    dg.DagsterRunStatus.FAILURE: FAILED,
    dg.DagsterRunStatus.CANCELED: TERMINATED,
}


def training_runs(
    instance: dg.DagsterInstance,
    use_case: str,
    jobs: Iterable[str],
    assets: Sequence[dg.AssetKey],
    decided: Mapping[str, bool],
) -> list[Training]:
    """The newest training runs of a use case, the oldest first.

    Args:
        instance: Where the runs are.
        use_case: Its name, which runs that somebody asked for carry as a tag.
        jobs: Jobs that train it, whoever started them.
        assets: What a training makes. A run that sets out to make one is a training too, whatever it is called:
            *Materialize* starts runs of a job without a name, as repairs and backfills do.
        decided: Run -> whether the gate promoted, as the record of decisions says.

    Returns:
        One for each run; a run and those that were started again in its place (`dagster/root_run_id`) are one. A
        backfill whose training has not begun yet is one under way.
    """
    filters = [dg.RunsFilter(tags={"use_case": use_case}), *(dg.RunsFilter(job_name=job) for job in jobs)]
    # The runs that plan to make an asset are told by its events, so that others of such a job crowd none of them out.
    plans = (dg.EventRecordsFilter(dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED, asset_key=key) for key in assets)
    planned = {one.run_id for each in plans for one in instance.event_log_storage.get_event_records(each, LOOKED_AT)}
    filters += [dg.RunsFilter(run_ids=sorted(planned))] if planned else []
    records = {one.dagster_run.run_id: one for each in filters for one in instance.get_run_records(each, LOOKED_AT)}
    found = {run_id: one for run_id, one in records.items() if not _never_launched(one, datetime.now(UTC))}
    families: dict[str, list[RunRecord]] = {}
    for record in sorted(found.values(), key=lambda one: one.create_timestamp):
        families.setdefault(record.dagster_run.root_run_id or record.dagster_run.run_id, []).append(record)
    begun = {one.dagster_run.tags.get(BACKFILL_ID_TAG) for one in found.values()}
    made = [_training(family, decided, _status(instance, family[-1])) for family in families.values()]
    return [*made, *_to_come(instance, assets, begun)]


def _never_launched(record: RunRecord, now: datetime) -> bool:
    """Whether a run was written down and not launched, as its daemon died or found no code server just then.

    One that a decision asked for is asked for again: for a key whose run waits so, Dagster launches that run.
    """
    if record.dagster_run.status != dg.DagsterRunStatus.NOT_STARTED:
        return False
    return RUN_KEY in record.dagster_run.tags or now - record.create_timestamp > LAUNCHED_WITHIN


def _to_come(instance: dg.DagsterInstance, assets: Sequence[dg.AssetKey], begun: Set[str | None]) -> list[Training]:
    """Backfills that will train and have not yet started the run for it: what comes before may take hours."""
    under_way = instance.get_backfills(BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED]), limit=LOOKED_AT)
    return [
        Training(one.backfill_id, UNDER_WAY)
        for one in reversed(under_way)
        if one.backfill_id not in begun and not set(assets).isdisjoint(one.asset_selection or ())
    ]


def _status(instance: dg.DagsterInstance, record: RunRecord) -> str:
    """What a run came to. One that Dagster cancelled by itself (`max_runtime_seconds`) has failed."""
    run = record.dagster_run
    if run.tags.get(WILL_RETRY_TAG) == "true":
        return UNDER_WAY
    status = _OVER.get(run.status, UNDER_WAY)
    return FAILED if status == TERMINATED and not by_a_person(first_said(instance, run.run_id)) else status


def _training(family: Sequence[RunRecord], decided: Mapping[str, bool], status: str) -> Training:
    """A run with those in its place, the oldest first: what the last came to, when and why the first began."""
    first, last = family[0], family[-1]
    said = [decided[one.dagster_run.run_id] for one in family if one.dagster_run.run_id in decided]
    return Training(
        run_id=last.dagster_run.run_id,
        status=status,
        run_key=first.dagster_run.tags.get(RUN_KEY),
        ended_at=_ended_at(last),
        promoted=any(said) if said else None,
        day=_day(first),
        labelled_rows=int(rows) if (rows := first.dagster_run.tags.get(LABELLED_ROWS)) else None,
    )


def _ended_at(record: RunRecord) -> datetime | None:
    """When a run was over; where its end was not written down, when Dagster last knew of it."""
    if record.end_time:
        return datetime.fromtimestamp(record.end_time, UTC)
    return record.update_timestamp if record.dagster_run.status in _OVER else None


def _day(record: RunRecord) -> date:
    """The day of data on which a run was asked for; of one that somebody started, the day before."""
    told = record.dagster_run.tags.get(DECIDED_ON)
    return date.fromisoformat(told) if told else (record.create_timestamp - timedelta(days=1)).date()
