"""What nights do where landing folders are away: with the real definitions, folders and runs."""

import dagster as dg
import pytest
from dagster._core.errors import ScheduleExecutionError

from lakehouse_assets.lake import asking_again
from lakehouse_assets_tests.operations.nights.plant import DAY, Plant, after, domains_of

pytestmark = pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.BetaWarning")


def test_where_no_domain_has_a_folder_the_tick_fails_and_the_next_one_makes_the_night_up(plant: Plant) -> None:
    """A disk that is not mounted leaves its mount point, an empty folder."""
    plant.deliver("milling", DAY, after(1))
    plant.recorded(plant.night(DAY))
    landing, disk = plant.home / "landing", plant.home / "disk"
    landing.rename(disk)
    landing.mkdir()
    with pytest.raises(ScheduleExecutionError) as said:
        plant.night(after(1))
    assert "has no folder of any domain (energy, milling, turbofan): is its disk mounted?" in str(said.value.__cause__)
    landing.rmdir()
    disk.rename(landing)
    assert [domains_of(one) for one in plant.night(after(2))] == [["milling"], []]


def test_nights_go_on_where_every_domain_is_retired(plant: Plant) -> None:
    folder = plant.home / "landing" / "milling"
    folder.rename(folder.with_name("milling.retired"))
    (night,) = plant.night(DAY)
    assert domains_of(night) == []


def test_a_folder_that_cannot_be_listed_holds_up_its_own_domain_only(plant: Plant) -> None:
    plant.deliver("energy", DAY)
    plant.deliver("milling", DAY)
    (plant.home / "landing" / "milling").rename(plant.home / "aside")
    (plant.home / "landing" / "milling").write_text("a file where a folder belongs")
    (night,) = plant.night(DAY)
    assert domains_of(night) == ["energy"]


@pytest.mark.parametrize(("domain", "table"), [("milling", "products"), ("turbofan", "in_service")])
def test_a_run_that_was_asked_for_with_files_makes_no_day_of_an_empty_folder(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, domain: str, table: str
) -> None:
    """Its share went away while the run waited; an hour later nobody would have asked for the day again."""
    monkeypatch.setattr(asking_again, "PAUSES_S", (0, 0, 0))
    name = {"milling": f"ai4i_M01_{DAY}.csv", "turbofan": f"test_FS001_{DAY}.txt"}[domain]
    file = plant.drop(domain, name, "")
    (night,) = plant.night(DAY)
    assert domains_of(night) == [domain]
    file.unlink()
    raw = [dg.AssetKey(["raw", domain, table])]
    ran = plant.run(dg.RunRequest(tags=dict(night.tags), asset_selection=raw))
    [failure] = [one.step_failure_data for one in ran.all_events if one.is_step_failure]
    assert "expected the files for which this run was asked for, found none" in str(failure.error)
    by_hand = {"dagster/partition": str(DAY), "night": "by hand"}
    assert plant.run(dg.RunRequest(tags=by_hand, asset_selection=raw)).success
