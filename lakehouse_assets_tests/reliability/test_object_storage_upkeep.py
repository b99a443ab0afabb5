"""Keeping a lake in an object store well: compaction, vacuum, restoring, sandboxes and erasing, on a real S3 server."""

import datetime as dt
import json
import time
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse_assets.contracts.audit import entries
from lakehouse_assets.lake import sandbox
from lakehouse_assets.lake.errors import ErasedVersionError, MissingTableError
from lakehouse_assets.lake.maintenance.compaction import CompactionRule, compact
from lakehouse_assets.lake.maintenance.log import checkpoint, commits_since_checkpoint, keep_the_log, shorten_log
from lakehouse_assets.lake.maintenance.restore import restorable, restore_all, restore_partitions
from lakehouse_assets.lake.maintenance.vacuum import VacuumRule, vacuum
from lakehouse_assets.lake.partitioning.partitions import resolve
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.operations.erasure.erase import Place, erase
from lakehouse_assets_tests.lake.makers import DAYS, daily, daily_frame, day, rows_of
from lakehouse_assets_tests.operations.erasure.people import (
    ANN,
    BOB,
    CONTRACTS,
    KEYS,
    RAW,
    REQUEST,
    SPELLED,
    named,
    records,
    write,
)
from lakehouse_assets_tests.reliability.conftest import S3
from lakehouse_assets_tests.reliability.test_object_storage import bucket, put, root, three_days

__all__ = ["bucket", "root"]

DAY_KEYS = ["2024-01-01", "2024-01-02", "2024-01-03"]
WHO = Provenance("table", run_id="r")


def scope(lake: Lake, *keys: str):
    return resolve(list(keys), DAYS, {"": "day"}, lake.schema(["table"]), "table")


def objects(s3: S3, lake: Lake, key: list[str]) -> dict[str, bytes]:
    """All that lies below a table, as another client sees it."""
    client = boto3.client(
        "s3",
        endpoint_url=s3.endpoint,
        aws_access_key_id=s3.key,
        aws_secret_access_key=s3.secret,
        region_name="us-east-1",
    )
    prefix = lake.table_uri(key).removeprefix("s3://lake/") + "/"
    listed = client.list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", [])
    names = [one["Key"] for one in listed]
    return {name.removeprefix(prefix): client.get_object(Bucket="lake", Key=name)["Body"].read() for name in names}


def data_files(s3: S3, lake: Lake, key: list[str]) -> set[str]:
    return {name for name in objects(s3, lake, key) if name.endswith(".parquet") and not name.startswith("_delta_log")}


def test_small_files_become_few_sorted_ones_and_no_row_changes(bucket, s3, instance):
    for number in range(5):
        table = daily(
            lambda context, number=number: daily_frame([context.partition_key], 2, 9 - number), write_mode="append"
        )
        for key in DAY_KEYS[:2]:
            put(bucket, table, key, instance=instance)
    before, uri = rows_of(bucket.read(["table"])), bucket.table_uri(["table"])
    done = compact(uri, s3.options, CompactionRule(), ["value"], WHO)
    assert (done.partitions, done.files_before, done.files_after) == (2, 10, 2)
    assert rows_of(bucket.read(["table"])) == before
    first = bucket.read(["table"], columns=["value"], where={"day": day(DAY_KEYS[0])})["value"].to_pylist()
    assert first == sorted(first)
    assert compact(uri, s3.options, CompactionRule(), ["value"], WHO).skipped.startswith("nothing to do")


def test_vacuum_removes_what_nobody_needs_and_keeps_what_is_pinned(bucket, s3, instance):
    for value in range(4):
        three_days(bucket, instance, value)
    uri, rule = bucket.table_uri(["table"]), VacuumRule(retention_hours=0, min_bytes=0)
    pinned, there = rows_of(bucket.read(["table"], version=1)), data_files(s3, bucket, ["table"])
    told = vacuum(uri, s3.options, lambda: {1: ["model x"]}, rule, WHO)
    assert (told.files, told.skipped) == (6, "dry run: nothing was removed")
    assert told.bytes > 0
    assert data_files(s3, bucket, ["table"]) == there
    done = vacuum(uri, s3.options, lambda: {1: ["model x"]}, rule, WHO, dry_run=False)
    assert (done.files, done.skipped) == (6, "")
    assert len(data_files(s3, bucket, ["table"])) == len(there) - 6
    assert rows_of(bucket.read(["table"], version=1)) == pinned
    assert set(bucket.read(["table"])["value"].to_pylist()) == {3}
    with pytest.raises(MissingTableError, match="is gone"):
        bucket.read(["table"], version=2)
    again = vacuum(uri, s3.options, lambda: {1: ["model x"]}, rule, WHO, dry_run=False)
    assert "0 files with 0 bytes" in again.skipped, "what is gone is not counted again"


