"""Health agrees with the incidents that are open: a broken day is told until it is made, whatever went well since."""

from datetime import UTC, datetime

from lakehouse_assets.operations.health.gathering import gather
from lakehouse_assets.operations.health.model import Problem, health
from lakehouse_assets_tests.operations.alerts.watched import BROKEN, Platform


def problems(platform: Platform) -> dict[str, Problem]:
    """By state and asset; none stands twice."""
    found = health(gather(platform.instance, platform.lake, platform.defs.resolve_asset_graph(), datetime.now(UTC)))
    told = {f"{one.state} {one.asset}": one for one in found.problems}
    assert len(told) == len(found.problems)
    return told


def test_a_broken_day_is_a_problem_until_it_is_made_though_the_next_night_went_well(platform: Platform) -> None:
    both = {"failing harmonized/a/rows", "check failed raw/a/rows"}
    BROKEN.update({"clean", "readable"})
    platform.night("2024-03-05")
    platform.tick()
    assert problems(platform).keys() == both
    BROKEN.clear()
    platform.night("2024-03-06")
    platform.tick()
    found = problems(platform)
    assert found.keys() == both
    assert all("2024-03-05" in one.what for one in found.values())
    again = platform.defs.resolve_job_def("a_nightly")
    run = platform.instance.create_run_for_job(again, tags={"dagster/partition": "2024-03-05"})
    platform.instance.report_run_canceled(run)
    platform.tick()
    assert problems(platform).keys() == both, "a rerun that was cancelled makes nothing"
    BROKEN.update({"clean", "readable"})
    platform.night("2024-03-05")
    platform.tick()
    assert problems(platform).keys() == both, "it failed again, which is one problem and no second"
    BROKEN.clear()
    platform.night("2024-03-05")
    platform.tick()
    assert problems(platform) == {}


def test_what_goes_wrong_again_is_a_problem_since_it_went_wrong_first(platform: Platform) -> None:
    BROKEN.update({"clean", "readable"})
    platform.night("2024-03-05")
    platform.tick()
    first = {told: one.since for told, one in problems(platform).items()}
    platform.night("2024-03-05")
    platform.tick()
    assert {told: one.since for told, one in problems(platform).items()} == first
    BROKEN.clear()
    BROKEN.add("drift")
    platform.night("2024-03-05")
    platform.tick()
    [began] = problems(platform).values()
    platform.night("2024-03-06")
    platform.tick()
    [goes_on] = problems(platform).values()
    assert (goes_on.asset, goes_on.since) == ("monitoring/u/drift", began.since)


def test_a_training_that_failed_is_told_once(platform: Platform) -> None:
    BROKEN.add("champion")
    platform.train()
    platform.tick()
    assert problems(platform).keys() == {"failing models/u/champion"}
    BROKEN.clear()
    platform.train()
    platform.tick()
    assert problems(platform) == {}
