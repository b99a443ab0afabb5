"""Which days the sensor for late files asks for, with the real definitions, folders and ledgers."""

import json
import os
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import dagster as dg
import pytest

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.alerts.book import INCIDENTS
from lakehouse_assets.operations.nights.seen import RESTLESS, Seen
from lakehouse_assets_tests.operations.nights.plant import (
    DAY,
    FAILED,
    RUNS,
    Plant,
    after,
    days_of,
    domains_of,
)

pytestmark = pytest.mark.filterwarnings("ignore::dagster_shared.utils.warnings.BetaWarning")

LATE_JOB = "nightly_late_files"
RAW_OF_MILLING, RAW_OF_ENERGY = (
    [
        dg.AssetKey(["landing", domain, "files"]),
        *(dg.AssetKey(["raw", domain, one]) for one in (table, "deliveries", "quarantine")),
    ]
    for domain, table in (("milling", "products"), ("energy", "readings"))
)


def nights_without_the_first_file(plant: Plant, nights: int = 4) -> None:
    """Nights of energy and milling, of which the first had no file of either."""
    for domain in ("energy", "milling"):
        plant.deliver(domain, *(after(n) for n in range(1, nights)))
    for n in range(nights):
        plant.recorded(plant.night(after(n)))
    plant.look()


def test_a_late_file_s_day_is_asked_for_with_the_later_days_that_look_back_on_it_in_order(plant: Plant) -> None:
    nights_without_the_first_file(plant)
    plant.deliver("energy", DAY)
    plant.deliver("milling", DAY)
    requests = plant.look()
    assert days_of(requests) == [after(n).isoformat() for n in range(4)]
    assert [domains_of(one) for one in requests] == [["energy", "milling"], ["energy"], ["energy"], ["energy"]]
    older_first = [int(one.tags["dagster/priority"]) for one in requests]
    assert older_first == sorted(older_first, reverse=True)


def test_each_day_has_one_run_though_a_tick_is_evaluated_twice_or_the_cursor_is_lost(plant: Plant) -> None:
    nights_without_the_first_file(plant)
    plant.deliver("energy", DAY)
    plant.look(1)
    before = plant.cursor
    first = plant.look(1)
    plant.cursor = before
    again = plant.look(1)
    assert [one.run_key for one in again] == [one.run_key for one in first]
    assert len({one.run_key for one in first}) == 4
    plant.recorded(first, job=LATE_JOB)
    for cursor in (before, None, plant.cursor):
        plant.cursor = cursor
        assert plant.look() == []


def test_a_file_whose_run_failed_before_asks_for_nothing_when_the_cursor_is_lost(plant: Plant) -> None:
    """Nights that were asked for before later days were, too: people make a failed run again."""
    for n in range(4):
        plant.deliver("energy", after(n))
        plant.recorded(plant.night(after(n)), FAILED)
    for _ in range(2):
        plant.cursor = None
        assert plant.look() == []


def test_a_file_that_comes_again_makes_the_later_days_anew_each_time(plant: Plant) -> None:
    nights_without_the_first_file(plant)
    asked_for: list[dg.RunRequest] = []
    for minute in range(2):
        plant.drop("energy", f"steel_EM01_{DAY}.csv", f"{minute}", datetime(2024, 2, 1, 8, minute, tzinfo=UTC))
        asked_for += plant.look()
        plant.recorded(asked_for[-4:], job=LATE_JOB)
    assert days_of(asked_for) == 2 * [after(n).isoformat() for n in range(4)]
    assert len({one.run_key for one in asked_for}) == 8, "Dagster starts no second run of a key"


