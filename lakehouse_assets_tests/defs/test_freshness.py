"""Promises of freshness: some nightly job makes every asset that has one, and Dagster's daemon sees when it breaks."""

import asyncio
import datetime as dt
from pathlib import Path

import dagster as dg
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.loader import LoadingContextForTest
from dagster._core.test_utils import freeze_time
from dagster._daemon.freshness import FreshnessDaemon

from lakehouse_assets.definitions import defs
from lakehouse_assets_tests.conftest import state_in
from lakehouse_assets_tests.end_to_end.own_platform import platform_in

READINGS = dg.AssetKey(["harmonized", "turbofan", "readings"])


def promised() -> dict[dg.AssetKey, dt.timedelta]:
    specs = {spec.key: spec.freshness_policy for spec in defs.resolve_all_asset_specs()}
    return {key: policy.fail_window.to_timedelta() for key, policy in specs.items() if policy is not None}


def test_every_promise_is_kept_by_a_schedule_of_every_night() -> None:
    repository = defs.get_repository_def()
    made: dict[dg.AssetKey, set[str]] = {}
    for schedule in repository.schedule_defs:
        if not schedule.cron_schedule.endswith("* * *"):
            continue
        for key in repository.get_job(schedule.job.name).asset_layer.selected_asset_keys:
            made.setdefault(key, set()).add(schedule.job.name)
    assert len(promised()) > 10
    assert {key.to_user_string(): window for key, window in promised().items() if key not in made} == {}
    assert made[dg.AssetKey(["harmonized", "shared", "equipment"])] == {"nightly"}
    assert made[dg.AssetKey(["delivery", "energy_demand", "predictions"])] == {"nightly"}
    assert all(window > dt.timedelta(days=1) for window in promised().values()), "a night may take its time"


def test_a_promise_that_breaks_shows_as_such_and_as_kept_again_after_the_next_run(
    tmp_path: Path,
) -> None:
    with platform_in(state_in(tmp_path)) as (platform, instance):
        node, window = platform.resolve_asset_graph().get(READINGS), promised()[READINGS]
        now = dt.datetime.now(dt.UTC)

        def look(after: dt.timedelta) -> FreshnessState:
            """What the daemon writes down, looking at this time."""
            with freeze_time(now + after):
                asyncio.run(FreshnessDaemon()._evaluate_asset(LoadingContextForTest(instance), node))
            return instance.get_freshness_state_records([READINGS])[READINGS].freshness_state

        assert look(dt.timedelta(0)) == FreshnessState.UNKNOWN
        instance.report_runless_asset_event(dg.AssetMaterialization(READINGS, partition="2024-01-01"))
        assert look(window - dt.timedelta(minutes=5)) == FreshnessState.PASS
        assert look(window + dt.timedelta(minutes=5)) == FreshnessState.FAIL
        assert look(window + dt.timedelta(minutes=6)) == FreshnessState.FAIL
        with freeze_time(now + window + dt.timedelta(minutes=7)):
            instance.report_runless_asset_event(dg.AssetMaterialization(READINGS, partition="2024-01-02"))
        assert look(window + dt.timedelta(minutes=8)) == FreshnessState.PASS