def test_a_log_gets_checkpoints_and_is_shortened_up_to_a_pin(bucket, s3, instance):
    for value in range(4):
        three_days(bucket, instance, value)
    uri = bucket.table_uri(["table"])
    assert not keep_the_log(uri, s3.options, WHO), "our own tables say so from the beginning"
    assert commits_since_checkpoint(bucket.open(["table"]), s3.options) == 4
    assert checkpoint(bucket.open(["table"]), s3.options, after_commits=2)
    assert commits_since_checkpoint(bucket.open(["table"]), s3.options) == 0
    time.sleep(0.01)
    assert "version 1 is pinned" in shorten_log(uri, s3.options, [1], 0, WHO)
    assert set(bucket.read(["table"], version=1)["value"].to_pylist()) == {1}
    assert shorten_log(uri, s3.options, [], 0, WHO).startswith("log shortened: ")
    assert set(bucket.read(["table"])["value"].to_pylist()) == {3}


def test_a_table_and_some_partitions_come_back_and_what_is_gone_is_refused(bucket, s3, instance):
    for value in range(3):
        three_days(bucket, instance, value)
    uri = bucket.table_uri(["table"])
    found = restorable(uri, s3.options, 0, scope(bucket, *DAY_KEYS), WHO)
    assert (found.version, found.newest, found.contents.total.rows) == (0, 2, 9)
    restore_partitions(uri, s3.options, 0, scope(bucket, DAY_KEYS[1]), False, WHO)
    by_day = {str(d): value for d, value in rows_of(bucket.read(["table"]), "day", "value")}
    assert by_day == {DAY_KEYS[0]: 2, DAY_KEYS[1]: 0, DAY_KEYS[2]: 2}
    restore_all(uri, s3.options, 1, WHO)
    assert set(bucket.read(["table"])["value"].to_pylist()) == {1}
    vacuum(uri, s3.options, lambda: {1: ["model x"]}, VacuumRule(0, 0), WHO, dry_run=False)
    with pytest.raises(MissingTableError, match=r"cannot be restored to version 0.*whole: 1"):
        restorable(uri, s3.options, 0, None, WHO)


def test_a_sandbox_reads_its_versions_until_it_is_dropped(bucket, s3, instance):
    for value in range(2):
        three_days(bucket, instance, value)
    last_day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=3)
    sandbox.make(bucket, "study", {"table": 0}, "ann", "a look", last_day, Provenance("explorative/sandboxes"))
    ours = bucket.sandbox("study")
    assert set(ours.read("table")["value"].to_pylist()) == {0}
    assert ours.duckdb("table").aggregate("max(value), count(*)").fetchall() == [(0, 9)]
    assert ours.read_pandas("table", where={"day": day(DAY_KEYS[0])})["id"].tolist() == [0, 1, 2]
    sandbox.drop(bucket, "study", Provenance("explorative/sandboxes"))
    with pytest.raises(sandbox.SandboxError, match="was dropped"):
        bucket.sandbox("study")
    vacuum(bucket.table_uri(["table"]), s3.options, dict, VacuumRule(0, 0), WHO, dry_run=False)
    with pytest.raises(MissingTableError, match="They were vacuumed"):
        sandbox.make(bucket, "late", {"table": 0}, "ann", "a look", last_day, Provenance("explorative/sandboxes"))
    assert sandbox.living(bucket) == {}


def traces(s3: S3, lake: Lake, key: list[str], *names: str) -> list[str]:
    """The objects below a table that hold any of the names, Parquet decoded."""
    found = []
    for name, content in objects(s3, lake, key).items():
        rows = pq.read_table(pa.BufferReader(content)).to_pylist() if name.endswith(".parquet") else ""
        text = content.decode("latin-1") + json.dumps(rows, default=str)
        if named(*names).search(text):
            found.append(name)
    return found


def test_a_person_goes_out_of_every_object_of_a_table_its_past_and_its_log(bucket, s3, tmp_path: Path):
    for number in range(4):
        write(bucket, RAW, records(ANN if number in (1, 3) else "B-30333", number))
    # As a table of somebody else, whose log has statistics.
    copy = ["explorative", "ann", "copy"]
    for number in range(2):
        write(bucket, copy, records(ANN, number), personal=False)
    bucket.open(copy).create_checkpoint()
    assert len(traces(s3, bucket, RAW, ANN)) == 2
    assert len(traces(s3, bucket, copy, ANN)) > 3, "in files, commits and the checkpoint"
    place = Place(bucket, CONTRACTS, tmp_path, lambda: {"upkeep version 1": {"/".join(RAW): 1}})
    dry = erase(place, REQUEST, KEYS, dry_run=True)
    assert set(dry.tables) == {"/".join(RAW), "/".join(copy)}
    assert len(traces(s3, bucket, RAW, ANN)) == 2
    report = erase(place, REQUEST, KEYS, dry_run=False, run_id="run 1")
    assert report.left == ()
    assert "upkeep version 1" in report.models[0]
    for key in (RAW, copy):
        assert traces(s3, bucket, key, *SPELLED, *KEYS.all_of(ANN)) == []
    assert bucket.read(RAW)["badge"].to_pylist().count("erased") == 2
    assert bucket.read(RAW)["badge"].to_pylist().count(BOB) == 4
    with pytest.raises(ErasedVersionError):
        bucket.read(RAW, version=1)
    assert bucket.read(RAW, version=0).num_rows == 2
    assert entries(bucket, "erase")["subject"].tolist() == [KEYS.of(ANN)]
    assert not erase(place, REQUEST, KEYS, dry_run=False).found_anything
