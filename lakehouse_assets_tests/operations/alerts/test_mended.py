"""A run that failed is over when everything that it did not make was made, by whatever run."""

from collections.abc import Iterator

import dagster as dg

from lakehouse_assets_tests.operations.alerts.watched import BROKEN, CHAMPION, CLEAN, DAYS, DRIFT, Platform


def test_a_failed_run_is_over_when_other_runs_made_what_was_broken_and_what_was_left_out_because_of_it(
    platform: Platform,
) -> None:
    BROKEN.add("clean")
    platform.night()
    platform.tick()
    BROKEN.clear()
    everything = platform.defs.resolve_implicit_global_asset_job_def()

    def made(day: str, *keys: dg.AssetKey) -> list[str]:
        everything.execute_in_process(instance=platform.instance, asset_selection=keys, partition_key=day)
        return platform.tick()

    assert made("2024-03-06", CLEAN, DRIFT) == []
    assert made("2024-03-05", CLEAN) == []
    assert made("2024-03-06", DRIFT) == []
    assert made("2024-03-05", DRIFT) == ["Over: a_nightly 2024-03-05: run failed"]


def test_what_had_nothing_to_give_when_it_was_made_again_keeps_no_incident_open(platform: Platform) -> None:
    BROKEN.add("clean")
    platform.night()
    [told] = platform.tick()
    silent = dg.AssetSpec(DRIFT, partitions_def=DAYS, skippable=True)

    @dg.multi_asset(specs=[silent], name="silent")
    def gives_nothing() -> Iterator[dg.MaterializeResult[None]]:
        yield from ()

    @dg.asset(key=CLEAN, partitions_def=DAYS)
    def clean() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult()

    late = dg.define_asset_job("late_files", selection=[CLEAN, DRIFT])
    again = dg.Definitions(assets=[clean, gives_nothing], jobs=[late]).resolve_job_def("late_files")
    assert again.execute_in_process(instance=platform.instance, partition_key="2024-03-06").success
    assert platform.tick() == []
    assert again.execute_in_process(instance=platform.instance, partition_key="2024-03-05").success
    assert platform.tick() == [f"Over: {told}"]


def test_what_has_no_days_is_over_when_it_is_made_though_the_night_that_failed_names_one(platform: Platform) -> None:
    BROKEN.add("champion")
    assert not platform.train(**{"dagster/partition": "2024-03-05"})
    assert platform.tick() == ["u_training 2024-03-05: run failed"]
    BROKEN.clear()
    everything = platform.defs.resolve_implicit_global_asset_job_def()
    everything.execute_in_process(instance=platform.instance, asset_selection=[dg.AssetKey(CHAMPION)])
    assert platform.tick() == ["Over: u_training 2024-03-05: run failed"]
