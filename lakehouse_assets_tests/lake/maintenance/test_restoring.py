"""An earlier version comes back as a new commit, whole or in some partitions."""

import datetime as dt
import time
import traceback

import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse_assets.lake.errors import MissingTableError, SchemaChangedError, StorageError
from lakehouse_assets.lake.maintenance.log import keep_the_log
from lakehouse_assets.lake.maintenance.restore import restorable, restore_all, restore_partitions, version_at
from lakehouse_assets.lake.maintenance.vacuum import VacuumRule, vacuum
from lakehouse_assets.lake.partitioning.partitions import resolve
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets_tests.lake.makers import DAYS, daily, daily_frame, day, rows_of

WHO = Provenance("table", run_id="r")
SPAN = ("2024-01-01", "2024-01-03")


@pytest.fixture
def history(materialise):
    """Version n holds n in every row of three days."""
    for value in range(3):
        materialise(daily(lambda context, value=value: daily_frame(context.partition_keys, value=value)), span=SPAN)


def scope(lake, *keys):
    return resolve(list(keys), DAYS, {"": "day"}, lake.schema(["table"]), "table")


def values_by_day(lake):
    return {str(d): value for d, value in rows_of(lake.read(["table"]), "day", "value")}


def test_a_table_comes_back_whole_and_what_was_there_before_can_still_be_read(history, lake):
    uri = lake.table_uri(["table"])
    found = restorable(uri, None, 0, None, WHO)
    assert (found.version, found.newest, found.schema_change) == (0, 2, "none")
    assert found.contents.total.version() == lake.content_version(["table"], version=0)
    assert restore_all(uri, None, 0, WHO) == 3
    assert set(values_by_day(lake).values()) == {0}
    assert set(lake.read(["table"], version=2)["value"].to_pylist()) == {2}
    commit = next(one for one in DeltaTable(uri).history() if one["version"] == 3)
    assert (commit["lakehouse.run_id"], commit["lakehouse.restored_from"]) == ("r", "0")


def test_restoring_brings_old_columns_back(history, lake, materialise):
    uri = lake.table_uri(["table"])
    frame = daily(lambda context: daily_frame(context.partition_keys).assign(extra=1.5), schema_mode="merge")
    materialise(frame, "2024-01-01")
    assert restorable(uri, None, 1, None, WHO).schema_change == "extra goes"
    restore_all(uri, None, 1, WHO)
    assert lake.schema(["table"]).names == ["day", "id", "value"]


def test_restoring_does_not_bring_the_cleaning_of_the_log_back(lake):
    uri = lake.table_uri(["table"])
    write_deltalake(uri, daily_frame(["2024-01-01"]))  # as another writer makes it
    keep_the_log(uri, None, WHO)
    restore_all(uri, None, 0, WHO)
    assert DeltaTable(uri).metadata().configuration["delta.enableExpiredLogCleanup"] == "false"


def test_only_the_partitions_that_were_asked_for_come_back_and_other_files_are_not_touched(history, lake):
    uri = lake.table_uri(["table"])
    others = {path for path in DeltaTable(uri).file_uris() if "2024-01-02" not in path}
    assert restore_partitions(uri, None, 0, scope(lake, "2024-01-02"), False, WHO) == 3
    assert values_by_day(lake) == {"2024-01-01": 2, "2024-01-02": 0, "2024-01-03": 2}
    assert {path for path in DeltaTable(uri).file_uris() if "2024-01-02" not in path} == others
    commit = DeltaTable(uri).history(1)[0]
    assert (commit["lakehouse.restored_from"], commit["lakehouse.maintenance"]) == ("0", "restore")


def test_a_partition_that_was_not_there_yet_is_empty_afterwards(history, lake, materialise):
    materialise(daily(lambda context: daily_frame(context.partition_keys, value=5)), "2024-01-09")
    restore_partitions(lake.table_uri(["table"]), None, 0, scope(lake, "2024-01-09"), False, WHO)
    assert lake.row_count(["table"], where={"day": day("2024-01-09")}) == 0
    assert lake.row_count(["table"]) == 6


def test_columns_that_came_since_are_refused_with_both_ways_out_or_left_null(history, lake, materialise):
    uri = lake.table_uri(["table"])
    frame = daily(lambda context: daily_frame(context.partition_keys).assign(extra=1.5), schema_mode="merge")
    materialise(frame, "2024-01-01")
    with pytest.raises(
        SchemaChangedError, match=r"(?s)2024-01-01 .* version 0: .*'extra'.*fill_new_columns.*whole tab"
    ):
        restore_partitions(uri, None, 0, scope(lake, "2024-01-01"), False, WHO)
    assert lake.version(["table"]) == 3
    restore_partitions(uri, None, 0, scope(lake, "2024-01-01"), True, WHO)
    assert rows_of(lake.read(["table"], where={"day": day("2024-01-01")}), "value", "extra") == [(0, None)] * 2


