"""The night of all domains: what its schedule and its sensors ask for, with the real definitions and real runs."""

from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.test_utils import create_run_for_test
from dagster._utils.schedules import schedule_execution_time_iterator

from lakehouse_assets.operations.asset_graph import graph_of
from lakehouse_assets.operations.nights import asked
from lakehouse_assets.settings import plant_timezone
from lakehouse_assets_tests.conftest import PROJECT
from lakehouse_assets_tests.operations.nights.plant import (
    DAY,
    FAILED,
    RUNS,
    Plant,
    after,
    days_of,
    domains_of,
    plant_in,
)

pytestmark = pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.BetaWarning")


RAW_OF_MILLING = [
    dg.AssetKey([zone, "milling", table])
    for zone, table in (("landing", "files"), ("raw", "products"), ("raw", "deliveries"), ("raw", "quarantine"))
]


@pytest.mark.parametrize("jump", [date(2024, 3, 31), date(2024, 10, 27)])
def test_each_day_has_one_night_of_the_right_day_where_the_clocks_jump(tmp_path: Path, jump: date) -> None:
    with plant_in(tmp_path, PLANT_TIMEZONE="Europe/Berlin", LANDING="") as plant:
        schedule = plant.repository.get_schedule_def("nightly_schedule")
        assert schedule.execution_timezone == "Europe/Berlin"
        start = datetime(jump.year, jump.month, jump.day, 12, tzinfo=UTC) - timedelta(days=3)
        ticks = schedule_execution_time_iterator(start.timestamp(), str(schedule.cron_schedule), "Europe/Berlin")
        asked_for = []
        for tick in takewhile(lambda one: one < start + timedelta(days=6), ticks):
            requests = plant.tick(tick)
            plant.recorded(requests)
            asked_for += days_of(requests)
        assert asked_for == [(jump + timedelta(days=n)).isoformat() for n in range(-3, 3)]


def test_a_time_zone_that_is_none_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANT_TIMEZONE", "Europe/Berlim")
    with pytest.raises(ValueError, match="PLANT_TIMEZONE=Europe/Berlim: expected"):
        plant_timezone()


def test_a_night_says_for_whom_it_waited_in_vain_and_not_who_has_no_folder(plant: Plant) -> None:
    plant.deliver("milling", DAY)
    (plant.home / "landing" / "energy").mkdir()
    (night,) = plant.night(DAY)
    assert [tag for tag in night.tags if tag.startswith(asked.LATE_PREFIX)] == ["night/late.energy"]
    plant.recorded([night])
    assert asked.nights_without(plant.instance, "energy", 2) == [DAY]
    assert asked.nights_without(plant.instance, "turbofan", 2) == []


def test_a_simulated_plant_is_never_late(tmp_path: Path) -> None:
    with plant_in(tmp_path, LANDING="") as plant:
        (night,) = plant.night(DAY)
        assert domains_of(night) == ["energy", "milling", "turbofan"]
        assert night.tags["dagster/partition"] == DAY.isoformat()
        assert plant.look() == []


def test_a_night_makes_every_asset_but_those_of_trainings_searches_and_weeks(plant: Plant) -> None:
    made = set(plant.repository.get_job("nightly").asset_layer.executable_asset_keys)
    others = {key for key in plant.repository.asset_graph.materializable_asset_keys if key not in made}
    names = {key.to_user_string() for key in others}
    assert {"models/turbofan_rul/candidate", "models/energy_demand/trials", "monitoring/platform/vacuum"} <= names
    domains = ("turbofan", "milling", "energy")
    alone = [set(plant.repository.get_job(f"{name}_nightly").asset_layer.executable_asset_keys) for name in domains]
    shared = set(plant.repository.get_job("shared_nightly").asset_layer.executable_asset_keys)
    closing = {dg.AssetKey(["monitoring", "platform", name]) for name in ("compaction", "report_pages", "health")}
    assert made == set().union(*alone, shared, closing)


