"""Nights that fail or are cancelled: what they left out of what all share is made after them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse_assets.operations.nights import asked
from lakehouse_assets_tests.operations.nights.plant import DAY, Plant, plant_in

pytestmark = pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.BetaWarning")


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    with plant_in(tmp_path) as one:
        yield one


def test_a_night_with_a_broken_domain_ends_with_what_all_share_and_a_corrected_file_is_taken(plant: Plant) -> None:
    """One night for real: milling's table cannot be written, energy goes on; then milling is put right."""
    plant.deliver("milling", DAY)
    plant.deliver("energy", DAY)
    in_the_way = Path(plant.environment["LAKE_URI"]) / "raw" / "milling" / "products"
    write_deltalake(in_the_way, pa.table({"somebody": ["else's"]}))
    (night,) = plant.night(DAY)
    ran = plant.run(night)
    assert not ran.success
    made = made_by(ran)
    assert {"harmonized/energy/readings", "delivery/energy_demand/features", "raw/milling/deliveries"} <= made
    assert not {"harmonized/milling/operations", "harmonized/shared/equipment", "monitoring/platform/health"} & made

    closing = after_a_night(plant, ran, "failed")
    assert isinstance(closing, dg.RunRequest)
    ended = plant.run(closing, "nightly_closing")
    assert ended.success
    assert made_by(ended) == {
        "harmonized/shared/equipment",
        "delivery/plant/days",
        "delivery/platform/sql_views",
        "monitoring/platform/compaction",
        "monitoring/platform/report_pages",
        "monitoring/platform/health",
    }

    shutil.rmtree(in_the_way)
    assert plant.look() == [], "the file did not change: people make a failed night again"
    file = next((plant.home / "landing" / "milling").iterdir())
    file.write_text(file.read_text().replace("308", "309"))
    (late,) = plant.look()
    again = plant.run(late, "nightly_late_files")
    assert again.success
    assert "harmonized/milling/operations" in made_by(again)
    plant.cursor = None
    assert plant.look() == [], "a lost cursor makes nothing again: the ledger holds both files"


def test_a_night_that_somebody_cancelled_ends_with_what_all_share(plant: Plant) -> None:
    plant.deliver("milling", DAY)
    (night,) = plant.night(DAY)
    wanted = frozenset(night.asset_selection or ())
    job = plant.repository.get_job("nightly").get_subset(asset_selection=wanted)
    run = plant.instance.create_run_for_job(job, tags=dict(night.tags), asset_selection=wanted)
    plant.instance.report_run_canceled(run)
    [ended] = plant.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_CANCELED)
    event = ended.get_dagster_event()
    closing = closing_of(plant, plant.instance.get_run_by_id(run.run_id) or run, event, "was_cancelled")
    assert isinstance(closing, dg.RunRequest)
    keys = {key.to_user_string() for key in closing.asset_selection or ()}
    assert {"delivery/plant/days", "monitoring/platform/health"} <= keys
    assert not any("milling" in key for key in keys), "what the domain lacks, people make again"
    assert closing.tags["night/part"] == asked.CLOSING


def made_by(ran: dg.ExecuteInProcessResult) -> set[str]:
    return {event.asset_key.to_user_string() for event in ran.get_asset_materialization_events() if event.asset_key}


def after_a_night(plant: Plant, ran: dg.ExecuteInProcessResult, how: str) -> object:
    return closing_of(plant, ran.dagster_run, ran.all_events[-1], how)


def closing_of(plant: Plant, run: dg.DagsterRun, event: dg.DagsterEvent, how: str) -> object:
    context = dg.build_run_status_sensor_context(
        sensor_name=f"after_a_night_that_{how}",
        dagster_instance=plant.instance,
        dagster_run=run,
        dagster_event=event,
        repository_def=plant.repository,
    )
    return plant.repository.get_sensor_def(f"after_a_night_that_{how}")(context)
