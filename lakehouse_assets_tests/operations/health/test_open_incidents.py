"""Health agrees with the incidents that are open: a broken day is told until it is made, whatever went well since."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from dagster._core.test_utils import instance_for_test

from lakehouse_assets.operations.health.gathering import gather
from lakehouse_assets.operations.health.model import Problem, health
from lakehouse_assets_tests.operations.alerts.receiver import receiver
from lakehouse_assets_tests.operations.alerts.watched import BROKEN, Platform


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    BROKEN.clear()
    with receiver() as told, instance_for_test(temp_dir=str(tmp_path)) as instance:
        monkeypatch.setenv("ALERT_URLS", told.url)
        monkeypatch.setenv("REPORTS", str(tmp_path / "reports"))
        yield Platform(instance, tmp_path, told)


def problems(watched: Platform) -> dict[str, Problem]:
    """By state and asset; none stands twice."""
    found = health(gather(watched.instance, watched.lake, watched.defs.resolve_asset_graph(), datetime.now(UTC)))
    told = {f"{one.state} {one.asset}": one for one in found.problems}
    assert len(told) == len(found.problems)
    return told


def test_a_broken_day_is_a_problem_until_it_is_made_though_the_next_night_went_well(watched: Platform) -> None:
    both = {"failing harmonized/a/rows", "check failed raw/a/rows"}
    BROKEN.update({"clean", "readable"})
    watched.night("2024-03-05")
    watched.tick()
    assert problems(watched).keys() == both
    BROKEN.clear()
    watched.night("2024-03-06")
    watched.tick()
    found = problems(watched)
    assert found.keys() == both
    assert all("2024-03-05" in one.what for one in found.values())
    again = watched.defs.resolve_job_def("a_nightly")
    run = watched.instance.create_run_for_job(again, tags={"dagster/partition": "2024-03-05"})
    watched.instance.report_run_canceled(run)
    watched.tick()
    assert problems(watched).keys() == both, "a rerun that was cancelled makes nothing"
    BROKEN.update({"clean", "readable"})
    watched.night("2024-03-05")
    watched.tick()
    assert problems(watched).keys() == both, "it failed again, which is one problem and no second"
    BROKEN.clear()
    watched.night("2024-03-05")
    watched.tick()
    assert problems(watched) == {}


def test_a_training_that_failed_is_told_once(watched: Platform) -> None:
    BROKEN.add("champion")
    watched.train()
    watched.tick()
    assert problems(watched).keys() == {"failing models/u/champion"}
    BROKEN.clear()
    watched.train()
    watched.tick()
    assert problems(watched) == {}
