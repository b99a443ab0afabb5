"""Processes that write at once, and processes that are killed while they write."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets_tests.lake.makers import day, rows_of
from lakehouse_assets_tests.reliability.appending import appending_job
from lakehouse_assets_tests.reliability.nursery import MODES

KEYS = ["2024-01-01", "2024-01-02"]
# More moments by the environment: the proof of many hundreds takes minutes (docs/lake.md says what was seen).
MOMENTS = int(os.environ.get("KILL_MOMENTS", "2"))
ROWS = 10_000


@pytest.mark.slow
def test_writers_at_once_in_one_day_end_as_one_of_them_and_in_different_days_all_arrive(lake, nursery):
    modes, same = list(MODES), {"lake_uri": lake.uri, "options": None, "rows": 50}
    for key in KEYS:  # the merged tables are there before, the others are created by all writers at once
        nursery.at_once([{"mode": mode, "key": key, "value": 9, **same} for mode in modes[2:]])
    days = [KEYS[0], KEYS[0], KEYS[1], KEYS[1]]
    nursery.at_once(
        *([{"mode": mode, "key": key, "value": value, **same} for mode in modes] for value, key in enumerate(days))
    )
    for place, key in enumerate(KEYS):
        writers = {2 * place, 2 * place + 1}
        for mode in modes:
            where = {"day": day(key), **({"is_current": True} if mode == "scd2" else {})}
            rows = sorted(rows_of(lake.read([mode], where=where), "id", "value"))
            held = {value for _, value in rows}
            if mode == "append":
                assert rows == sorted((number, value) for number in range(50) for value in writers)
            else:
                assert [number for number, _ in rows] == list(range(50))
                assert len(held) == 1
                assert held <= writers
        past = lake.read(["scd2"], where={"day": day(key), "is_current": False})
        assert sorted(past["value"].to_pylist()) == sorted([9, *(writers - held)] * 50)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_kill_minus_9_leaves_the_table_as_before_or_after_and_running_again_gives_the_same_rows(mode, lake, nursery):
    """The moments are spread over the time that a write of the kind last took."""
    same = {"lake_uri": lake.uri, "options": None, "mode": mode, "rows": ROWS}
    nursery.at_once([{"key": KEYS[0], "value": 0, **same}, {"key": KEYS[1], "value": 0, **same}])
    took, chance, committed = 0.4, random.Random(mode), []
    for value in range(1, 1 + MOMENTS):
        before, version = lake.content_version([mode]), lake.version([mode])
        write = {"key": KEYS[0], "value": value, **same}
        nursery.killed(write, after=took * chance.uniform(0.1, 1.1))
        committed.append(lake.version([mode]) > version)
        if committed[-1]:
            _same_as_undisturbed(lake, mode, value)
        else:
            assert lake.content_version([mode]) == before
        took = nursery.seconds(write) if not committed[-1] else took
        nursery.at_once([write])
        _same_as_undisturbed(lake, mode, value)
    sys.stdout.write(f"{mode}: {committed.count(False)} killed before the commit, {committed.count(True)} after it\n")


def _same_as_undisturbed(lake: Any, mode: str, value: int) -> None:
    rows = lake.read([mode], where={"day": day(KEYS[0])})
    found: dict[int, list[int]] = {}
    for row in rows.select(["id", "value"]).to_pylist():
        found.setdefault(row["value"], []).append(row["id"])
    held = range(value + 1) if mode in ("append", "scd2") else [value]
    assert {one: sorted(ids) for one, ids in found.items()} == {one: list(range(ROWS)) for one in held}
    if mode == "scd2":
        current = lake.read([mode], where={"day": day(KEYS[0]), "is_current": True})
        assert set(current["value"].to_pylist()) == {value}
        assert current.num_rows == ROWS
    assert lake.row_count([mode], where={"day": day(KEYS[1])}) == ROWS


@pytest.mark.slow
def test_an_append_killed_after_its_commit_is_not_done_again_by_the_re_execution(tmp_path):
    """The process dies between the commit and Dagster's record of it: the run is lost, the rows are there."""
    home = tmp_path / "dagster"
    home.mkdir()
    lake_uri = str(tmp_path / "lake")
    environment = {**os.environ, "DAGSTER_HOME": str(home), "TEST_LAKE": lake_uri, "TEST_DIE": "1"}
    command = [sys.executable, "-W", "ignore", "-m", "lakehouse_assets_tests.reliability.appending"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr[-3000:]

    from lakehouse_assets.lake.table import Lake

    lake = Lake(lake_uri)
    assert lake.row_count(["log"]) == 100
    with dg.DagsterInstance.from_config(str(home)) as instance:
        (run,) = instance.get_runs()
        assert not instance.fetch_materializations(dg.AssetKey("log"), limit=1).records
        instance.report_run_failed(run)
        os.environ["TEST_LAKE"] = lake_uri
        again = dg.execute_job(
            dg.reconstructable(appending_job),
            instance,
            reexecution_options=dg.ReexecutionOptions.from_failure(run.run_id, instance),
        )
        assert again.success
        (event,) = again.get_asset_materialization_events()
        assert "append_skipped" in event.materialization.metadata
        assert lake.row_count(["log"]) == 100
        fresh = dg.execute_job(dg.reconstructable(appending_job), instance)
        assert fresh.success
        assert lake.row_count(["log"]) == 200
    assert Path(lake_uri, "log", "_delta_log").exists()