def test_what_ends_a_night_comes_after_everything_else_that_it_makes(plant: Plant) -> None:
    graph = plant.repository.asset_graph
    made = set(plant.repository.get_job("nightly").asset_layer.executable_asset_keys)

    def before(key: dg.AssetKey) -> set[dg.AssetKey]:
        found, ahead = set(), [key]
        while ahead:
            for parent in graph.get(ahead.pop()).parent_keys & made:
                if parent not in found:
                    found.add(parent)
                    ahead.append(parent)
        return found

    compaction, pages, health = (
        dg.AssetKey(["monitoring", "platform", name]) for name in ("compaction", "report_pages", "health")
    )
    assert made - before(compaction) == {compaction, pages, health}
    assert before(health) == made - {health}


def test_what_only_ends_a_night_is_told_to_nobody_as_broken_by_what_came_before(plant: Plant) -> None:
    graph = graph_of(plant.repository.asset_graph)
    below = graph.downstream(["raw/milling/products"])
    assert "harmonized/milling/operations" in below
    assert not {"monitoring/platform/compaction", "monitoring/platform/health"} & set(below)


def test_a_late_domain_is_left_out_and_made_when_its_file_lands(plant: Plant) -> None:
    plant.deliver("energy", DAY)
    plant.deliver("milling", after(-1))  # before the first night: it is nobody's
    (night,) = plant.night(DAY)
    assert domains_of(night) == ["energy"]
    assert dg.AssetKey(["landing", "milling", "files"]) not in (night.asset_selection or ())
    assert dg.AssetKey(["delivery", "plant", "days"]) in (night.asset_selection or ())
    plant.recorded([night])
    plant.cursor = None
    plant.look()
    plant.deliver("milling", DAY)
    (late,) = plant.look()
    assert (days_of([late]), domains_of(late)) == ([DAY.isoformat()], ["milling"])
    assert dg.AssetKey(["landing", "energy", "files"]) not in (late.asset_selection or ())
    assert dg.AssetKey(["delivery", "plant", "days"]) in (late.asset_selection or ())
    plant.recorded([late], job="nightly_late_files")
    assert plant.look() == []


def test_a_late_file_that_another_days_run_has_noted_is_made_all_the_same(plant: Plant) -> None:
    """Every run notes all files of the folder in the ledger and takes the rows of its own day only."""
    for day in (DAY, after(1)):
        plant.recorded(plant.night(day))
    plant.deliver("milling", after(1))
    (second,) = plant.look()
    plant.deliver("milling", DAY)
    assert plant.run(replaced(second, RAW_OF_MILLING), "nightly_late_files").success
    assert days_of(plant.look()) == [DAY.isoformat()]


def test_a_correction_that_another_days_run_has_noted_is_made_all_the_same(plant: Plant) -> None:
    plant.deliver("milling", DAY)
    (first,) = plant.night(DAY)
    assert plant.run(replaced(first, RAW_OF_MILLING)).success
    plant.look()
    file = plant.home / "landing" / "milling" / f"ai4i_M01_{DAY}.csv"
    file.write_bytes(b"\r\n".join(file.read_bytes().split(b"\r\n")[:101]) + b"\r\n")
    plant.deliver("milling", after(1))
    (second,) = plant.night(after(1))
    assert plant.run(replaced(second, RAW_OF_MILLING)).success
    plant.cursor = None
    (late,) = plant.look()
    assert days_of([late]) == [DAY.isoformat()]
    assert plant.run(replaced(late, RAW_OF_MILLING), "nightly_late_files").success
    plant.cursor = None
    assert plant.look() == []


def test_a_file_without_a_readable_row_is_dealt_with_once_the_ledger_has_it(plant: Plant) -> None:
    plant.recorded(plant.night(DAY))
    plant.drop("milling", f"ai4i_M09_{DAY}.csv", "no rows at all")
    (late,) = plant.look()
    assert plant.run(replaced(late, RAW_OF_MILLING), "nightly_late_files").success
    plant.cursor = None
    assert plant.look() == []