def test_a_file_that_was_there_and_not_seen_when_its_night_was_asked_for_is_made(plant: Plant) -> None:
    """Its share was away for a moment; before and after it, the sensor sees the same folder."""
    plant.deliver("energy", DAY)
    plant.deliver("milling", DAY, after(1))
    plant.recorded(plant.night(DAY))
    assert plant.look() == []
    folder, away = plant.home / "landing" / "milling", plant.home / "away"
    folder.rename(away)
    (night,) = plant.night(after(1))
    assert domains_of(night) == []
    away.rename(folder)
    plant.recorded([night])
    (late,) = plant.look(1)
    assert (days_of([late]), domains_of(late)) == ([str(after(1))], ["milling"])
    plant.recorded([late], job=LATE_JOB)
    assert plant.look() == []


def test_a_file_that_is_put_back_as_it_was_with_its_old_time_is_made_again_each_time(plant: Plant) -> None:
    plant.deliver("milling", DAY)
    file = plant.home / "landing" / "milling" / f"ai4i_M01_{DAY}.csv"
    first, whole, at = file.read_bytes(), file.stat().st_mtime_ns, after(1)
    other = b"\r\n".join(first.split(b"\r\n")[:101]) + b"\r\n"
    (night,) = plant.night(DAY)
    assert plant.run(replaced(night, RAW_OF_MILLING)).success
    keys = {str(night.run_key)}
    for content, moment in ((other, whole + 10**9), (first, whole), (other, whole + 10**9)):
        file.write_bytes(content)
        os.utime(file, ns=(moment, moment))
        plant.deliver("milling", at := at + timedelta(days=1))  # another day's run notes all files of the folder
        plant.run(replaced(plant.night(at)[-1], RAW_OF_MILLING))
        late = [one for one in plant.look() if days_of([one]) == [str(DAY)]]
        assert plant.run(replaced(late[0], RAW_OF_MILLING), LATE_JOB).success
        keys.add(str(late[0].run_key))
        for cursor in (plant.cursor, None):
            plant.cursor = cursor
            assert [one for one in plant.look() if days_of([one]) == [str(DAY)]] == []
        raw = Lake(plant.environment["LAKE_URI"]).read_pandas(["raw", "milling", "products"])
        own = raw[raw["file"].eq(file.name)]
        assert own[own["ingested_at"].eq(own["ingested_at"].max())]["sha256"].unique() == [sha256(content).hexdigest()]
    assert len(keys) == 4, "Dagster starts no second run of a key"


def test_a_file_put_back_as_it_was_while_its_correction_is_taken_is_made_again_when_that_run_is_over(
    plant: Plant,
) -> None:
    plant.deliver("milling", DAY)
    file = plant.home / "landing" / "milling" / f"ai4i_M01_{DAY}.csv"
    first, whole = file.read_bytes(), file.stat().st_mtime_ns
    other = b"\r\n".join(first.split(b"\r\n")[:101]) + b"\r\n"

    def put(content: bytes, moment: int) -> None:
        file.write_bytes(content)
        os.utime(file, ns=(moment, moment))

    (night,) = plant.night(DAY)
    assert plant.run(replaced(night, RAW_OF_MILLING)).success
    put(other, whole + 10**9)
    (corrected,) = plant.look()
    (run,) = plant.recorded([corrected], RUNS, LATE_JOB)
    put(first, whole)
    assert plant.look() == [], "the run under way may read either"
    put(other, whole + 10**9)
    assert plant.run(replaced(corrected, RAW_OF_MILLING), LATE_JOB).success
    put(first, whole)
    plant.instance.report_run_failed(run)
    (again,) = plant.look(1)
    assert days_of([again]) == [str(DAY)]
    assert again.run_key != corrected.run_key
    plant.recorded([again], job=LATE_JOB)
    assert plant.look() == []


def test_where_a_run_under_way_took_a_file_only_the_later_days_are_asked_for(plant: Plant) -> None:
    nights_without_the_first_file(plant)
    plant.deliver("milling", DAY)
    (first,) = plant.look()
    plant.drop("energy", f"steel_EM01_{DAY}.csv", "no rows at all")
    energy = dict(first.tags) | {"night.energy": "another mark"}
    (run,) = plant.recorded([dg.RunRequest(tags=energy)], RUNS, LATE_JOB)
    assert plant.look() == []
    assert Seen.read(plant.cursor).waiting == {"energy": [DAY.isoformat()]}
    assert plant.run(replaced(dg.RunRequest(tags=energy), RAW_OF_ENERGY), LATE_JOB).success
    plant.instance.report_run_failed(run)
    assert days_of(plant.look(1)) == [after(n).isoformat() for n in range(1, 4)]
    assert plant.look() == []


