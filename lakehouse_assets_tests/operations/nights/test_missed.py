"""Which nights are missed, since when and why."""

from datetime import date
from zoneinfo import ZoneInfo

import dagster as dg

from lakehouse_assets.operations.nights.missed import SCHEDULE, Missed, missed_nights
from lakehouse_assets_tests.operations.nights.switched import DAY, after, at, night_of, switch, ticked

UTC_ZONE, BERLIN = ZoneInfo("UTC"), ZoneInfo("Europe/Berlin")


def missed(instance: dg.DagsterInstance, day: date, hour: int = 12, zone: ZoneInfo = UTC_ZONE) -> Missed | None:
    return missed_nights(instance, zone, at(day, hour))


def test_the_schedule_that_is_looked_for_is_the_night_s() -> None:
    from lakehouse_assets.definitions import defs

    assert defs.get_repository_def().get_schedule_def(SCHEDULE).job_name == "nightly"


def test_where_nights_were_never_switched_on_none_is_missed(instance: dg.DagsterInstance) -> None:
    assert missed(instance, DAY) is None
    switch(instance, on=False, at=at(after(-9)))
    assert missed(instance, DAY) is None
    switch(instance, on=True, at=at(after(-9)), name="platform_health_hourly")
    assert missed(instance, DAY) is None


def test_a_night_is_missed_some_hours_after_its_hour_and_no_more_once_it_has_a_run(
    instance: dg.DagsterInstance,
) -> None:
    night_of(instance, DAY)
    assert missed(instance, after(2), hour=4) is None
    found = missed(instance, after(2), hour=5)
    assert found is not None
    assert (found.first, found.last, found.since) == (after(1), after(1), at(after(2), 2))
    assert found.words == f"nobody asked for the night of {after(1)}: {SCHEDULE} is switched off"
    night_of(instance, after(1))
    assert missed(instance, after(2), hour=5) is None


def test_all_nights_since_the_last_one_are_missed_since_the_first_of_them(instance: dg.DagsterInstance) -> None:
    night_of(instance, DAY)
    night_of(instance, date(2124, 3, 5))
    found = missed(instance, after(5))
    assert found is not None
    assert (found.first, found.last, found.since) == (after(1), after(4), at(after(2), 2))
    assert f"nights of {after(1)} to {after(4)} (4)" in found.words


def test_nights_that_never_began_are_missed_from_when_the_schedule_was_switched_on(
    instance: dg.DagsterInstance,
) -> None:
    state = switch(instance, on=True, at=at(DAY))
    assert missed(instance, DAY, hour=20) is None, "the night of the day before was over then"
    found = missed(instance, after(2))
    assert found is not None
    assert (found.first, found.last) == (DAY, after(1))
    assert found.why == f"{SCHEDULE} is on and has not ticked"
    ticked(instance, state, at(after(2), 2))
    assert missed(instance, after(2)).why.endswith(f"its last tick is of {after(2)} 02:00 UTC")  # type: ignore[union-attr]


def test_a_tick_that_failed_says_why_without_the_password_in_it(instance: dg.DagsterInstance) -> None:
    night_of(instance, DAY)
    state = switch(instance, on=True, at=at(DAY))
    error = FileNotFoundError(
        "landing folder postgresql://bot:hunter22@db/x does not exist. LANDING must name a folder"
    )
    ticked(instance, state, at(after(2), 2), error)
    found = missed(instance, after(2))
    assert found is not None
    assert f"the last tick of {SCHEDULE}, of {after(2)} 02:00 UTC, failed: FileNotFoundError: landing" in found.why
    assert "hunter22" not in found.words


def test_nights_are_due_by_the_plant_s_clocks(instance: dg.DagsterInstance) -> None:
    night_of(instance, after(24))  # 29 March; on the 31st Berlin's clocks jump at 02:00, at 01:00 UTC
    assert missed(instance, after(26), hour=3, zone=BERLIN) is None
    found = missed(instance, after(26), hour=4, zone=BERLIN)
    assert found is not None
    assert (found.first, found.last, found.since) == (after(25), after(25), at(after(26), 1))
    assert missed(instance, after(26), hour=4) is None, "in UTC it begins later"