def replaced(request: dg.RunRequest, only: list[dg.AssetKey]) -> dg.RunRequest:
    """The request with fewer assets: a whole night would take as long as one."""
    return dg.RunRequest(run_key=request.run_key, tags=dict(request.tags), asset_selection=only)


def test_files_that_are_there_before_their_night_are_left_to_it(plant: Plant) -> None:
    plant.recorded(plant.night(DAY))
    plant.deliver("milling", after(1))
    assert plant.look() == []
    (night,) = plant.night(after(1))
    assert domains_of(night) == ["milling"]
    plant.recorded([night])
    assert plant.look() == []


def test_a_late_file_waits_while_a_night_that_may_take_it_is_under_way(plant: Plant) -> None:
    plant.deliver("milling", DAY)
    (night,) = plant.night(DAY)
    (run,) = plant.recorded([night], RUNS)
    plant.drop("milling", f"ai4i_M9_{DAY}.csv", "another machine's")
    assert plant.look(3) == []
    plant.instance.report_run_failed(run)
    assert days_of(plant.look(1)) == [DAY.isoformat()], "it ended without having taken the file"


def test_nights_missed_in_an_outage_are_asked_for_in_order_however_long_it_was(plant: Plant) -> None:
    plant.recorded(plant.night(DAY))
    plant.deliver("energy", after(7), after(40))
    requests = plant.night(after(41))
    assert days_of(requests) == [after(n).isoformat() for n in range(1, 42)]
    assert [domains_of(one) for one in requests if domains_of(one)] == [["energy"], ["energy"]]
    first, last = (int(requests[n].tags["dagster/priority"]) for n in (0, -1))
    assert first > last, "an older night that is started anew goes before the younger ones"


def test_a_night_that_was_asked_for_is_not_asked_for_again_by_a_restart_or_however_it_ended(plant: Plant) -> None:
    plant.recorded(plant.night(DAY), FAILED)
    with dg.DagsterInstance.get() as again:
        plant.instance = again
        assert plant.night(DAY) == []
        assert days_of(plant.night(after(1))) == [after(1).isoformat()]


def test_a_night_of_a_day_to_come_stops_none_of_those_before_it(plant: Plant) -> None:
    """A clock was wrong for a moment, or somebody mistyped a year."""
    plant.recorded(plant.night(DAY))
    (run,) = plant.recorded(plant.night(after(1)))
    for n in range(60):
        create_run_for_test(plant.instance, "nightly", tags={**run.tags, "night": f"2124-01-{n % 28 + 1:02}"})
    assert days_of(plant.night(after(2))) == [after(2).isoformat()]


def test_a_night_tried_again_after_later_ones_does_not_make_those_anew(plant: Plant) -> None:
    for day in (DAY, after(1)):
        plant.recorded(plant.night(day))
    first = plant.instance.get_runs(dg.RunsFilter(tags={"night": DAY.isoformat()}))[0]
    for _ in range(60):
        create_run_for_test(plant.instance, "nightly", tags=first.tags)
    assert asked.last_night(plant.instance, after(9)) == after(1)
    assert asked.last_night(plant.instance, DAY) == DAY
    assert asked.last_night(plant.instance, after(-1)) is None
    assert days_of(plant.night(after(2))) == [after(2).isoformat()]


@pytest.mark.parametrize("file", ["dagster.yaml", "deploy/dagster.yaml"])
def test_one_night_runs_at_a_time_whoever_asked_for_it(plant: Plant, file: str) -> None:
    limits = yaml.safe_load((PROJECT / file).read_text())["concurrency"]["runs"]["tag_concurrency_limits"]
    assert limits == [{"key": "night", "limit": 1}]
    jobs = {job.name: job for job in plant.repository.get_all_jobs()}
    ends = ("nightly", "_road", "_scoring", "nightly_late_files", "nightly_closing")
    writing = [name for name in jobs if name.endswith(ends)]
    assert len(writing) == (3 + 2) + 3 + 3 + 2
    assert {name for name in writing if "night" not in jobs[name].run_tags} == set()
