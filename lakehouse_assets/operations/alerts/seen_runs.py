"""Facts from runs: that one failed, that a check failed or passed in it, that one is a retraining.

Only runs that changed since the last look are read, and of each only its own events: what a look costs does not grow
with history.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster import DagsterEventType, DagsterRunStatus
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.dagster_run import RunRecord
from dagster._core.storage.tags import WILL_RETRY_TAG

from lakehouse_assets.lake.secrets import without_secrets
from lakehouse_assets.monitoring.deciding.history import RETRAINING_REASON
from lakehouse_assets.operations.alerts.days import days_between
from lakehouse_assets.operations.alerts.facts import ROW_COUNTS, Fact, Kind
from lakehouse_assets.operations.alerts.graph import Graph

#: What a contract's check says of its scope if it looks at more than its run wrote (`contracts.checks`).
WHOLE_TABLE = "the whole table"
#: Zones whose checks are about how things stand: the newest evaluation decides, whichever day it is of.
_OF_THE_PRESENT = ("monitoring", "models")
#: Checks that only repeat what is told as a decision: those on `models/<use case>/champion`.
_DECISIONS = ("models", "champion")
_CAUSE_LENGTH = 300
#: An error's class says more without the modules that it lies in.
_MODULES = re.compile(r"^(?:\w+\.)+(\w+: )")
_READ = {
    DagsterEventType.STEP_FAILURE,
    DagsterEventType.ASSET_CHECK_EVALUATION,
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    DagsterEventType.RUN_FAILURE,
}
_ASSET_JOB = "__ASSET_JOB"
#: What a job that people start raises where it does not do what was asked (`RequestRefusedError`): an event keeps an
#: error's name, not what it derives from. Who asked reads it in the run, nothing is worse off, and nobody is woken.
REFUSALS = frozenset(
    (
        "RepairRequestError", "RestoreRequestError", "RollBackRefusedError", "SandboxError", "UnknownPersonError",
        "ReplayRequestError", "UnknownTableError",
    )
)  # fmt: skip
#: What pydantic raises of a form that was filled wrongly (days of a pause that are none) where it cannot be said before
#: the run; of a job that makes no asset it is the same.
WRONG_FORM = "ValidationError"


def facts_of_run(instance: dg.DagsterInstance, record: RunRecord, graph: Graph) -> list[Fact]:
    """What a run that changed tells. One that goes on tells only that it is a retraining.

    Args:
        instance: Where its events are.
        record: The run.
        graph: What its checks promise, and which tables have days.
    """
    run, facts = record.dagster_run, []
    if RETRAINING_REASON in run.tags:
        why = run.tags[RETRAINING_REASON]
        facts.append(
            _fact(Kind.RETRAINING, record, record.create_timestamp, False, why, (f"models/{trained(run)}/champion",))
        )
    if run.status not in (DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED):
        return facts
    ended = datetime.fromtimestamp(record.end_time, UTC) if record.end_time else _utc(record.update_timestamp)
    events = instance.all_logs(run.run_id, of_type=_READ)
    facts += _check_facts(record, events, graph)  # what was checked before somebody cancelled the run is as true
    if run.status is DagsterRunStatus.CANCELED:
        return [*facts, _fact(Kind.RETRAINING, record, ended, True, "its run was cancelled")]
    if run.status is DagsterRunStatus.SUCCESS:
        done = f"run {run.run_id[:8]} succeeded"
        return [*facts, *(_fact(kind, record, ended, True, done) for kind in (Kind.FAILED_RUN, Kind.RETRAINING))]
    return [*facts, *_failure(record, events, ended)]


def span_of(run: dg.DagsterRun) -> tuple[str, str]:
    """First and last partition of a run; empty texts where it has none."""
    tags = run.tags
    start, end = tags.get("dagster/asset_partition_range_start"), tags.get("dagster/asset_partition_range_end")
    only = tags.get("dagster/partition", "")
    return (start, end) if start and end else (only, only)


def waits(run: dg.DagsterRun) -> bool:
    """Whether Dagster says that a run will be started again."""
    return run.tags.get(WILL_RETRY_TAG) == "true"


def trained(run: dg.DagsterRun) -> str:
    """The use case that a training is about: by its tag, or as its job's name tells, `<use case>_training`."""
    return run.tags.get("use_case") or run.job_name.removesuffix("_training")


