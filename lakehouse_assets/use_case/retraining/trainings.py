"""The training runs of a use case, as a decision on the next one needs them: what was asked for, what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.storage.tags import WILL_RETRY_TAG

from lakehouse_assets.monitoring.history import FAILED, SUCCEEDED, UNDER_WAY, Training

if TYPE_CHECKING:
    from dagster._core.storage.dagster_run import RunRecord

RUN_KEY = "dagster/run_key"
#: Tag of a run that a decision asked for: the day of data on which it was made.
DECIDED_ON = "retraining_day"
#: How many runs are looked at, the newest ones. Older requests stand in the table of decisions.
LOOKED_AT = 100

_OVER = {
    dg.DagsterRunStatus.SUCCESS: SUCCEEDED,
    dg.DagsterRunStatus.FAILURE: FAILED,
    dg.DagsterRunStatus.CANCELED: FAILED,
}


def training_runs(
    instance: dg.DagsterInstance, use_case: str, jobs: Iterable[str], decided: Mapping[str, bool]
) -> list[Training]:
    """The newest training runs of a use case, the oldest first.

    Args:
        instance: Where the runs are.
        use_case: Its name, which runs that somebody asked for carry as a tag.
        jobs: Jobs that train it, whoever started them.
        decided: Run -> whether the gate promoted, as the record of decisions says.

    Returns:
        One for each run; a run and those that were started again in its place (`dagster/root_run_id`) are one.
    """
    filters = [dg.RunsFilter(tags={"use_case": use_case}), *(dg.RunsFilter(job_name=job) for job in jobs)]
    found = {one.dagster_run.run_id: one for each in filters for one in instance.get_run_records(each, LOOKED_AT)}
    families: dict[str, list[RunRecord]] = {}
    for record in sorted(found.values(), key=lambda one: one.create_timestamp):
        families.setdefault(record.dagster_run.root_run_id or record.dagster_run.run_id, []).append(record)
    return [_training(family, decided) for family in families.values()]


def _training(family: Sequence[RunRecord], decided: Mapping[str, bool]) -> Training:
    """A run with those in its place, the oldest first: what the last came to, when and why the first began."""
    first, last = family[0], family[-1]
    said = [decided[one.dagster_run.run_id] for one in family if one.dagster_run.run_id in decided]
    status = _OVER.get(last.dagster_run.status, UNDER_WAY)
    if last.dagster_run.tags.get(WILL_RETRY_TAG) == "true":
        status = UNDER_WAY
    return Training(
        run_id=last.dagster_run.run_id,
        status=status,
        run_key=first.dagster_run.tags.get(RUN_KEY),
        ended_at=datetime.fromtimestamp(last.end_time, UTC) if last.end_time else None,
        promoted=any(said) if said else None,
        day=_day(first),
    )


def _day(record: RunRecord) -> date:
    """The day of data on which a run was asked for; of one that somebody started, the day before."""
    told = record.dagster_run.tags.get(DECIDED_ON)
    return date.fromisoformat(told) if told else (record.create_timestamp - timedelta(days=1)).date()
