"""Later days that were made without a day that failed are made again once that day was."""

import dagster as dg
import pytest
from dagster._core.storage.tags import PARENT_RUN_ID_TAG, ROOT_RUN_ID_TAG

from lakehouse_assets_tests.defs.test_late_files import (
    LATE_JOB,
    RAW_OF_ENERGY,
    RAW_OF_MILLING,
    nights_without_the_first_file,
    replaced,
)
from lakehouse_assets_tests.operations.nights.plant import DAY, FAILED, Plant, after, days_of, domains_of

pytestmark = pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.BetaWarning")
WAITS = dg.DagsterRunStatus.NOT_STARTED


def after_it(plant: Plant, ran: dg.ExecuteInProcessResult) -> list[dg.RunRequest]:
    """What the sensor asks for after a run."""
    name = "after_a_night_that_was_made_again"
    with dg.build_run_status_sensor_context(
        sensor_name=name,
        dagster_instance=plant.instance,
        dagster_run=ran.dagster_run,
        dagster_event=ran.all_events[-1],
        repository_def=plant.repository,
        resources={"landing": plant.resources["landing"]},
    ) as context:
        found = plant.repository.get_sensor_def(name)(context)
    return found if isinstance(found, list) else []


def another_try(plant: Plant, failed: dg.DagsterRun, only: list[dg.AssetKey]) -> dg.ExecuteInProcessResult:
    """*Re-execute*, *From failure*, as the UI does."""
    tags = {**failed.tags, PARENT_RUN_ID_TAG: failed.run_id, ROOT_RUN_ID_TAG: failed.run_id}
    ran = plant.run(replaced(dg.RunRequest(tags=tags), only), LATE_JOB)
    assert ran.success
    return ran


def test_later_days_run_though_the_late_file_s_day_failed_and_are_made_again_in_order_once_it_is_made(
    plant: Plant,
) -> None:
    nights_without_the_first_file(plant)
    for domain in ("energy", "milling"):
        plant.deliver(domain, DAY)
    first, *later = plant.look()
    (failed,) = plant.recorded([first], FAILED, LATE_JOB)
    plant.recorded(later, job=LATE_JOB)
    assert plant.look() == [], "people make it again"
    again = another_try(plant, failed, [*RAW_OF_ENERGY, *RAW_OF_MILLING])
    requests = after_it(plant, again)
    assert days_of(requests) == [after(n).isoformat() for n in range(1, 4)]
    assert [domains_of(one) for one in requests] == 3 * [["energy"]], "of milling no day looks back on another"
    assert not {one.run_key for one in requests} & {one.run_key for one in later}
    plant.recorded(requests, job=LATE_JOB)
    assert plant.look() == []


def test_only_days_that_were_made_without_what_was_made_again_follow(plant: Plant) -> None:
    nights_without_the_first_file(plant)
    plant.deliver("energy", DAY)
    first, second, third, _ = plant.look()
    (failed,) = plant.recorded([first], FAILED, LATE_JOB)
    plant.recorded([second], job=LATE_JOB)
    plant.recorded([third], WAITS, LATE_JOB)
    again = another_try(plant, failed, RAW_OF_ENERGY)
    assert days_of(after_it(plant, again)) == [after(n).isoformat() for n in (1, 3)], "what waits comes after it anyway"
    (night,) = plant.night(after(4))
    assert after_it(plant, plant.run(replaced(night, RAW_OF_ENERGY))) == [], "a first try"
    again = another_try(plant, failed, RAW_OF_MILLING)
    assert days_of(after_it(plant, again)) == [after(n).isoformat() for n in (1, 3)], "and what an earlier try made"
