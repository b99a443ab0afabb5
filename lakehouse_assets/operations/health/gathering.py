"""The facts of health: from Dagster's records, with as many queries however long the history, and from the lake."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.definitions.freshness import FreshnessState, TimeWindowFreshnessPolicy
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from lakehouse_assets.contracts.additions import AUDIT
from lakehouse_assets.monitoring.pauses import Pause, pauses
from lakehouse_assets.operations.alerts.book import INCIDENTS, Book
from lakehouse_assets.operations.alerts.days import span_words
from lakehouse_assets.operations.alerts.facts import ROW_COUNTS, SET_ASIDE
from lakehouse_assets.operations.alerts.graph import Graph
from lakehouse_assets.operations.alerts.lost_book import book_of, untold_since
from lakehouse_assets.operations.alerts.seen_runs import span_of
from lakehouse_assets.operations.asset_graph import graph_of
from lakehouse_assets.operations.health.facts import AssetFacts, Facts, FailedCheck
from lakehouse_assets.operations.health.models import champion_facts, decision_facts, drift_facts
from lakehouse_assets.operations.health.nights import NightFacts
from lakehouse_assets.operations.policies import QUARANTINE
from lakehouse_assets.operations.unreadable import Reading

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake


def gather(
    instance: dg.DagsterInstance,
    lake: Lake,
    assets: BaseAssetGraph,  # type: ignore[type-arg]
    now: datetime,
    nights: NightFacts | None = None,
    reading: Reading | None = None,
) -> Facts:
    """Everything that is known now; of the nights what `health.nights.night_facts` says.

    Raises:
        LakeError: the store does not answer, but for a ``reading`` that says so itself (`unreadable.ReadingNow`).
    """
    graph, reading, nights = graph_of(assets), reading or Reading(), nights or NightFacts()
    keys = [dg.AssetKey(key.split("/")) for key in graph.assets]
    entries = {one.asset_entry.asset_key: one.asset_entry for one in instance.get_asset_records(keys)}
    failed_runs = _failed_runs(instance, [entry.last_run_id for entry in entries.values()])
    spans = _spans(instance, failed_runs)
    if any(_had_a_table(entry) for entry in entries.values()):
        reading.reach(lake)
    states, checks = instance.get_freshness_state_records(keys), _failed_checks(instance, assets, entries)
    found = {}
    for key in keys:
        name, entry = "/".join(key.path), entries.get(key)
        made = _at(entry.last_materialization.timestamp) if entry and entry.last_materialization else None
        run = entry.last_run_id if entry else None
        not_made = run in failed_runs and not _made_in(entry, run)
        if _had_a_table(entry) and not reading.exists(lake, key.path) and not reading.away:
            reading.unreadable.setdefault(name, f"there is no table at {lake.table_uri(key.path)} any more")
        rows, since = _quarantined(lake, key.path, graph.assets[name].daily, checks.get(key, ()), reading)
        found[name] = AssetFacts(
            made_at=made,
            late_since=_late_since(assets.get(key).freshness_policy, made, states.get(key), now),
            failing_since=failed_runs[run] if not_made and run else None,
            failed_run=run if not_made and run else "",
            failed_days=spans.get(run, "") if not_made and run else "",
            failed_checks=tuple(one for one in checks.get(key, ()) if not one.set_aside),
            quarantined=rows,
            quarantined_since=since or (made if rows else None),
        )
    use_cases = sorted({asset.use_case for asset in graph.assets.values() if asset.use_case})
    reading.ledgers(lake, graph.assets)
    resting: dict[str, Pause] = {}
    return Facts(
        now, graph, found, champion_facts(lake, _with(graph, "models", "champion"), reading),
        drift_facts(lake, use_cases, reading), reading.of(AUDIT, lambda: pauses(lake, now), resting),
        decision_facts(lake, use_cases, reading), nights,
        reading.of(INCIDENTS, lambda: book_of(instance, lake), Book()).incidents, reading.unreadable,
        reading.away, untold_since(instance, nights.failing),
    )  # fmt: skip


def _with(graph: Graph, zone: str, table: str) -> list[str]:
    return sorted(
        asset.use_case
        for asset in graph.assets.values()
        if asset.use_case and asset.key == f"{zone}/{asset.use_case}/{table}"
    )


def _failed_runs(instance: dg.DagsterInstance, found: Iterable[str | None]) -> dict[str | None, datetime]:
    """Of these runs, those that failed, and when."""
    runs = sorted({run for run in found if run})
    if not runs:
        return {}
    wanted = dg.RunsFilter(run_ids=runs, statuses=[dg.DagsterRunStatus.FAILURE])
    return {
        one.dagster_run.run_id: _at(one.end_time) if one.end_time else one.update_timestamp.replace(tzinfo=UTC)
        for one in instance.get_run_records(wanted)
    }


def _spans(instance: dg.DagsterInstance, found: Iterable[str | None]) -> dict[str, str]:
    """The partitions of these runs, in words."""
    runs = sorted({run for run in found if run})
    records = instance.get_run_records(dg.RunsFilter(run_ids=runs)) if runs else []
    return {one.dagster_run.run_id: span_words(*span_of(one.dagster_run)) for one in records}


def _made_in(entry: Any, run: str | None) -> bool:
    made = entry.last_materialization if entry is not None else None
    return made is not None and made.run_id == run


def _had_a_table(entry: Any) -> bool:
    """Whether a run wrote the asset as a table of the lake, by what it said of it."""
    made = entry.last_materialization if entry is not None else None
    told = made.asset_materialization if made is not None else None
    return told is not None and "delta_version" in told.metadata


def _late_since(policy: Any, made: datetime | None, state: Any, now: datetime) -> datetime | None:
    """Since when the promise is broken: counted where it is a window of time, as Dagster's watch saw it elsewhere."""
    if isinstance(policy, TimeWindowFreshnessPolicy):
        due = made + timedelta(seconds=policy.fail_window.to_timedelta().total_seconds()) if made else None
        return due if due is not None and due < now else None
    if state is not None and state.freshness_state is FreshnessState.FAIL:
        since: datetime = state.updated_at
        return since
    return None


