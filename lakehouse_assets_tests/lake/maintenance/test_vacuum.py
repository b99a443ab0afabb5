"""What vacuum removes and what it never does, on real tables with random histories."""

import datetime as dt
import os
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakehouse_assets.lake.maintenance import vacuum as module
from lakehouse_assets.lake.maintenance.compaction import CompactionRule, compact
from lakehouse_assets.lake.maintenance.files import active_files
from lakehouse_assets.lake.maintenance.log import shorten_log
from lakehouse_assets.lake.maintenance.restore import restore_all
from lakehouse_assets.lake.maintenance.vacuum import PinnedFileError, VacuumRule, vacuum
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lake.writing.properties import TABLE_PROPERTIES

WHO = Provenance("zone/table")
NOW = VacuumRule(retention_hours=0, min_bytes=0)
KEYS = ["a", "b c/%'é"]


def rows(value, keys=KEYS, count=3):
    return pa.table(
        {
            "k": [key for key in keys for _ in range(count)],
            "id": list(range(count)) * len(keys),
            "v": pa.array([value] * (count * len(keys)), pa.int64()),
        }
    )


def new_table(folder, **configuration):
    lake = Lake(str(folder))
    uri = lake.table_uri(["zone", "table"])
    write_deltalake(uri, rows(0), partition_by=["k"], configuration={**TABLE_PROPERTIES, **configuration})
    return lake, uri


def overwrite(uri, value):
    key = KEYS[value % 2]
    write_deltalake(uri, rows(value, [key]), mode="overwrite", predicate=f"k = '{key.replace(chr(39), chr(39) * 2)}'")


def append(uri, value):
    write_deltalake(uri, rows(value, [KEYS[value % 2]], 1), mode="append")


def merge(uri, value):
    merger = DeltaTable(uri).merge(rows(value, KEYS, 2), "t.k = s.k AND t.id = s.id", "s", "t")
    merger.when_matched_update_all().when_not_matched_insert_all().execute()


def delete(uri, value):
    DeltaTable(uri).delete(f"id = {value % 3}")


def compaction(uri, value):
    compact(uri, None, CompactionRule(min_small_files=2), ["id"] if value % 2 else [], WHO)


def restore(uri, value):
    restore_all(uri, None, value % (DeltaTable(uri).version() + 1), WHO)


def checkpoint(uri, value):
    DeltaTable(uri).create_checkpoint()


STEPS = [overwrite, append, merge, delete, compaction, restore, checkpoint]


def parquet_files(uri):
    return {str(path.relative_to(uri)) for path in Path(uri).rglob("*.parquet") if "_delta_log" not in path.parts}


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.sampled_from(STEPS), min_size=2, max_size=8), data=st.data())
def test_pinned_versions_and_the_newest_keep_every_row_and_nothing_else_stays(steps, data):
    with tempfile.TemporaryDirectory() as folder:
        lake, uri = new_table(folder)
        for value, step in enumerate(steps, start=1):
            step(uri, value)
        newest = DeltaTable(uri).version()
        pinned = data.draw(st.sets(st.integers(0, newest), max_size=3))
        before = {version: lake.content_version(["zone", "table"], version=version) for version in {*pinned, newest}}
        Path(uri, "part-of-a-crashed-writer.parquet").write_bytes(b"torn")

        done = vacuum(uri, None, lambda: {version: ["a model"] for version in pinned}, NOW, WHO, dry_run=False)

        assert done.skipped == ""
        after = {version: lake.content_version(["zone", "table"], version=version) for version in before}
        assert after == before
        assert lake.content_version(["zone", "table"]) == before[newest]
        needed = {file.path for version in before for file in active_files(DeltaTable(uri, version=version))}
        assert parquet_files(uri) == needed
        again = vacuum(uri, None, lambda: {version: ["a model"] for version in pinned}, NOW, WHO, dry_run=False)
        assert again.skipped.startswith("0 files")


def test_a_dry_run_and_too_little_to_gain_remove_nothing_and_commit_nothing(tmp_path):
    _, uri = new_table(tmp_path)
    overwrite(uri, 1)
    files, version = parquet_files(uri), DeltaTable(uri).version()
    dry = vacuum(uri, None, dict, NOW, WHO)
    assert (dry.files, dry.skipped) == (1, "dry run: nothing was removed")
    assert dry.bytes == sum((Path(uri) / path).stat().st_size for path in files) - sum(
        file.size for file in active_files(DeltaTable(uri))
    )
    little = vacuum(uri, None, dict, VacuumRule(0, 10_000_000), WHO, dry_run=False)
    assert "the limit is 10,000,000" in little.skipped
    assert (parquet_files(uri), DeltaTable(uri).version()) == (files, version)


