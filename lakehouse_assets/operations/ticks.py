"""Sensors and schedules whose ticks fail: what they look at is looked at by nobody until they succeed again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorTick,
    InstigatorType,
    TickStatus,
)

from lakehouse_assets.operations.nights.missed import SCHEDULE

#: The sensor that tells people. Of its own ticks it can tell nobody.
ALERTS = "alerts"
#: How long ticks have to fail: while a code server is started anew a few do.
FAILS_FOR = timedelta(minutes=5)
#: How many ticks of a sensor: one may have failed before the machine slept for hours. A schedule's next is far away.
AT_LEAST = 2
_WELL = [TickStatus.SUCCESS, TickStatus.SKIPPED]


@dataclass(frozen=True)
class Ticking:
    """How a sensor or schedule that is on does.

    Attributes:
        name: Its name.
        at: When its last tick began that counts, in UTC.
        failing_since: When the first tick failed after which none succeeded; None: the last one did not fail.
        why: Of what the last one failed, in words without secrets.
    """

    name: str
    at: datetime
    failing_since: datetime | None = None
    why: str = ""

    def fails(self, now: datetime) -> bool:
        """Whether it has failed for so long that somebody has to look."""
        return self.failing_since is not None and now - self.failing_since >= FAILS_FOR

    @property
    def words(self) -> str:
        """In a sentence, without a full stop."""
        return f"the ticks of {self.name} fail: {self.why}"


def watched(repository: dg.RepositoryDefinition) -> set[str]:
    """The sensors and schedules of a code location, but for the night's: its failed ticks are told as missed nights."""
    sensors, schedules = repository.sensor_defs, repository.schedule_defs
    return {one.name for one in sensors} | {one.name for one in schedules} - {SCHEDULE}


def ticking(instance: dg.DagsterInstance, names: Collection[str]) -> dict[str, Ticking]:
    """How those of these do that are on and have ticked, by name.

    Dagster keeps what became of one under another address of its code location; what ticked last counts.
    """
    newest: dict[str, tuple[InstigatorState, InstigatorTick]] = {}
    for state in instance.all_instigator_state():
        if state.instigator_name in names and state.status is not InstigatorStatus.STOPPED:
            last = _newest(instance, state, [*_WELL, TickStatus.FAILURE])
            known = newest.get(state.instigator_name)
            if last is not None and (known is None or known[1].timestamp < last.timestamp):
                newest[state.instigator_name] = state, last
    return {name: _ticking(instance, state, last) for name, (state, last) in newest.items()}


def is_off(instance: dg.DagsterInstance, name: str) -> bool:
    """Whether somebody switched it off."""
    states = [one.status for one in instance.all_instigator_state() if one.instigator_name == name]
    return bool(states) and all(one is InstigatorStatus.STOPPED for one in states)


def _ticking(instance: dg.DagsterInstance, state: InstigatorState, last: InstigatorTick) -> Ticking:
    from lakehouse_assets.lake.secrets import without_secrets
    from lakehouse_assets.operations.alerts.seen_runs import cause

    at = datetime.fromtimestamp(last.timestamp, UTC)
    if last.status is not TickStatus.FAILURE:
        return Ticking(state.instigator_name, at)
    well = _newest(instance, state, _WELL)
    # Without what each failed of: days of a sensor's are thousands. Failed ticks are kept for ever, skipped ones for a
    # week (Dagster's retention): where none that succeeded is kept, the last one says how many failed in a row.
    failed = instance.get_tick_summaries(
        state.instigator_origin_id,
        state.selector_id,
        after=well.timestamp if well is not None else None,
        limit=None if well is not None else last.consecutive_failure_count or None,
        statuses=[TickStatus.FAILURE],
    )
    if state.instigator_type is InstigatorType.SENSOR and len(failed) < AT_LEAST:
        return Ticking(state.instigator_name, at if well is None else datetime.fromtimestamp(well.timestamp, UTC))
    first = min((one.timestamp for one in failed), default=last.timestamp)
    error = last.tick_data.error
    said = without_secrets(cause(error)).rstrip(".") if error is not None else "no reason recorded"
    return Ticking(state.instigator_name, at, datetime.fromtimestamp(first, UTC), said)


def _newest(instance: dg.DagsterInstance, state: InstigatorState, statuses: list[TickStatus]) -> InstigatorTick | None:
    found = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1, statuses=statuses)
    return found[0] if found else None
