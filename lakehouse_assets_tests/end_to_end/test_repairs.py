"""An on-call engineer puts quarantined rows right with the job, and no later run loses what was put right."""

import json
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lakehouse_assets.contracts.audit import entries
from lakehouse_assets_tests.conftest import PROJECT
from lakehouse_assets_tests.end_to_end.test_broken_files import READINGS, SET_ASIDE, Plant, line

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("repairs")]

REPAIRS = ["raw", "turbofan", "repairs"]
FILE = "train_FD001.txt"


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """Line 2 has text where a number belongs, line 4 repeats the cycle of line 3, line 6 is far too hot."""
    plant = Plant(tmp_path_factory.mktemp("repairs"))
    lines = [line(1, 1), line(1, 2, s4="abc"), line(1, 3), line(1, 3, s4="1401.00"), line(1, 4), line(1, 5, s4="99999")]
    plant.drop({FILE: lines, "test_FD001.txt": [line(1, cycle) for cycle in range(1, 7)]})
    plant.ingest()
    assert aside(plant) == {2: "abc", 4: "1401.00", 6: "99999"}
    return plant


def aside(plant: Plant) -> dict[int, str]:
    """Line -> sensor 4 as delivered or as last repaired, of all rows in the quarantine."""
    rows = plant.lake.read(SET_ASIDE).to_pylist()
    return {
        row["source_line"]: json.loads(row["row"])["s4"] for row in sorted(rows, key=lambda row: row["source_line"])
    }


def readings(plant: Plant) -> dict[int, float]:
    rows = plant.lake.read(READINGS, where={"engine_id": "turbofan-FD001-train-001"}).to_pylist()
    return {row["source_line"]: round(row["t50"] / (5 / 9), 2) for row in rows}


def repair(plant: Plant, *rows: dict[str, Any], **more: Any) -> subprocess.CompletedProcess[str]:
    """Run the job as a person does, by the command line."""
    config = {"who": "ines", "reason": "read off the logbook", "rows": list(rows), **more}
    command = [".venv/bin/dg", "launch", "--job", "turbofan_repair_quarantined_rows", "--config-json"]
    return subprocess.run(
        [*command, json.dumps({"ops": {"repair_quarantined_rows": {"config": config}}})],
        env={**plant.environment, "VIRTUAL_ENV": str(PROJECT / ".venv")},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )


def row(number: int, **wanted: Any) -> dict[str, Any]:
    return {"source_file": FILE, "source_line": number, **wanted}


def test_repaired_rows_enter_their_table_and_stay_in_it_whatever_runs_again(plant: Plant, tmp_path: Path) -> None:
    dry = repair(plant, row(2, values={"s4": "1400.60"}))
    assert dry.returncode == 0, dry.stderr
    assert "dry run, nothing was written" in dry.stdout + dry.stderr
    assert not plant.lake.exists(REPAIRS)
    assert aside(plant) == {2: "abc", 4: "1401.00", 6: "99999"}

    file = tmp_path / "repairs.csv"
    file.write_text(f"source_file,source_line,s4,discard\n{FILE},2,1400.60,\n{FILE},4,,true\n")
    done = repair(plant, repairs_file=str(file), dry_run=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert aside(plant) == {6: "99999"}
    assert readings(plant) == {1: 1400.6, 2: 1400.6, 3: 1400.6, 5: 1400.6}
    kept = sorted(plant.lake.read(REPAIRS).to_pylist(), key=lambda one: one["source_line"])
    assert [(one["source_line"], one["action"], one["values"]) for one in kept] == [
        (2, "correct", '{"s4": "1400.60"}'),
        (4, "discard", "{}"),
    ]
    assert {(one["made_by"], one["reason"]) for one in kept} == {("ines", "read off the logbook")}
    assert all(one["made_at"] and one["run_id"] for one in kept)
    (deed,) = entries(plant.lake, "repair").to_dict("records")
    assert (deed["subject"], deed["who"]) == ("harmonized/turbofan/readings", "ines")
    assert deed["reason"] == "read off the logbook"
    assert deed["run_id"] == kept[0]["run_id"]
    assert sorted(row["source_line"] for row in deed["details"]["repairs"]) == [2, 4]

    plant.ingest()
    assert aside(plant) == {6: "99999"}, "a later run of all days takes the repairs again"
    assert readings(plant) == {1: 1400.6, 2: 1400.6, 3: 1400.6, 5: 1400.6}
    raw = plant.lake.read(["raw", "turbofan", "run_to_failure"], where={"day": date(2024, 1, 2)}).to_pylist()
    assert [one["s4"] for one in raw] == ["abc"], "raw stays as delivered"


def test_repairs_that_do_not_put_their_rows_right_are_refused_together_and_nothing_is_written(plant: Plant) -> None:
    kept = plant.lake.version(REPAIRS) if plant.lake.exists(REPAIRS) else None
    refused = repair(plant, row(6, values={"s4": "88888"}), row(1, values={"s4": "1400"}), dry_run=False)
    assert refused.returncode != 0
    told = " ".join((refused.stdout + refused.stderr).split())
    assert "2 of the repairs cannot be taken; nothing was written" in told
    assert f"{FILE} line 6: with these values it still breaks a rule: t50 must be at most 1300" in told
    assert f"{FILE} line 1: no such row stands in the quarantine" in told
    assert (plant.lake.version(REPAIRS) if plant.lake.exists(REPAIRS) else None) == kept
    assert aside(plant)[6] == "99999"
