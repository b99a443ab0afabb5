"""Which nights are due by the plant's clocks and were asked for by nobody, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, InstigatorType, TickStatus

from lakehouse_assets.operations.nights import asked
from lakehouse_assets.operations.nights.calendar import night_at, nights_due, tick_before, tick_of

SCHEDULE = "nightly_schedule"
#: How long after its hour a night that nobody asked for is missed: Dagster makes up a tick within minutes.
GRACE = timedelta(hours=3)


@dataclass(frozen=True)
class Missed:
    """Nights that nobody asked for.

    Attributes:
        first: The day of the oldest.
        last: The day of the newest.
        since: When the oldest was due, in UTC.
        why: What is known of the cause, in words.
    """

    first: date
    last: date
    since: datetime
    why: str

    @property
    def words(self) -> str:
        """In a sentence."""
        nights = (self.last - self.first).days + 1
        which = f"night of {self.first}" if nights == 1 else f"nights of {self.first} to {self.last} ({nights})"
        return f"nobody asked for the {which}: {self.why}"


def missed_nights(instance: dg.DagsterInstance, zone: ZoneInfo, now: datetime) -> Missed | None:
    """The nights that are due since more than a few hours and have no run; None where nights were never switched on.

    They count from the last night that was asked for; where there is none yet, from when the schedule was switched on.
    """
    due = night_at(tick_before(now - GRACE, zone), zone)
    last = asked.last_night(instance, due)
    if last == due:
        return None
    schedule = schedule_state(instance)
    if last is None:
        began = _switched_on(schedule)
        if began is None or tick_of(due, zone) < began:
            return None
        last = night_at(tick_before(began - timedelta(microseconds=1), zone), zone)
    missing = nights_due(last, due)
    return Missed(missing[0], missing[-1], tick_of(missing[0], zone), _why(instance, schedule))


def schedule_state(instance: dg.DagsterInstance) -> InstigatorState | None:
    """What Dagster keeps of the night's schedule; None where it was never switched on or off."""
    states = instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE)
    own = [one for one in states if one.instigator_name == SCHEDULE]
    return next((one for one in own if one.status is InstigatorStatus.RUNNING), next(iter(own), None))


def _switched_on(schedule: InstigatorState | None) -> datetime | None:
    if schedule is None or schedule.status is not InstigatorStatus.RUNNING:
        return None
    began = getattr(schedule.instigator_data, "start_timestamp", None)
    return datetime.fromtimestamp(began, ZoneInfo("UTC")) if began else None


def _why(instance: dg.DagsterInstance, schedule: InstigatorState | None) -> str:
    from lakehouse_assets.lake.secrets import without_secrets
    from lakehouse_assets.operations.alerts.seen_runs import cause

    if schedule is None or schedule.status is not InstigatorStatus.RUNNING:
        return f"{SCHEDULE} is switched off"
    ticks = instance.get_ticks(schedule.instigator_origin_id, schedule.selector_id, limit=1)
    if not ticks:
        return f"{SCHEDULE} is on and has not ticked"
    at = f"{datetime.fromtimestamp(ticks[0].timestamp, ZoneInfo('UTC')):%Y-%m-%d %H:%M} UTC"
    if ticks[0].status is not TickStatus.FAILURE:
        return f"{SCHEDULE} is on, its last tick is of {at}"
    error = ticks[0].tick_data.error
    said = without_secrets(cause(error)) if error is not None else "for no reason recorded"
    return f"the last tick of {SCHEDULE}, of {at}, failed: {said.rstrip('.')}"
