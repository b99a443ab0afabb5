"""Compaction changes files and nothing else, and gives way to writers."""

import datetime as dt
import os
import signal
import subprocess
import sys
import time

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakehouse_assets.lake.errors import MissingSettingError
from lakehouse_assets.lake.maintenance import compaction as module
from lakehouse_assets.lake.maintenance.compaction import CompactionRule, compact
from lakehouse_assets.lake.maintenance.files import active_files
from lakehouse_assets.lake.maintenance.log import checkpoint, commits_since_checkpoint, keep_the_log
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets_tests.lake.makers import DAYS, daily, daily_frame, rows_of

WHO = Provenance("table", run_id="r")
RULE = CompactionRule(min_small_files=3)


def appended(materialise, keys, times):
    """A table by day with one file a day and append."""
    table = daily(lambda context: daily_frame(context.partition_keys), write_mode="append")
    for _ in range(times):
        materialise(table, span=keys)
    return table


def files_by_day(uri):
    found = {}
    for file in active_files(DeltaTable(uri)):
        found.setdefault(str(file.partition[0]), []).append(file)
    return {day: len(files) for day, files in sorted(found.items())}


def test_only_partitions_with_enough_small_files_are_rewritten_and_no_row_changes(lake, materialise):
    appended(materialise, ("2024-01-01", "2024-01-02"), 2)
    appended(materialise, ("2024-01-02", "2024-01-03"), 1)
    uri = lake.table_uri(["table"])
    assert files_by_day(uri) == {"2024-01-01": 2, "2024-01-02": 3, "2024-01-03": 1}
    before, rows = lake.content_version(["table"]), rows_of(lake.read(["table"]))
    done = compact(uri, None, RULE, [], WHO)
    assert files_by_day(uri) == {"2024-01-01": 2, "2024-01-02": 1, "2024-01-03": 1}
    assert (done.partitions, done.files_before, done.files_after, done.rows) == (1, 6, 4, 12)
    assert (done.version_before, done.version_after) == (2, 3)
    assert (lake.content_version(["table"]), rows_of(lake.read(["table"]))) == (before, rows)
    again = compact(uri, None, RULE, [], WHO)
    assert again.skipped.startswith("nothing to do: none of 3 partitions")
    assert DeltaTable(uri).version() == 3


def test_nothing_downstream_turns_stale_and_the_next_writes_go_on_as_before(lake, materialise, instance):
    from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
    from dagster._core.loader import LoadingContextForTest

    table = appended(materialise, ("2024-01-01", "2024-01-02"), 3)

    @dg.asset(partitions_def=DAYS, metadata={"partition_expr": "day"})
    def down(table: pd.DataFrame) -> pd.DataFrame:
        return table

    materialise(down, "2024-01-01", others=[table])
    compact(lake.table_uri(["table"]), None, RULE, [], WHO)
    graph = dg.Definitions([table, down]).resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    assert resolver.get_status(dg.AssetKey("down"), "2024-01-01") == StaleStatus.FRESH
    materialise(down, "2024-01-01", others=[table])
    assert lake.row_count(["down"]) == 6
    result = materialise(table, "2024-01-01")
    (event,) = result.get_asset_materialization_events()
    assert event.materialization.metadata["dagster/row_count"].value == 8


def test_a_run_that_is_repeated_after_compaction_still_does_not_append_twice(lake, materialise):
    table = daily(lambda context: daily_frame(context.partition_keys), write_mode="append")
    first = materialise(table, "2024-01-01")
    for _ in range(3):
        materialise(table, "2024-01-01")
    compact(lake.table_uri(["table"]), None, RULE, [], WHO)
    materialise(table, "2024-01-01", tags={"dagster/root_run_id": first.run_id})
    assert lake.row_count(["table"]) == 8


