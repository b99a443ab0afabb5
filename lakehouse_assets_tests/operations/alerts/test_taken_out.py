"""What was told of a use case, a table or a check is over when somebody takes it out of the platform."""

from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from lakehouse_assets.monitoring.deciding.history import RETRAINING_REASON
from lakehouse_assets.operations.health.gathering import gather
from lakehouse_assets.operations.health.model import health
from lakehouse_assets_tests.operations.alerts.watched import BROKEN, CHAMPION, DRIFT, RAW, Platform


def without(platform: Platform, assets: Sequence[dg.AssetKey] = (), check: str = "") -> None:
    """Bring in a version of the code location that lacks these."""
    whole = platform.defs
    kept = [one for one in whole.assets or () if isinstance(one, dg.AssetsDefinition) and one.key not in assets]
    checks = [one for one in whole.asset_checks or () if check not in {key.name for key in one.check_keys}]
    platform.defs = dg.Definitions(
        assets=kept, asset_checks=checks, sensors=whole.sensors, resources=whole.resources, executor=whole.executor
    )


def test_incidents_of_a_use_case_that_was_taken_out_are_over_and_no_problem_for_ever(platform: Platform) -> None:
    BROKEN.update({"drift", "champion"})
    assert platform.night()
    assert not platform.train(**{RETRAINING_REASON: "drift"})
    platform.decide("refuse", 7, None, None)
    told = platform.tick()
    assert len(told) == 4
    without(platform, [DRIFT, dg.AssetKey(CHAMPION)])
    assert sorted(platform.tick()) == sorted(f"Over: {one}" for one in told)
    assert "what it is about is no more" in platform.told.messages[-1]["message"]
    assert platform.tick() == []
    found = health(gather(platform.instance, platform.lake, platform.defs.resolve_asset_graph(), datetime.now(UTC)))
    assert found.is_well


def test_a_check_that_was_taken_out_is_over_and_its_table_s_other_checks_are_not(platform: Platform) -> None:
    BROKEN.update({"must_hold", "readable"})
    assert not platform.night()
    assert len(platform.tick()) == 2
    without(platform, check="must_hold")
    assert platform.tick() == ["Over: raw/a/rows must_hold 2024-03-05: check failed"]


def test_a_failed_run_waits_for_what_there_is_of_its_broken_assets(platform: Platform) -> None:
    BROKEN.update({"raw", "champion"})
    job = platform.defs.resolve_implicit_global_asset_job_def()
    tags = {"dagster/partition": "2024-03-05"}
    only = [RAW, dg.AssetKey(CHAMPION)]
    assert not job.execute_in_process(
        instance=platform.instance, asset_selection=only, tags=tags, raise_on_error=False
    ).success
    [told] = platform.tick()
    without(platform, [dg.AssetKey(CHAMPION)])
    assert platform.tick() == []
    BROKEN.clear()
    made = platform.defs.resolve_implicit_global_asset_job_def()
    assert made.execute_in_process(instance=platform.instance, asset_selection=[RAW], tags=tags).success
    assert platform.tick() == [f"Over: {told}"]