def test_a_column_that_was_dropped_since_is_refused_also_when_new_ones_may_be_null(history, lake):
    uri = lake.table_uri(["table"])
    rows = daily_frame(["2024-01-01"]).drop(columns="value")
    write_deltalake(uri, rows, mode="overwrite", schema_mode="overwrite", partition_by=["day"])
    with pytest.raises(SchemaChangedError, match=r"column value was dropped since"):
        restore_partitions(uri, None, 0, scope(lake, "2024-01-01"), True, WHO)
    assert lake.version(["table"]) == 3


def test_a_partition_whose_own_files_are_there_comes_back_though_those_of_others_are_gone(lake, materialise):
    uri = lake.table_uri(["table"])
    for value, keys in ((0, SPAN), (1, ("2024-01-01", "2024-01-02"))):
        materialise(daily(lambda context, value=value: daily_frame(context.partition_keys, value=value)), span=keys)
    materialise(daily(lambda context: daily_frame(context.partition_keys[:0])), "2024-01-03")
    emptied = lake.version(["table"])
    vacuum(uri, None, lambda: {emptied - 1: ["model x"]}, VacuumRule(0, 0), WHO, dry_run=False)
    with pytest.raises(MissingTableError, match="files are gone"):
        restorable(uri, None, 0, scope(lake, "2024-01-01", "2024-01-03"), WHO, partly=True)
    assert restorable(uri, None, 0, scope(lake, "2024-01-03"), WHO, partly=True).contents.total.rows == 2
    with pytest.raises(MissingTableError, match="files are gone"):
        restorable(uri, None, 0, scope(lake, "2024-01-03"), WHO)
    restore_partitions(uri, None, 0, scope(lake, "2024-01-03"), False, WHO)
    assert values_by_day(lake) == {"2024-01-01": 1, "2024-01-02": 1, "2024-01-03": 0}


def test_rows_that_break_a_newer_limit_are_refused_without_being_shown(lake, materialise):
    """A row may be about a person, and errors stay in the event log."""
    uri = lake.table_uri(["table"])
    for who, value in (("ann of the night shift", -5), ("bob", 5)):
        frame = daily_frame(["2024-01-01"], value=value).assign(who=who)
        materialise(daily(lambda _, frame=frame: frame), "2024-01-01")
    lake.open(["table"]).alter.add_constraint({"not_negative": "value >= 0"})
    with pytest.raises(StorageError, match="Rows break a constraint that the table itself carries") as refused:
        restore_partitions(uri, None, 0, scope(lake, "2024-01-01"), False, WHO)
    assert "night shift" not in "".join(traceback.format_exception(refused.value))
    assert set(lake.read(["table"])["who"].to_pylist()) == {"bob"}


def test_a_version_whose_files_are_gone_is_refused_and_the_whole_ones_are_named(history, lake):
    uri = lake.table_uri(["table"])
    vacuum(uri, None, lambda: {1: ["x"]}, VacuumRule(0, 0), WHO, dry_run=False)
    with pytest.raises(MissingTableError, match=r"version 0: 3 of its files are gone.*are whole: 1 to 4\."):
        restorable(uri, None, 0, None, WHO)
    assert restorable(uri, None, 1, None, WHO).version == 1
    assert lake.version(["table"]) == 4


def test_a_time_means_the_version_that_was_the_newest_then_and_never_a_guess(history, lake, materialise):
    uri = lake.table_uri(["table"])
    time.sleep(0.01)
    moment = dt.datetime.now(dt.UTC)
    time.sleep(0.01)
    materialise(daily(lambda context: daily_frame(context.partition_keys, value=9)), span=SPAN)
    assert version_at(uri, None, moment) == 2
    assert version_at(uri, None, dt.datetime.now(dt.UTC) + dt.timedelta(days=1)) == 3
    with pytest.raises(MissingTableError, match=r"no version of 2001-.*the oldest"):
        version_at(uri, None, dt.datetime(2001, 1, 1, tzinfo=dt.UTC))
    with pytest.raises(MissingTableError, match="no version 17: its newest is 3"):
        version_at(uri, None, 17)


def test_another_writer_in_between_makes_it_try_again(history, lake, materialise, monkeypatch):
    uri, engine = lake.table_uri(["table"]), DeltaTable.restore
    writers = [daily(lambda context: daily_frame(context.partition_keys, value=5))]

    def with_a_writer_in_between(table, *given, **named):
        if writers:
            materialise(writers.pop(), span=SPAN)
        return engine(table, *given, **named)

    monkeypatch.setattr(DeltaTable, "restore", with_a_writer_in_between)
    assert restore_all(uri, None, 0, WHO) == 4
    assert set(values_by_day(lake).values()) == {0}
