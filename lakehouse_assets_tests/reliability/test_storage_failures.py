"""A full disk, a read-only folder, files that are gone or damaged: each is told, and nothing is lost."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from lakehouse_assets.lake.errors import MissingTableError, StorageError, UnreadableTableError
from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.lake.makers import DAYS, daily, daily_frame, day, rows_of

KEYS = ["2024-01-01", "2024-01-02"]
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small or a read-only disk")


@pytest.fixture
def two_days(lake, materialise):
    table = daily(lambda context: daily_frame([context.partition_key], 2))
    for key in KEYS:
        materialise(table, key)
    return table


def big(context):
    """Rows of some megabytes that do not compress."""
    frame = daily_frame([context.partition_key], 400_000)
    return frame.assign(noise=pd.util.hash_array(frame["id"].to_numpy()).astype("int64"))


@pytest.mark.parametrize("mode", ["overwrite", "append", "merge"])
@ROOT
def test_a_full_disk_is_told_and_the_table_stays_readable_and_writable(mode, tmp_path, lake, materialise):
    disk = Path(lake.uri)
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        metadata = {"write_mode": mode, **({"merge_keys": ["day", "id"]} if mode == "merge" else {})}
        small = daily(lambda context: big(context).head(5), **metadata)
        materialise(small, KEYS[0])
        before = lake.content_version(["table"])
        with pytest.raises(StorageError) as caught:
            materialise(daily(big, **metadata), KEYS[1])
        for part in ("Asset table, partition 2024-01-02", lake.table_uri(["table"]), "The disk is full: free space"):
            assert part in str(caught.value)
        assert lake.content_version(["table"]) == before
        assert lake.version(["table"]) == 0
        left = [file for file in disk.rglob("*.parquet") if file.name not in "".join(lake.open(["table"]).file_uris())]
        for file in left:
            file.unlink()
        materialise(small, KEYS[1])
        assert lake.row_count(["table"]) == 10
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@ROOT
def test_a_read_only_folder_is_told_and_nothing_changes(lake, two_days, materialise):
    before = lake.content_version(["table"])
    if subprocess.run(["mount", "--bind", lake.uri, lake.uri], check=False).returncode:
        pytest.skip("this machine lets nobody mount a folder read-only")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", lake.uri], check=True)
        new = daily(lambda context: daily_frame([context.partition_key]), name="new")
        for asset, name in ((two_days, "table"), (new, "new")):
            with pytest.raises(StorageError) as caught:
                materialise(asset, KEYS[0])
            for part in (
                f"Asset {name}, partition 2024-01-01",
                lake.table_uri([name]),
                "check the owner and the rights",
            ):
                assert part in str(caught.value)
        materialise(_reader("pandas"), KEYS[0], others=[two_days])
    finally:
        subprocess.run(["umount", lake.uri], check=True)
    assert lake.content_version(["table"]) == before
    assert lake.version(["table"]) == 1


def _reader(kind):
    @dg.asset(partitions_def=DAYS, ins={"table": dg.AssetIn(metadata={"type": kind})})
    def reader(table) -> None:
        if kind == "reader":
            table.read_all()
        if kind == "duckdb":
            table.fetchall()

    return reader


def _file_of(lake, key):
    return next(Path(uri) for uri in lake.open(["table"]).file_uris() if key in uri)


@pytest.mark.parametrize("kind", ["pandas", "table", "reader"])
def test_a_file_that_is_gone_or_damaged_is_told_with_asset_and_partition(kind, lake, two_days, materialise):
    file = _file_of(lake, KEYS[1])
    kept = file.read_bytes()
    for damage, error, what in (
        (None, MissingTableError, "file of this version is gone"),
        (kept[: len(kept) // 2], UnreadableTableError, "is damaged"),
        (os.urandom(len(kept)), UnreadableTableError, "is damaged"),
    ):
        file.unlink(missing_ok=True)
        if damage is not None:
            file.write_bytes(damage)
        with pytest.raises(error, match=rf"reader reads asset table, partition {KEYS[1]}.*{lake.uri}.*{what}"):
            materialise(_reader(kind), KEYS[1], others=[two_days])
        materialise(_reader(kind), KEYS[0], others=[two_days])
    assert lake.row_count(["table"], where={"day": day(KEYS[0])}) == 2
    materialise(two_days, KEYS[1])
    assert rows_of(lake.read(["table"], where={"day": day(KEYS[1])}), "id") == [(0,), (1,)]


def test_a_damaged_log_entry_is_told_and_its_table_is_not_written_over(lake, two_days, materialise):
    entry = Path(lake.table_uri(["table"]), "_delta_log", f"{1:020d}.json")
    kept = entry.read_text()
    for damage in (kept[: len(kept) // 2], "\0" * 50, ""):
        entry.write_text(damage)
        for attempt in (lambda: lake.read(["table"]), lambda: materialise(two_days, KEYS[0])):
            with pytest.raises(StorageError, match=rf"{lake.uri}.*(_delta_log is damaged|is empty)"):
                attempt()
        assert entry.read_text() == damage
        assert len(list(entry.parent.glob("*.json"))) == 2
        assert lake.read(["table"], version=0).num_rows == 2
    entry.write_text(kept)
    assert lake.row_count(["table"]) == 4


def test_a_missing_entry_in_the_middle_of_the_log_is_told(lake, two_days, materialise):
    materialise(two_days, KEYS[0])
    entry = Path(lake.table_uri(["table"]), "_delta_log", f"{1:020d}.json")
    entry.rename(entry.with_suffix(".away"))
    with pytest.raises(StorageError, match="_delta_log is damaged or missing"):
        lake.read(["table"])


def test_a_table_whose_folder_is_gone_is_missing_and_made_anew(lake, two_days, materialise):
    shutil.rmtree(lake.table_uri(["table"]))
    with pytest.raises(MissingTableError, match="Materialise table first"):
        materialise(_reader("pandas"), KEYS[0], others=[two_days])
    materialise(two_days, KEYS[0])
    assert lake.row_count(["table"]) == 2


def test_a_row_that_breaks_a_constraint_of_the_table_itself_is_told_and_not_written(lake, materialise):
    materialise(daily(lambda context: daily_frame([context.partition_key], 2, 1)), KEYS[0])
    lake.open(["table"]).alter.add_constraint({"small": "value < 5"})
    with pytest.raises(StorageError, match="Rows break a constraint that the table itself carries"):
        materialise(daily(lambda context: daily_frame([context.partition_key], 2, 9)), KEYS[1])
    assert lake.row_count(["table"]) == 2


def test_no_error_text_carries_a_trace_of_the_engine(lake, two_days):
    entry = Path(lake.table_uri(["table"]), "_delta_log", f"{1:020d}.json")
    entry.write_text(json.dumps({"add": {"path": 5}}))
    with pytest.raises(StorageError) as caught:
        Lake(lake.uri).read(["table"])
    assert "<unknown>" not in str(caught.value)
    assert "\n" not in str(caught.value)
