"""Looking after a whole lake of the demo's size: many tables of many days, written again and again over weeks."""

import json
import shutil
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse_assets.lake.errors import MissingTableError
from lakehouse_assets.lake.maintenance.compaction import CompactionRule
from lakehouse_assets.lake.maintenance.vacuum import VacuumRule
from lakehouse_assets.lake.sandbox import make
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lake.writing.properties import TABLE_PROPERTIES
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.operations.tables.housekeeping import KeptTable, compact_all, kept_tables, vacuum_all

DAYS = [date(2024, 1, 1) + timedelta(days=number) for number in range(40)]
TABLES = [["distilled", "plant", f"table_{number}"] for number in range(12)]
MS_A_DAY = 86_400_000
CONSTRAINTS = {
    "contract_value_min_0": '"value" IS NULL OR ("value" >= 0)',
    "contract_day_required": '"day" IS NOT NULL',
}


def rows(value: int) -> pa.Table:
    return pa.table(
        {"day": pa.array(DAYS), "value": pa.array([value] * len(DAYS), pa.int64()), "text": ["x" * 2_000] * len(DAYS)}
    )


def older(uri: str, days: int) -> None:
    """As if all that was done to a table so far had been done some days earlier."""
    for entry in Path(uri, "_delta_log").glob("*.json"):
        actions = [json.loads(line) for line in entry.read_text().splitlines()]
        for action in actions:
            for kind, name in (
                ("commitInfo", "timestamp"),
                ("remove", "deletionTimestamp"),
                ("add", "modificationTime"),
            ):
                if kind in action:
                    action[kind][name] -= days * MS_A_DAY
        entry.write_text("\n".join(map(json.dumps, actions)) + "\n")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Twelve tables of 40 days, each whole day written at versions 0 to 2, which are 30, 20 and 0 days old."""
    lake = Lake(str(tmp_path / "lake"))
    for key in TABLES:
        uri = lake.table_uri(key)
        for value, age in enumerate((10, 20, 0)):
            write_deltalake(uri, rows(value), mode="overwrite", partition_by=["day"], configuration=TABLE_PROPERTIES)
            if age:
                older(uri, age)
    return lake


@pytest.fixture
def registry(empty_registry: Path, tmp_path: Path) -> ModelRegistry:
    shutil.copy(empty_registry, tmp_path / "m.db")
    return ModelRegistry(tracking_uri=f"sqlite:///{tmp_path / 'm.db'}", artifact_root=tmp_path.as_uri())


def test_vacuum_of_a_lake_of_the_demos_size_removes_what_is_old_and_keeps_every_row_that_is_needed(
    lake: Lake, registry: ModelRegistry
) -> None:
    pinned, day = "/".join(TABLES[3]), date.today() + timedelta(days=9)
    make(lake, "study", {pinned: 0}, "ann", "wear", day, Provenance("explorative/sandboxes"))
    kept = [KeptTable(tuple(key)) for key in TABLES]
    newest = {"/".join(key): lake.content_version(key) for key in TABLES}
    outcome = vacuum_all(lake, kept, registry, TABLES, VacuumRule(7 * 24, 0), 365, False, "run", lambda _: None)
    assert outcome.failed == {}
    assert {name: row["files"] for name, row in outcome.done.items()} == {
        name: 0 if name == pinned else 40 for name in newest
    }
    assert sum(row["bytes"] for row in outcome.done.values()) > 11 * 40 * 500
    assert {"/".join(key): lake.content_version(key) for key in TABLES} == newest
    for key in TABLES:
        assert set(lake.read(key, version=1)["value"].to_pylist()) == {1}, "it was the newest within the week"
    assert set(lake.read(TABLES[3], version=0)["value"].to_pylist()) == {0}
    with pytest.raises(MissingTableError, match="A file of this version is gone"):
        lake.read(TABLES[0], version=0)
    again = vacuum_all(lake, kept, registry, TABLES, VacuumRule(7 * 24, 0), 365, False, "run", lambda _: None)
    assert all(row["skipped"] for row in again.done.values())


def test_many_small_files_of_tables_with_constraints_become_few(lake: Lake) -> None:
    key = TABLES[0]
    table = DeltaTable(lake.table_uri(key))
    table.alter.add_constraint(CONSTRAINTS)
    for value in range(5):
        write_deltalake(lake.table_uri(key), rows(value), mode="append")
    before = lake.content_version(key)
    rule, kept = CompactionRule(), [KeptTable(tuple(key), ("value",))]
    outcome = compact_all(lake, kept, rule, 30, "run", lambda _: None)
    assert outcome.failed == {}
    done = outcome.done["/".join(key)]
    assert (done["partitions"], done["files_before"], done["files_after"]) == (40, 240, 40)
    assert lake.content_version(key) == before
    held = {name for name in lake.open(key).metadata().configuration if name.startswith("delta.constraints.")}
    assert held == {f"delta.constraints.{name}" for name in CONSTRAINTS}


def test_a_table_that_cannot_be_looked_for_fails_alone(lake: Lake) -> None:
    broken, *others = TABLES
    shutil.rmtree(lake.table_uri(broken))
    Path(lake.table_uri(broken)).write_text("no folder")

    tables = kept_tables([dg.AssetSpec(key) for key in TABLES], lake)
    outcome = compact_all(lake, tables, CompactionRule(2, 1 << 20, 1 << 20, 1), 30, "run", lambda _: None)

    assert set(outcome.failed) == {"/".join(broken)}
    assert set(outcome.done) == {"/".join(key) for key in others}
