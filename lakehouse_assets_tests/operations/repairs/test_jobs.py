"""The repair jobs as people start them, the runs that follow, and what the audit table keeps."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from lakehouse_assets.contracts.audit import AUDIT, entries
from lakehouse_assets.monitoring.pauses import paused
from lakehouse_assets_tests.defs.kept_platform import error_of
from lakehouse_assets_tests.operations.repairs.asking import CLEAN, MODEL, RAW, WINDOW, Platform


def test_a_rerun_begins_as_a_dry_run_that_asks_for_nothing(platform: Platform) -> None:
    assert platform.start("rerun_from", "rerunning", table="raw/a/rows", first_day="2024-03-05").success
    assert not platform.lake.exists(AUDIT)
    assert platform.tick() == []


def test_a_rerun_makes_the_days_of_the_broken_asset_and_what_is_made_from_it_once(platform: Platform) -> None:
    given = {"table": "raw/a/rows", "first_day": "2024-03-04", "last_day": "2024-03-05", "dry_run": False}
    assert platform.start("rerun_from", "rerunning", **given).success
    [asked] = platform.tick()
    assert platform.tick() == []
    assert platform.carry_out(asked).success
    for key, days in ((RAW, 2), (CLEAN, 2), (MODEL, 0)):
        assert len(platform.instance.get_materialized_partitions(key)) == days
    [row] = entries(platform.lake).to_dict("records")
    assert (row["action"], row["subject"], row["who"], row["reason"]) == ("rerun", "raw/a/rows", "ann", "torn file")
    assert row["entry"] == asked.run_key == asked.tags["repair"]


def test_a_request_for_an_asset_that_is_not_there_fails_and_leaves_nothing(platform: Platform) -> None:
    assert not platform.start(
        "rerun_from", "rerunning", table="raw/b/rows", first_day="2024-03-04", dry_run=False
    ).success
    assert not platform.lake.exists(AUDIT)


@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize(("first", "last"), [("1999-01-01", ""), ("2024-03-04", "2031-01-01")])
def test_days_that_the_asset_does_not_have_are_refused_by_the_dry_run_already(
    platform: Platform, first: str, last: str, dry: bool
) -> None:
    done = platform.start("rerun_from", "rerunning", table="raw/a/rows", first_day=first, last_day=last, dry_run=dry)
    assert not done.success
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    assert f"raw/a/rows has no such days: expected days among 2024-03-01 to {yesterday}, found {first}" in error_of(
        done
    )
    assert "Nothing was changed." in error_of(done)
    assert not platform.lake.exists(AUDIT)


def test_a_day_that_goes_on_is_refused_also_for_an_asset_without_days(platform: Platform) -> None:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    for table in ("raw/a/rows", "models/u/candidate"):
        done = platform.start("rerun_from", "rerunning", table=table, first_day=today, with_training=True)
        assert not done.success
        assert "ended in UTC" in error_of(done) or "has no such days" in error_of(done)


def test_what_lies_downstream_and_has_no_such_days_is_left_out_and_said(platform: Platform) -> None:
    done = platform.start("rerun_from", "rerunning", table="raw/a/rows", first_day="2024-03-02", dry_run=False)
    [told] = [one.user_message for one in platform.instance.all_logs(done.run_id) if "Left out" in one.user_message]
    assert "delivery/u/rows (of these days it does not have all, only 2024-03-03 to " in told
    [asked] = platform.tick()
    assert set(asked.asset_selection or ()) == {RAW, WINDOW}
    assert platform.carry_out(asked).success


def test_nobody_repairs_without_saying_who_and_why(platform: Platform) -> None:
    assert not platform.start("retrain_now", "retraining", use_case="u", dry_run=False, who=" ").success
    assert not platform.lake.exists(AUDIT)


def test_retraining_now_trains_with_its_reason_for_all_to_see(platform: Platform) -> None:
    assert platform.start("retrain_now", "retraining", use_case="u", dry_run=False).success
    [asked] = platform.tick()
    assert asked.tags["retraining_reason"] == "ann: torn file"
    made = platform.carry_out(asked)
    assert [one.asset_key for one in made.asset_materializations_for_node("models__u__candidate")] == [MODEL]


def test_a_pause_ends_by_itself_or_when_somebody_ends_it(platform: Platform) -> None:
    now = datetime.now(UTC)
    platform.start("pause_use_case", "pausing", use_case="u")
    assert paused(platform.lake, "u") is None  # a dry run
    platform.start("pause_use_case", "pausing", use_case="u", days=2, dry_run=False)
    pause = paused(platform.lake, "u")
    assert pause is not None
    assert pause.words.startswith("u is paused until ")
    assert paused(platform.lake, "u", now + timedelta(days=3)) is None
    assert paused(platform.lake, "v") is None
    platform.start("resume_use_case", "resuming", use_case="u", dry_run=False)
    assert paused(platform.lake, "u") is None
    platform.start("pause_use_case", "pausing", use_case="u", dry_run=False)
    assert paused(platform.lake, "u") is not None
    assert entries(platform.lake)["action"].tolist() == ["pause", "resume", "pause"]


def test_a_pause_of_what_is_no_use_case_is_refused(platform: Platform) -> None:
    assert not platform.start("pause_use_case", "pausing", use_case="v", dry_run=False).success
    assert not platform.lake.exists(AUDIT)


def said(platform: Platform, done: dg.ExecuteInProcessResult) -> list[str]:
    return [one.user_message for one in platform.instance.all_logs(done.run_id) if not one.is_dagster_event]


def test_a_pause_that_holds_is_said_and_not_made_shorter_unless_somebody_wants_it(platform: Platform) -> None:
    platform.start("pause_use_case", "pausing", use_case="u", days=60, dry_run=False)
    holds = paused(platform.lake, "u")
    assert holds is not None
    for dry in (True, False):
        refused = platform.start("pause_use_case", "pausing", use_case="u", days=1, who="bob", dry_run=dry)
        assert not refused.success
        assert f"{holds.words} A pause until " in error_of(refused)
        assert "would end it earlier" in error_of(refused)
    assert paused(platform.lake, "u") == holds
    longer = platform.start("pause_use_case", "pausing", use_case="u", days=61, who="bob", dry_run=False)
    assert said(platform, longer)[0] == f"until now: {holds.words}"
    assert paused(platform.lake, "u", holds.until) is not None
    assert platform.start("pause_use_case", "pausing", use_case="u", days=1, shorten=True, dry_run=False).success
    assert paused(platform.lake, "u", datetime.now(UTC) + timedelta(days=2)) is None


def test_ending_a_pause_says_that_it_would_and_that_it_did(platform: Platform) -> None:
    platform.start("pause_use_case", "pausing", use_case="u", dry_run=False)
    pause = paused(platform.lake, "u")
    assert pause is not None
    dry = platform.start("resume_use_case", "resuming", use_case="u")
    assert said(platform, dry) == [f"dry run, would end this pause: {pause.words}"]
    done = platform.start("resume_use_case", "resuming", use_case="u", dry_run=False)
    assert said(platform, done) == [f"u goes on: the pause of ann until {pause.until:%Y-%m-%d %H:%M} UTC is over"]
    again = platform.start("resume_use_case", "resuming", use_case="u", dry_run=False)
    assert said(platform, again) == ["u is not paused; there is nothing to do"]
