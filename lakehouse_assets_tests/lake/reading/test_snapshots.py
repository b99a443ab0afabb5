"""A table that nobody has changed is not opened anew to be read, and whatever changes it is seen at once."""

import os
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse_assets.lake.errors import MissingTableError, StorageError
from lakehouse_assets.lake.reading.snapshots import KEPT_TABLES, open_to_read

KEY = ["table"]


def _write(lake, number, key=KEY, **options):
    write_deltalake(lake.table_uri(key), pa.table({"id": [number]}), **options)


def _age(lake, key=KEY):
    """Log entries as they are a minute later."""
    for entry in Path(lake.table_uri(key), "_delta_log").iterdir():
        found = entry.stat()
        os.utime(entry, ns=(found.st_atime_ns, found.st_mtime_ns - 60 * 10**9))


def _ids(lake):
    return sorted(lake.read(KEY)["id"].to_pylist())


@pytest.fixture
def opened(lake):
    """A table that this process has read and remembers."""
    _write(lake, 1)
    _age(lake)
    assert _ids(lake) == [1]
    return open_to_read(lake.table_uri(KEY), None)


def test_a_table_that_nobody_changed_is_the_same_object(lake, opened):
    assert open_to_read(lake.table_uri(KEY), None) is opened


def test_each_commit_is_seen_at_once_and_a_reader_keeps_its_version(lake, opened):
    for number in range(2, 12):
        _write(lake, number, mode="append")
        assert _ids(lake) == list(range(1, number + 1))
    assert opened.version() == 0


def test_an_entry_that_was_written_just_now_is_not_trusted(lake):
    _write(lake, 1)
    uri = lake.table_uri(KEY)
    assert open_to_read(uri, None) is not open_to_read(uri, None)


@pytest.mark.parametrize("age", [True, False])
def test_a_table_made_anew_in_its_place_is_read_anew(lake, opened, age):
    shutil.rmtree(lake.table_uri(KEY))
    _write(lake, 7)
    if age:
        _age(lake)
    assert _ids(lake) == [7]


def test_a_folder_that_is_gone_and_an_entry_that_is_damaged_are_told(lake, opened):
    entry = Path(lake.table_uri(KEY), "_delta_log", f"{0:020d}.json")
    kept = entry.read_bytes()
    entry.write_bytes(kept[: len(kept) // 2])
    with pytest.raises(StorageError, match="is damaged"):
        lake.read(KEY)
    shutil.rmtree(lake.table_uri(KEY))
    with pytest.raises(MissingTableError, match="There is no Delta table"):
        lake.read(KEY)


def test_a_log_that_was_cleaned_behind_a_checkpoint_is_opened_anew(lake, opened):
    for number in range(2, 5):
        _write(lake, number, mode="append")
    log = Path(lake.table_uri(KEY), "_delta_log")
    lake.open(KEY).create_checkpoint()
    for version in (1, 2):  # as a cleaner that is not done: the entry that was read still stands
        (log / f"{version:020d}.json").unlink()
    assert _ids(lake) == [1, 2, 3, 4]


def test_only_so_many_tables_are_remembered(lake, opened):
    for place in range(KEPT_TABLES):
        key = [f"other {place}"]
        _write(lake, place, key)
        _age(lake, key)
        lake.read(key)
    assert open_to_read(lake.table_uri(KEY), None) is not opened


def test_a_pinned_version_is_read_whatever_is_remembered(lake, opened):
    _write(lake, 2, mode="append")
    assert lake.read(KEY, version=0)["id"].to_pylist() == [1]
    assert _ids(lake) == [1, 2]