def test_a_file_that_cannot_be_read_holds_up_no_other_domain_and_people_are_told(plant: Plant) -> None:
    nights_without_the_first_file(plant)
    name = f"ai4i_M09_{DAY}.csv"
    plant.drop("milling", name, "")
    (late,) = plant.look()
    assert plant.run(replaced(late, RAW_OF_MILLING), LATE_JOB).success
    plant.cursor = None
    assert plant.look() == []
    file = plant.home / "landing" / "milling" / name
    file.unlink()
    file.symlink_to("/proc/self/clear_refs")  # of no size, as the ledger has it, and unreadable also for root
    plant.deliver("energy", DAY)
    requests = plant.look()
    assert [domains_of(one) for one in requests] == [["energy", "milling"], ["energy"], ["energy"], ["energy"]]
    ran = plant.run(replaced(requests[0], RAW_OF_MILLING), LATE_JOB)
    assert not ran.success
    [said] = told(plant)
    assert said.startswith(f"nightly_late_files {DAY}: ")
    assert f"LandingError: delivered file {file} cannot be read" in said
    plant.recorded(requests, job=LATE_JOB)
    plant.cursor = None
    assert plant.look() == [], "people make a failed run again"


def test_a_folder_that_changes_at_every_look_keeps_no_other_file_from_being_taken(plant: Plant) -> None:
    nights_without_the_first_file(plant)
    plant.deliver("milling", DAY)
    long_ago = (datetime.now(UTC) - timedelta(hours=1)).timestamp()
    for file in (plant.home / "landing" / "milling").glob(f"*_{DAY}.csv"):
        os.utime(file, (long_ago, long_ago))

    def look() -> list[dg.RunRequest]:
        plant.drop("milling", "growing.log", f"{len(looks)}" * 9, datetime.now(UTC) + timedelta(seconds=len(looks)))
        looks.append(plant.look(1))
        return looks[-1]

    looks: list[list[dg.RunRequest]] = []
    assert look() == look() == look() == []
    seen = Seen.read(plant.cursor)
    seen.restless["milling"] = (datetime.now(UTC) - RESTLESS).isoformat()
    plant.cursor = seen.written()
    (late,) = look()
    assert (days_of([late]), domains_of(late)) == ([DAY.isoformat()], ["milling"])
    plant.recorded([late], job=LATE_JOB)
    assert plant.look() == [], "the rest of the folder names no day"


def test_a_daily_name_among_whole_histories_leaves_the_domain_in_every_night(plant: Plant) -> None:
    plant.drop("energy", "Steel_industry_data.csv", "")
    plant.drop("energy", f"steel_EM01_{after(-3)}.csv", "")
    for n in range(3):
        (night,) = plant.night(after(n))
        assert domains_of(night) == ["energy"]
        plant.recorded([night])


def replaced(request: dg.RunRequest, only: list[dg.AssetKey]) -> dg.RunRequest:
    """The request with fewer assets: a whole night would take as long as one."""
    return dg.RunRequest(run_key=request.run_key, tags=dict(request.tags), asset_selection=only)


def told(plant: Plant) -> list[str]:
    """What the sensor for alerts tells of runs that failed."""
    with dg.build_sensor_context(
        instance=plant.instance, repository_def=plant.repository, resources=plant.resources
    ) as context:
        plant.repository.get_sensor_def("alerts").evaluate_tick(context)
    rows = Lake(plant.environment["LAKE_URI"]).read_pandas(INCIDENTS).query("kind == 'failed_run'")
    return [f"{row.subject} {json.loads(row.details)['first']}: {row.summary}" for row in rows.itertuples()]