def _failure(record: RunRecord, events: Sequence[EventLogEntry], ended: datetime) -> list[Fact]:
    run = record.dagster_run
    if waits(run):
        return []
    steps = {one.step_key: one.get_dagster_event().step_failure_data for one in events if _is(one, "STEP_FAILURE")}
    errors = [data.error for data in steps.values() if data.error is not None]
    # A blocking check stops its run; it is told as the check that failed.
    if errors and all(error.cls_name == "DagsterAssetCheckFailedError" for error in errors):
        return []
    planned = [one for one in events if _is(one, "ASSET_MATERIALIZATION_PLANNED")]
    refusals = REFUSALS if planned else REFUSALS | {WRONG_FORM}
    if errors and all(_raised(error).cls_name in refusals for error in errors):
        return []
    broken = [one for one in planned if not steps or one.step_key in steps]
    keys = sorted({key.to_user_string() for one in broken if (key := one.get_dagster_event().asset_key)})
    said = cause(errors[0]) if errors else next((one.user_message for one in events if _is(one, "RUN_FAILURE")), "")
    where = ", ".join(step for step in steps if step) or "the run itself"
    return [_fact(Kind.FAILED_RUN, record, ended, False, f"{where}: {without_secrets(said)}", tuple(keys), spans=True)]


def _check_facts(record: RunRecord, events: Sequence[EventLogEntry], graph: Graph) -> Iterator[Fact]:
    for event in events:
        if not _is(event, "ASSET_CHECK_EVALUATION"):
            continue
        found = event.get_dagster_event().asset_check_evaluation_data
        path = found.asset_key.path
        if (path[0], path[-1]) == _DECISIONS:
            continue
        first, last = span_of(record.dagster_run) if _of_its_days(found, graph) else ("", "")
        subject = f"{'/'.join(path)} {found.check_name}"
        promised = found.description or graph.checks.get(subject) or found.check_name
        yield Fact(
            Kind.FAILED_CHECK,
            subject,
            datetime.fromtimestamp(event.timestamp, UTC),
            found.passed,
            "the check passes" if found.passed else f"not kept: {promised}".rstrip("."),
            ("/".join(path),),
            found.partition or first,
            found.partition or last,
            _rows(found.metadata),
            record.dagster_run.run_id,
        )


def _fact(
    kind: Kind,
    record: RunRecord,
    at: datetime,
    ok: bool,
    summary: str,
    assets: tuple[str, ...] = (),
    spans: bool = False,
) -> Fact:
    run = record.dagster_run
    first, last = span_of(run) if kind is Kind.FAILED_RUN else ("", "")
    by_hand = run.job_name == _ASSET_JOB and spans
    subject = f"assets {', '.join(assets)}" if by_hand else run.job_name
    if kind is Kind.RETRAINING:
        subject = trained(run)
    return Fact(kind, subject, _utc(at), ok, summary.rstrip("."), assets, first, last, run_id=run.run_id)


def _of_its_days(found: Any, graph: Graph) -> bool:
    """Whether a check is about the rows of its run's days; otherwise its newest evaluation says how things stand."""
    asset = graph.assets.get("/".join(found.asset_key.path))
    scope = getattr(found.metadata.get("scope"), "value", "")
    return asset is not None and asset.daily and asset.zone not in _OF_THE_PRESENT and scope != WHOLE_TABLE


def _is(event: EventLogEntry, kind: str) -> bool:
    return event.dagster_event_type is not None and event.dagster_event_type.value in (
        kind,
        kind.replace("RUN_", "PIPELINE_"),
    )


def _rows(metadata: Any) -> int | None:
    """How many rows it is about, by whichever name the check says it."""
    for name in ROW_COUNTS:
        value = getattr(metadata.get(name), "value", None)
        if isinstance(value, int):
            return value
    return None


def cause(error: Any) -> str:
    """What our own code raised, without what Dagster says around it. The platform's errors name the file or table."""
    first = str(_raised(error).message).strip().splitlines() or ["no reason recorded"]
    return _MODULES.sub(r"\1", first[0])[:_CAUSE_LENGTH]


def _raised(error: Any) -> Any:
    """The error within those that Dagster wraps it in."""
    while error.cause is not None and error.message.startswith("dagster."):
        error = error.cause
    return error


def _utc(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def days_of(first: str, last: str) -> list[str]:
    """The partitions of a range; none where it names none."""
    if first == last:
        return [first] if first else []
    try:
        return days_between(first, last)
    except ValueError:
        return [first, last]  # partitions that are no days: its ends must do


def made_since(instance: dg.DagsterInstance, key: str, days: Sequence[str], since: datetime) -> bool:
    """Whether an asset was made since for all of the days; where it has none, at all."""
    wanted = dg.AssetRecordsFilter(
        asset_key=dg.AssetKey(key.split("/")),
        asset_partitions=list(days) or None,
        after_timestamp=since.timestamp(),
    )
    found = instance.fetch_materializations(wanted, limit=max(1, 4 * len(days))).records
    return bool(found) and (not days or {one.partition_key for one in found} >= set(days))
