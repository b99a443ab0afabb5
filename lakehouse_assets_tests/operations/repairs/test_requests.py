"""Which requests for runs are carried out when, each once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest import mock

import dagster as dg
from dagster._core.test_utils import create_run_for_test

from lakehouse_assets.contracts import audit
from lakehouse_assets.contracts.audit import entries
from lakehouse_assets.operations.repairs import requests
from lakehouse_assets_tests.operations.repairs.asking import WINDOW, Platform


@contextmanager
def told_at(moment: datetime) -> Iterator[None]:
    """Rows of the audit table are of another time, as those of a job are whose commit took long."""
    with mock.patch.object(audit, "datetime", mock.Mock(now=lambda zone: moment)):
        yield


def test_later_days_that_look_back_and_were_made_since_are_made_again_once_the_first_is(platform: Platform) -> None:
    for day in (4, 5, 6, 8):
        platform.instance.report_runless_asset_event(dg.AssetMaterialization(WINDOW, partition=f"2024-03-0{day}"))
    given = {"table": "raw/a/rows", "first_day": "2024-03-04"}
    dry = platform.start("rerun_from", "rerunning", **given)
    told = [one.user_message for one in platform.instance.all_logs(dry.run_id)]
    later = "then, since they look back on it, make again for 2024-03-05 to 2024-03-06: delivery/u/window"
    assert f"dry run, would {later}" in told
    assert platform.tick() == []
    assert platform.start("rerun_from", "rerunning", **given, dry_run=False).success
    [first] = platform.tick()
    assert platform.tick() == [], "they wait for it"
    assert platform.carry_out(first).success
    [second] = platform.tick()
    assert (second.asset_selection, second.tags["repair"]) == ([WINDOW], f"{first.run_key} then 2024-03-05")
    ends = [second.tags[f"dagster/asset_partition_range_{one}"] for one in ("start", "end")]
    assert ends == ["2024-03-05", "2024-03-06"]
    assert platform.carry_out(second).success
    assert platform.tick() == []
    assert len(entries(platform.lake)) == 2


def test_later_days_are_left_alone_where_somebody_says_so_or_the_first_did_not_succeed(platform: Platform) -> None:
    platform.instance.report_runless_asset_event(dg.AssetMaterialization(WINDOW, partition="2024-03-05"))
    given = {"table": "raw/a/rows", "first_day": "2024-03-04", "dry_run": False}
    assert platform.start("rerun_from", "rerunning", **given, later_days=False).success
    assert len(platform.tick()) == len(entries(platform.lake)) == 1
    assert platform.start("rerun_from", "rerunning", **given).success
    [asked] = platform.tick()
    create_run_for_test(platform.instance, "x", status=dg.DagsterRunStatus.FAILURE, tags=dict(asked.tags))
    assert platform.tick() == []
    create_run_for_test(platform.instance, "x", status=dg.DagsterRunStatus.SUCCESS, tags=dict(asked.tags))
    assert len(platform.tick()) == 1, "somebody made it again from its failure"


def test_a_sensor_that_lost_its_cursor_asks_under_the_same_key(platform: Platform) -> None:
    platform.start("rerun_from", "rerunning", table="raw/a/rows", first_day="2024-03-04", dry_run=False)
    first = platform.tick()
    platform.cursor = None
    assert [one.run_key for one in platform.tick()] == [one.run_key for one in first]


def test_a_request_that_becomes_visible_after_a_younger_one_is_carried_out(platform: Platform) -> None:
    """Two jobs ask at the same time, and the one that began first is the last to commit."""
    given = {"table": "raw/a/rows", "first_day": "2024-03-04", "dry_run": False}
    platform.start("rerun_from", "rerunning", **given)
    [younger] = platform.tick()
    with told_at(datetime.now(UTC) - timedelta(minutes=1)):
        platform.start("rerun_from", "rerunning", **given)
    [older] = platform.tick()
    assert older.run_key != younger.run_key
    rows = entries(platform.lake)
    assert rows["entry"].tolist() == [older.run_key, younger.run_key], "by their times"
    assert platform.tick() == []


def test_a_cursor_of_an_earlier_form_asks_for_nothing_twice(platform: Platform) -> None:
    for _ in range(2):
        platform.start("rerun_from", "rerunning", table="raw/a/rows", first_day="2024-03-04", dry_run=False)
    first, second = entries(platform.lake).to_dict("records")
    platform.cursor = first["at"].isoformat()
    assert [one.run_key for one in platform.tick()] == [second["entry"]]
    assert platform.tick() == []


GIVEN = {"table": "raw/a/rows", "first_day": "2024-03-04", "dry_run": False}


def test_a_request_that_found_the_sensor_off_for_a_day_is_not_carried_out_which_is_told_once(
    platform: Platform,
) -> None:
    with told_at(datetime.now(UTC) - timedelta(days=3)):
        platform.start("rerun_from", "rerunning", **GIVEN)
    assert platform.tick() == [], "things have changed since"
    asked, told = entries(platform.lake).to_dict("records")
    assert (told["action"], told["subject"], told["who"]) == ("request_expired", "raw/a/rows", "repairs_asked_for")
    assert (
        f"rerun of raw/a/rows, which ann asked for at {asked['at']:%Y-%m-%d %H:%M} UTC, was made no" in told["reason"]
    )
    assert (told["details"]["request"], told["details"]["asked"]) == (asked["entry"], "rerun of raw/a/rows")
    assert told["details"]["assets"] == asked["details"]["assets"]
    platform.tick()
    platform.cursor = None
    platform.tick()
    assert len(entries(platform.lake)) == 2


def test_nothing_is_told_of_a_request_that_was_made_a_run_also_where_the_cursor_was_lost(platform: Platform) -> None:
    with told_at(datetime.now(UTC) - requests.WAITS + timedelta(minutes=5)):
        platform.start("rerun_from", "rerunning", **GIVEN)
    [asked] = platform.tick()
    assert platform.cursor == f'["{asked.run_key}"]'

    def look(days: int, cursor: str | None, was_run: bool) -> requests.Look:
        now = datetime.now(UTC) + timedelta(days=days)
        return requests.open_requests(platform.lake, cursor, now, lambda _: False, lambda _: was_run)

    for found in (look(1, platform.cursor, False), look(1, None, True)):
        assert (found.to_start, found.expired, found.cursor) == ([], [], platform.cursor)
    assert [one.entry for one in look(1, None, False).expired] == [asked.run_key]
    assert look(31, None, False) == requests.Look([], [], "[]"), "nobody looks for it any more"


def test_later_days_wait_for_a_run_that_takes_weeks_and_are_asked_for_once_when_it_succeeded(
    platform: Platform,
) -> None:
    platform.instance.report_runless_asset_event(dg.AssetMaterialization(WINDOW, partition="2024-03-05"))
    platform.start("rerun_from", "rerunning", table="raw/a/rows", first_day="2024-03-04", dry_run=False)
    begun = datetime.now(UTC)

    def look(days: float, cursor: str | None, succeeded: bool) -> tuple[list[str], str]:
        now = begun + timedelta(days=days)
        found = requests.open_requests(platform.lake, cursor, now, lambda _: succeeded, lambda _: True)
        return [one.entry for one in found.to_start], found.cursor

    [first], cursor = look(0, None, False)
    for days in (3, 8, 40):
        found, cursor = look(days, cursor, False)
        assert found == [], f"it runs since {days} days, or was not made again yet"
    [then], kept = look(40, cursor, True)
    assert then == f"{first} then 2024-03-05"
    assert look(41, kept, True) == ([], f'["{then}"]'), "once"
    assert look(400, kept, True) == ([], f'["{then}"]')
    assert look(400, None, True)[0] == [then], "a lost cursor asks under the same key"
