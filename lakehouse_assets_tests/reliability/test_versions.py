"""Reading a table as it was: at a version or a time, also when there is no such thing any more."""

import datetime as dt
import shutil
import time
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from lakehouse_assets.lake.errors import LakeError, MissingTableError
from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.lake.makers import asset_of

KEY = ["table"]


@pytest.fixture
def three_versions(lake, materialise):
    for value in range(3):
        made = asset_of(lambda _, value=value: pd.DataFrame({"n": [value]}))
        materialise(made)
        time.sleep(0.01)  # two commits in one millisecond cannot be told apart by time
    return made


def _committed(lake) -> list[dt.datetime]:
    history = sorted(lake.open(KEY).history(), key=lambda commit: commit["version"])
    return [dt.datetime.fromtimestamp(commit["timestamp"] / 1000, dt.UTC) for commit in history]


def _value(lake, version) -> int:
    return lake.read(KEY, version=version)["n"].to_pylist()[0]


def test_a_time_means_the_last_commit_before_or_at_it(lake, three_versions):
    for value, moment in enumerate(_committed(lake)):
        assert _value(lake, moment) == value
        assert _value(lake, moment.isoformat()) == value
        assert _value(lake, moment.astimezone(dt.timezone(dt.timedelta(hours=5)))) == value
        assert _value(lake, moment.replace(tzinfo=None)) == value
    assert _value(lake, "2999-01-01") == 2


def test_a_copy_of_a_table_has_the_times_of_its_commits_and_not_of_its_files(lake, three_versions, tmp_path):
    shutil.copytree(lake.uri, tmp_path / "copy")
    for value, moment in enumerate(_committed(lake)):
        assert _value(Lake(str(tmp_path / "copy")), moment) == value


@pytest.mark.parametrize("when", ["2000-01-01", dt.datetime(2000, 1, 1), dt.datetime(2000, 1, 1, tzinfo=dt.UTC)])
def test_a_time_before_the_first_version_is_refused_and_not_taken_for_the_first(when, lake, three_versions):
    with pytest.raises(MissingTableError, match=r"table cannot be read at 2000-01-01.*oldest known version is 0 of"):
        lake.read(KEY, version=when)


@pytest.mark.parametrize("version", [7, -1])
def test_a_version_that_never_was_is_refused_with_the_newest(version, lake, three_versions):
    with pytest.raises(MissingTableError, match=rf"no version {version}.*newest version is 2"):
        lake.read(KEY, version=version)


def test_a_text_that_is_no_time_is_refused(lake, three_versions):
    with pytest.raises(MissingTableError, match=r"'last week'.*neither a version number nor an ISO time"):
        lake.read(KEY, version="last week")


def test_a_version_of_a_table_that_is_not_there_is_a_missing_table(lake):
    with pytest.raises(MissingTableError, match="There is no Delta table"):
        lake.read(KEY, version=3)


def test_a_vacuumed_version_is_told_and_a_pinned_input_says_who_wanted_it(lake, three_versions, materialise):
    lake.open(KEY).vacuum(0, dry_run=False, enforce_retention_duration=False)

    @dg.asset(ins={"table": dg.AssetIn(metadata={"version": 0})})
    def reader(table: pd.DataFrame) -> None: ...

    with pytest.raises(MissingTableError, match=r"reader reads asset table\..*version 0.*gone, most likely vacuumed"):
        materialise(reader, others=[three_versions])
    with pytest.raises(LakeError, match="vacuumed"):
        lake.read_pandas(KEY, version=0)
    assert _value(lake, None) == 2


def test_versions_before_and_after_a_restore_can_be_read(lake, three_versions):
    lake.open(KEY).restore(0)
    assert [_value(lake, version) for version in (0, 1, 2, 3, None)] == [0, 1, 2, 0, 0]
    assert _value(lake, _committed(lake)[-1]) == 0
    assert lake.content_version(KEY, version=0) == lake.content_version(KEY)


def test_versions_whose_log_entries_were_cleaned_up_are_told(lake, three_versions):
    table = lake.open(KEY)
    table.create_checkpoint()
    for version in range(2):
        Path(lake.table_uri(KEY), "_delta_log", f"{version:020d}.json").unlink()
    assert _value(lake, None) == 2
    with pytest.raises(MissingTableError, match=r"no version 0 that can be read. Its newest version is 2"):
        lake.read(KEY, version=0)
    with pytest.raises(MissingTableError, match="oldest known version is 2"):
        lake.read(KEY, version=_committed(lake)[-1] - dt.timedelta(milliseconds=5))
