"""Nights that were asked for, a schedule that is on or off, and ticks that failed, on a real instance."""

import sys
from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.definitions.sensor_definition import SensorType
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.test_utils import create_run_for_test
from dagster._utils.error import serializable_error_info_from_exc_info

from lakehouse_assets.operations.nights import asked
from lakehouse_assets.operations.nights.missed import SCHEDULE

DAY = date(2024, 3, 5)


def after(days: int) -> date:
    """So many days after the first."""
    return DAY + timedelta(days=days)


def night_of(
    instance: dg.DagsterInstance, day: date, *domains: str, part: str = asked.WHOLE, late: Collection[str] = ()
) -> dg.DagsterRun:
    """A run that was asked for, with the files of these domains; of others it had waited for theirs in vain."""
    tags = asked.tags_of(day, part, dict.fromkeys(domains, "mark"), late)
    return create_run_for_test(instance, "nightly", tags=tags)


def switch(
    instance: dg.DagsterInstance,
    on: bool,
    at: datetime,
    name: str = SCHEDULE,
    kind: InstigatorType = InstigatorType.SCHEDULE,
) -> InstigatorState:
    """Switch the night's schedule, or another one, or a sensor, on or off, as the UI does."""
    where = GrpcServerCodeLocationOrigin(host="127.0.0.1", port=1, location_name="lakehouse_assets")
    state = InstigatorState(
        RemoteInstigatorOrigin(RemoteRepositoryOrigin(where, "__repository__"), name),
        kind,
        InstigatorStatus.RUNNING if on else InstigatorStatus.STOPPED,
        ScheduleInstigatorData("0 2 * * *", at.timestamp() if on else None)
        if kind is InstigatorType.SCHEDULE
        else SensorInstigatorData(sensor_type=SensorType.STANDARD),
    )
    known = instance.get_instigator_state(state.instigator_origin_id, state.selector_id)
    return instance.update_instigator_state(state) if known else instance.add_instigator_state(state)


def ticked(
    instance: dg.DagsterInstance, state: InstigatorState, at: datetime, error: Exception | None = None, row: int = 0
) -> None:
    """A tick of it, as the daemon keeps it; of one that failed ``row`` says how many did without a break."""
    said = None
    if error is not None:
        try:
            raise error
        except type(error):
            said = serializable_error_info_from_exc_info(sys.exc_info())
    instance.create_tick(
        TickData(
            state.instigator_origin_id,
            state.instigator_name,
            state.instigator_type,
            TickStatus.FAILURE if error else TickStatus.SKIPPED,
            at.timestamp(),
            selector_id=state.selector_id,
            error=said,
            consecutive_failure_count=row,
        )
    )


def at(day: date, hour: int = 12) -> datetime:
    """An hour of a day, in UTC."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