def test_its_commits_name_the_table_and_the_run_and_claim_no_rows_and_no_partitions(lake, materialise):
    appended(materialise, ("2024-01-01", "2024-01-01"), 3)
    compact(lake.table_uri(["table"]), None, RULE, [], WHO)
    commit = DeltaTable(lake.table_uri(["table"])).history(1)[0]
    assert commit["operation"] == "OPTIMIZE"
    assert (commit["lakehouse.asset"], commit["lakehouse.run_id"]) == ("table", "r")
    assert (commit["lakehouse.maintenance"], commit["lakehouse.partitions"]) == ("compaction", "[]")
    assert "lakehouse.rows_version" not in commit


VALUES = {
    pa.string(): ["a b/%'é", "z", None],
    pa.int64(): [-3, 20240101, None],
    pa.date32(): [dt.date(2024, 1, 1), dt.date(1969, 2, 3), None],
    pa.bool_(): [True, False, None],
}


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(kinds=st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=2), sort_by=st.sampled_from([[], ["v"]]))
def test_every_kind_of_partition_is_found_nulls_and_two_columns_too(kinds, sort_by, tmp_path_factory):
    uri = str(tmp_path_factory.mktemp("kinds") / "t")
    names = [f"k{place}" for place in range(len(kinds))]
    columns = [
        pa.array([VALUES[kind][(row + place) % 3] for row in range(5)], kind) for place, kind in enumerate(kinds)
    ]
    for value in range(3):
        rows = pa.table([*columns, pa.array(range(value, value + 5))], names=[*names, "v"])
        write_deltalake(uri, rows, mode="append", partition_by=names)
    before = rows_of(pa.table(DeltaTable(uri).to_pyarrow_table()))
    done = compact(uri, None, RULE, sort_by, WHO)
    partitions = len({file.partition for file in active_files(DeltaTable(uri))})
    assert (done.partitions, done.files_after) == (partitions, partitions)
    assert rows_of(pa.table(DeltaTable(uri).to_pyarrow_table())) == before


def test_files_are_sorted_by_what_people_filter_by_once_and_again_when_rows_came(lake, materialise):
    def frame(context):
        rng = np.random.default_rng(1)
        return pd.concat(daily_frame([key], 500).assign(id=rng.permutation(500)) for key in context.partition_keys)

    table = daily(frame)
    materialise(table, span=("2024-01-01", "2024-01-02"))
    uri, rule = lake.table_uri(["table"]), CompactionRule(sort_from_bytes=1)
    content = lake.content_version(["table"])
    assert compact(uri, None, rule, ["id"], WHO).partitions == 2
    for file in DeltaTable(uri).file_uris():
        assert pq.read_table(file, columns=["id"])["id"].to_pylist() == list(range(500))
    assert lake.content_version(["table"]) == content
    assert compact(uri, None, rule, ["id"], WHO).skipped.startswith("nothing to do")
    materialise(table, "2024-01-02")
    assert compact(uri, None, rule, ["id"], WHO).partitions == 1
    assert compact(uri, None, rule, ["value", "id"], WHO).partitions == 2, "other columns sort anew"


def test_its_files_have_dictionaries_for_text_only_like_those_of_the_writer(lake, materialise):
    table = daily(lambda context: daily_frame(context.partition_keys).assign(t="x"), write_mode="append")
    for _ in range(3):
        materialise(table, "2024-01-01")
    uri = lake.table_uri(["table"])
    compact(uri, None, RULE, [], WHO)
    (file,) = DeltaTable(uri).file_uris()
    group = pq.ParquetFile(file).metadata.row_group(0)
    dictionaries = {group.column(n).path_in_schema: group.column(n).has_dictionary_page for n in range(3)}
    assert dictionaries == {"id": False, "value": False, "t": True}


@pytest.mark.parametrize(("column", "found"), [("nowhere", "is not a column"), ("day", "is a partition column")])
def test_a_column_to_sort_by_that_cannot_be_is_told_before_anything_is_done(column, found, lake, materialise):
    appended(materialise, ("2024-01-01", "2024-01-01"), 3)
    with pytest.raises(MissingSettingError, match=f"'{column}', which {found}.*Correct filteredBy"):
        compact(lake.table_uri(["table"]), None, RULE, [column], WHO)
    assert lake.version(["table"]) == 2