def _failed_checks(
    instance: dg.DagsterInstance,
    assets: BaseAssetGraph,  # type: ignore[type-arg]
    entries: Mapping[dg.AssetKey, Any],
) -> Mapping[dg.AssetKey, list[FailedCheck]]:
    latest = instance.event_log_storage.get_latest_asset_check_execution_by_key(list(assets.asset_check_keys))
    # A check that is planned still after its run has failed could not be evaluated; where its asset was not made
    # either, that is told of the asset.
    planned = {
        key: record.run_id
        for key, record in latest.items()
        if record.status is AssetCheckExecutionRecordStatus.PLANNED
        and _made_in(entries.get(key.asset_key), record.run_id)
    }
    failed_runs = _failed_runs(instance, planned.values())
    failed = [one.run_id for one in latest.values() if one.status is AssetCheckExecutionRecordStatus.FAILED]
    spans = _spans(instance, failed)
    found: dict[dg.AssetKey, list[FailedCheck]] = {}
    for key, record in sorted(latest.items(), key=lambda item: (item[0].asset_key.path, item[0].name)):
        if record.status is AssetCheckExecutionRecordStatus.FAILED:
            found.setdefault(key.asset_key, []).append(_failed_check(key.name, record, spans))
        elif planned.get(key) in failed_runs:
            broken = FailedCheck(key.name, failed_runs[planned[key]], "it could not be evaluated, its step failed")
            found.setdefault(key.asset_key, []).append(broken)
    return found


def _failed_check(name: str, record: Any, spans: Mapping[str, str]) -> FailedCheck:
    event = record.event.dagster_event if record.event is not None else None
    data = event.event_specific_data if event is not None else None
    metadata = getattr(data, "metadata", None) or {}
    said = next((one for one in ROW_COUNTS if one in metadata), None)
    rows = metadata[said].value if said else None
    described = getattr(data, "description", None) or ""
    days = getattr(data, "partition", None) or spans.get(record.run_id, "")
    at, aside = _at(record.create_timestamp), said in SET_ASIDE
    return FailedCheck(name, at, described, rows, aside, record.run_id, days)


def _quarantined(
    lake: Lake, path: Sequence[str], daily: bool, checks: Sequence[FailedCheck], reading: Reading
) -> tuple[int, datetime | None]:
    """How many rows stand in a quarantine, and since when.

    One that is kept by day holds what is set aside now. One that only grows holds all that ever was; its check counts
    what still is.
    """
    if not (path[-1] == QUARANTINE or path[-1].endswith(f"_{QUARANTINE}")) or not reading.exists(lake, path):
        return 0, None
    if not daily:
        counted = [one for one in checks if one.set_aside]
        return sum(one.rows or 1 for one in counted), min((one.at for one in counted), default=None)
    none: tuple[list[dict[str, Any]], int] = ([], 0)
    parts, rows = reading.of(path, lambda: (lake.partition_values(path), lake.row_count(path)), none)
    days = [one["day"] for one in parts if one.get("day") is not None]
    return rows, datetime.combine(min(days), datetime.min.time(), UTC) if rows and days else None


def _at(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
