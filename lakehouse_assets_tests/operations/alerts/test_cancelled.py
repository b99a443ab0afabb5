"""A night that was cancelled leaves a problem until its day is made, and people are told if none of them did it."""

from datetime import UTC, datetime

import dagster as dg

from lakehouse_assets.operations.health.gathering import gather
from lakehouse_assets.operations.health.model import Problem, health
from lakehouse_assets.operations.health.states import State
from lakehouse_assets.operations.nights import asked
from lakehouse_assets_tests.operations.alerts.watched import BROKEN, CLEAN, DRIFT, RAW, Platform

DAY = "2024-03-05"
TAGS = {"dagster/partition": DAY, asked.PART: asked.WHOLE, "night": DAY}
TOO_LONG = "Canceling due to exceeding maximum runtime of 43200 seconds."
QUEUE = "Canceling run from the queue."


def cancelled(platform: Platform, why: str, tags: dict[str, str] = TAGS) -> dg.DagsterRun:
    """A night that planned its assets and made none."""
    run = platform.instance.create_run_for_job(platform.defs.resolve_job_def("a_nightly"), tags=tags)
    platform.instance.report_run_canceling(run, why)
    if why != QUEUE:
        platform.instance.report_run_canceling(run)  # as the launcher says when it ends the process
    platform.instance.report_run_canceled(run)
    return run


def problems(platform: Platform) -> list[Problem]:
    assets, now = platform.defs.resolve_asset_graph(), datetime.now(UTC)
    return list(health(gather(platform.instance, platform.lake, assets, now)).problems)


def test_one_that_somebody_cancelled_is_told_to_nobody_and_a_problem_until_its_day_is_made(platform: Platform) -> None:
    run = cancelled(platform, QUEUE)
    assert platform.tick() == []
    (problem,) = problems(platform)
    assert (problem.state, problem.asset, problem.run_id) == (State.FAILING, RAW.to_user_string(), run.run_id)
    assert problem.what == f"was not made of {DAY}: somebody cancelled it"
    assert platform.night("2024-03-06")
    assert platform.tick() == []
    assert len(problems(platform)) == 1, "a later day says nothing of it"
    assert platform.night(DAY)
    assert platform.tick() == []
    assert problems(platform) == []


def test_one_that_ran_for_too_long_is_told_once_and_over_when_its_day_was_made(platform: Platform) -> None:
    cancelled(platform, TOO_LONG)
    assert platform.tick() == [f"a_nightly {DAY}: run failed"]
    body = platform.told.messages[-1]["message"]
    assert body.startswith("it was cancelled, by nobody: Canceling due to exceeding maximum runtime")
    assert "Assets: harmonized/a/rows, monitoring/u/drift, raw/a/rows" in body
    assert platform.tick() == []
    for key in (RAW, CLEAN, DRIFT):
        platform.instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=DAY))
    assert platform.tick() == [f"Over: a_nightly {DAY}: run failed"]


def test_one_that_was_cancelled_and_failed_when_somebody_ran_it_again_is_told(platform: Platform) -> None:
    cancelled(platform, QUEUE)
    assert platform.tick() == []
    cancelled(platform, TOO_LONG)
    assert platform.tick() == [f"a_nightly {DAY}: run failed"]
    platform.cursor = None
    assert platform.tick() == []
    assert platform.night(DAY)
    assert platform.tick() == [f"Over: a_nightly {DAY}: run failed"]


def test_one_that_failed_at_one_step_when_it_was_run_again_is_told_and_over_when_it_is_made(platform: Platform) -> None:
    cancelled(platform, QUEUE)
    assert platform.tick() == []
    BROKEN.add("clean")
    assert not platform.night(DAY)
    assert platform.tick() == [f"a_nightly {DAY}: run failed"]
    BROKEN.clear()
    assert platform.night(DAY)
    assert platform.tick() == [f"Over: a_nightly {DAY}: run failed"]
    assert problems(platform) == []


def test_one_whose_day_was_made_before_lacks_nothing(platform: Platform) -> None:
    assert platform.night(DAY)
    cancelled(platform, TOO_LONG)
    assert platform.tick() == []
    assert problems(platform) == []


def test_a_run_that_is_no_night_leaves_nothing(platform: Platform) -> None:
    cancelled(platform, TOO_LONG, {"dagster/partition": DAY, "night": "by hand"})
    assert platform.tick() == []
    assert problems(platform) == []


def test_a_check_that_failed_before_its_run_was_cancelled_is_told_and_over_when_it_passes(platform: Platform) -> None:
    BROKEN.update({"readable", "clean"})
    assert not platform.night(DAY)
    [run] = platform.instance.get_runs()
    platform.instance.report_run_canceled(run)
    assert platform.tick() == [f"raw/a/rows readable {DAY}: check failed"]
    BROKEN.clear()
    assert platform.night(DAY)
    assert platform.tick() == [f"Over: raw/a/rows readable {DAY}: check failed"]
