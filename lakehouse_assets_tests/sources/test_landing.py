import hashlib
import os
from datetime import UTC, datetime

import pytest

from lakehouse_assets.sources.landing import LandingError, list_landing, read_bytes


def test_a_listing_says_what_was_delivered_and_when(tmp_path):
    path = tmp_path / "train_FD001.txt"
    path.write_bytes(b"1 2\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))
    (file,) = list_landing(tmp_path)
    assert (file.path, file.name, file.size) == (path, "train_FD001.txt", 4)
    assert file.modified == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert file.sha256 == hashlib.sha256(b"1 2\n").hexdigest()


def test_files_come_sorted_and_files_of_any_name_are_listed(tmp_path):
    for name in ("test_FD001.txt", "README.md", "notes", "train_FD001.txt"):
        (tmp_path / name).touch()
    assert [file.name for file in list_landing(tmp_path)] == ["README.md", "notes", "test_FD001.txt", "train_FD001.txt"]


def test_a_file_that_is_still_being_written_and_a_folder_are_not_listed(tmp_path):
    (tmp_path / ".train_FD001.txt.partial").touch()
    (tmp_path / ".gitkeep").touch()
    (tmp_path / "old").mkdir()
    assert list_landing(tmp_path) == []


def test_an_untouched_file_is_listed_as_equal_and_a_changed_one_is_not(tmp_path):
    path = tmp_path / "RUL_FD001.txt"
    path.write_bytes(b"112 \n")
    before = list_landing(tmp_path)
    assert list_landing(tmp_path) == before
    path.write_bytes(b"112 \n98 \n")
    assert list_landing(tmp_path) != before


def test_a_name_that_is_not_utf8_is_spelled_out_so_that_a_table_can_hold_it(tmp_path):
    try:
        (tmp_path / os.fsdecode(b"train\xff.txt")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    (file,) = list_landing(tmp_path)
    assert file.name == "train\\xff.txt"
    assert file.sha256 == hashlib.sha256(b"x").hexdigest()


def test_a_missing_folder_is_an_error_that_says_what_to_do(tmp_path):
    with pytest.raises(LandingError, match=r"nowhere cannot be listed.*point LANDING at"):
        list_landing(tmp_path / "nowhere")


def test_a_file_that_was_taken_away_is_an_error_that_names_it(tmp_path):
    with pytest.raises(LandingError, match=r"train_FD001.txt cannot be read.*drop it again"):
        read_bytes(tmp_path / "train_FD001.txt")