def test_it_gives_way_to_writers_of_the_same_partition_and_is_told_in_words(lake, materialise, monkeypatch):
    table = appended(materialise, ("2024-01-01", "2024-01-01"), 3)
    writer = daily(lambda context: daily_frame(context.partition_keys, value=9))
    carry_out = module._carry_out

    def with_a_writer_in_between(opened, *rest):
        materialise(writer, "2024-01-01")
        for _ in range(3):
            materialise(table, "2024-01-01")
        carry_out(opened, *rest)

    monkeypatch.setattr(module, "_carry_out", with_a_writer_in_between)
    monkeypatch.setattr(module, "PAUSE_S", 0.0)
    done = compact(lake.table_uri(["table"]), None, RULE, [], WHO)
    assert done.skipped.startswith("writers changed the same partitions during each of 4 attempts")
    assert lake.row_count(["table"]) == 8
    assert all(commit["operation"] == "WRITE" for commit in DeltaTable(lake.table_uri(["table"])).history())


def test_a_writer_that_loses_against_it_writes_again(lake, materialise, monkeypatch):
    from lakehouse_assets.lake.writing import write

    appended(materialise, ("2024-01-01", "2024-01-01"), 3)
    uri, overwrite = lake.table_uri(["table"]), write._overwrite

    def with_a_compaction_in_between(*given):
        compact(uri, None, RULE, [], WHO)
        return overwrite(*given)

    monkeypatch.setattr(write, "_overwrite", with_a_compaction_in_between)
    assert materialise(daily(lambda context: daily_frame(context.partition_keys, value=9)), "2024-01-01").success
    assert set(lake.read(["table"])["value"].to_pylist()) == {9}
    assert [commit["operation"] for commit in DeltaTable(uri).history(2)] == ["WRITE", "OPTIMIZE"]


def test_the_log_is_kept_and_gets_a_checkpoint_when_it_has_grown(lake, materialise):
    uri = lake.table_uri(["theirs"])
    write_deltalake(uri, pa.table({"a": [1]}))  # as another writer makes it
    assert keep_the_log(uri, None, WHO)
    assert not keep_the_log(uri, None, WHO)
    appended(materialise, ("2024-01-01", "2024-01-01"), 1)
    assert not keep_the_log(lake.table_uri(["table"]), None, WHO), "our own tables are made so"
    assert DeltaTable(uri).metadata().configuration["delta.enableExpiredLogCleanup"] == "false"
    assert commits_since_checkpoint(DeltaTable(uri), None) == 2
    assert not checkpoint(DeltaTable(uri), None, 3)
    assert checkpoint(DeltaTable(uri), None, 2)
    assert commits_since_checkpoint(DeltaTable(uri), None) == 0


KILLED = """
import sys
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lake.maintenance.compaction import CompactionRule, compact
from lakehouse_assets.lake.maintenance.restore import restore_all
from lakehouse_assets.lake.maintenance.vacuum import VacuumRule, vacuum
uri, who = sys.argv[1], Provenance("table")
while True:
    compact(uri, None, CompactionRule(min_small_files=2), ["id"], who)
    restore_all(uri, None, 3, who)
    vacuum(uri, None, lambda: {3: ["x"]}, VacuumRule(0, 0), who, dry_run=False)
"""


@pytest.mark.slow
def test_kill_minus_9_in_the_midst_of_compaction_restore_and_vacuum_loses_no_row(lake, materialise):
    frame = daily(lambda context: daily_frame(context.partition_keys, 20_000), write_mode="append")
    for _ in range(4):
        materialise(frame, span=("2024-01-01", "2024-01-03"))
    uri, content = lake.table_uri(["table"]), lake.content_version(["table"])
    for delay in (0.0, 0.02):
        start = lake.version(["table"])
        process = subprocess.Popen([sys.executable, "-c", KILLED, uri])
        while lake.version(["table"]) < start + 3:
            assert process.poll() is None
            time.sleep(0.005)
        time.sleep(delay)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert lake.content_version(["table"]) == content
        assert lake.content_version(["table"], version=3) == content
    assert materialise(frame, "2024-01-01").success