def test_every_version_of_the_retention_window_stays_also_where_the_log_forgot_its_removals(tmp_path):
    lake, uri = new_table(tmp_path, **{"delta.deletedFileRetentionDuration": "interval 0 seconds"})
    overwrite(uri, 1)
    time.sleep(1.1)  # the engine counts removals in whole seconds
    append(uri, 2)
    DeltaTable(uri).create_checkpoint()
    for path in Path(uri).rglob("*.parquet"):
        os.utime(path, (0, 0))  # written long ago, but needed until a moment ago
    engine = DeltaTable(uri).vacuum(retention_hours=1, full=True, enforce_retention_duration=False)
    assert len(engine) == 1, "left to itself, the engine would remove what was current a moment ago"
    done = vacuum(uri, None, dict, VacuumRule(1, 0), WHO, dry_run=False)
    assert done.files == 0
    assert [lake.row_count(["zone", "table"], version=version) for version in range(3)] == [6, 6, 7]


def test_a_pin_that_is_made_while_vacuum_looks_stops_it(tmp_path):
    lake, uri = new_table(tmp_path)
    overwrite(uri, 1)
    answers = iter([{}, {0: ["sandbox x"]}])
    done = vacuum(uri, None, lambda: next(answers), NOW, WHO, dry_run=False)
    assert "the pins changed meanwhile" in done.skipped
    assert lake.row_count(["zone", "table"], version=0) == 6


def test_a_pinned_version_that_cannot_be_opened_stops_it_and_says_whose_it_is(tmp_path):
    _, uri = new_table(tmp_path)
    overwrite(uri, 1)
    files = parquet_files(uri)
    done = vacuum(uri, None, lambda: {40: ["model turbofan_rul version 3"]}, NOW, WHO, dry_run=False)
    assert "version 40, pinned by model turbofan_rul version 3" in done.skipped
    assert parquet_files(uri) == files


def test_were_the_engine_to_choose_a_pinned_file_nothing_is_deleted(tmp_path, monkeypatch):
    _, uri = new_table(tmp_path)
    overwrite(uri, 1)
    files = parquet_files(uri)
    engine = DeltaTable.vacuum

    def forgets_pins(table, *, keep_versions, **rest):
        return engine(table, **rest)

    monkeypatch.setattr(module.DeltaTable, "vacuum", forgets_pins)
    with pytest.raises(PinnedFileError, match=r"version 0, which is pinned by a model.*Nothing was deleted"):
        vacuum(uri, None, lambda: {0: ["a model"]}, NOW, WHO, dry_run=False)
    assert parquet_files(uri) == files


def age_the_log(uri, days):
    """Makes all commits so far look that old: the engine goes by the times of the log's files and in their entries."""
    then = time.time() - days * 86_400
    for path in Path(uri, "_delta_log").glob("*.json"):
        lines = path.read_text().splitlines()
        now = next(line for line in lines if '"timestamp":' in line).split('"timestamp":')[1].split(",")[0].rstrip("}")
        path.write_text("\n".join(lines).replace(f'"timestamp":{now}', f'"timestamp":{int(then * 1000)}') + "\n")
        os.utime(path, (then, then))


def test_writers_leave_the_log_alone_and_so_a_pinned_version_can_be_opened_after_years(tmp_path):
    lake, uri = new_table(tmp_path, **{"delta.checkpointInterval": "5"})
    append(uri, 0)
    age_the_log(uri, 800)
    for value in range(12):
        append(uri, value)
    assert lake.row_count(["zone", "table"], version=0) == 6
    assert "version 0 is pinned" in shorten_log(uri, None, [0], 365, WHO)
    assert lake.row_count(["zone", "table"], version=0) == 6


def test_the_log_is_shortened_where_no_pin_needs_its_old_entries(tmp_path):
    lake, uri = new_table(tmp_path)
    for value in range(4):
        append(uri, value)
    age_the_log(uri, 800)
    append(uri, 5)
    content = lake.content_version(["zone", "table"])
    told = shorten_log(uri, None, [5], 365, WHO)
    assert "4 old entries removed" in told
    assert lake.content_version(["zone", "table"]) == lake.content_version(["zone", "table"], version=5) == content
    assert not Path(uri, "_delta_log", f"{0:020}.json").exists()
    assert "no commit before" in shorten_log(uri, None, [], 365, WHO)


def test_time_travel_within_the_window_is_by_time_too(tmp_path):
    lake, uri = new_table(tmp_path)
    moment = dt.datetime.now(dt.UTC)
    time.sleep(0.01)
    overwrite(uri, 1)
    vacuum(uri, None, dict, VacuumRule(7 * 24, 0), WHO, dry_run=False)
    assert set(lake.read(["zone", "table"], version=moment)["v"].to_pylist()) == {0}
