"""The DuckDB file of views: what an outside client sees of real tables, whoever writes them and whenever it looks."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lakehouse_assets.lake.errors import LakeError, StorageError
from lakehouse_assets.lake.sql.views import TableNotes, write_sql_views
from lakehouse_assets_tests.lake.makers import rows_of
from lakehouse_assets_tests.lake.sql.sql_clients import LOOP, asked

KEY = ("distilled", "t", "table")
VIEW = "distilled.t_table"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "lake.duckdb"


def _write(lake, rows, key=KEY, **options):
    Path(lake.table_uri(key)).parent.mkdir(parents=True, exist_ok=True)
    write_deltalake(lake.table_uri(key), rows, **options)


def _seen(client, lake, key=KEY, view=VIEW):
    """What a client sees, which has to be what the lake holds."""
    names = ", ".join(f'"{name}"' for name in lake.schema(key).names)
    seen = client.execute(f"SELECT {names} FROM {view}").fetchall()
    assert sorted(seen, key=repr) == rows_of(lake.read(key))
    return seen


def test_a_client_outside_the_project_sees_the_rows_the_types_and_what_the_contract_says(lake, file):
    _write(lake, pa.table({"day": [dt.date(2024, 1, 1)] * 2, "id": [1, 2], "name": ["a", None]}), partition_by=["day"])
    _write(lake, pa.table({"secret": [1]}), key=("raw", "t", "files"))
    views = write_sql_views(lake.uri, file, {KEY: TableNotes("What it is", {"id": "Its number [1]"})})
    rows, kinds, comments, tables = asked(
        file,
        f"FROM {VIEW} ORDER BY id",
        f"SELECT column_name, column_type FROM (DESCRIBE {VIEW})",
        "SELECT comment FROM duckdb_views() WHERE comment IS NOT NULL UNION ALL "
        "SELECT comment FROM duckdb_columns() WHERE comment IS NOT NULL",
        "SELECT table_schema, table_name FROM information_schema.tables",
    )
    assert rows == [["2024-01-01", 1, "a"], ["2024-01-01", 2, None]]
    assert kinds == [["day", "DATE"], ["id", "BIGINT"], ["name", "VARCHAR"]]
    assert comments == [["What it is"], ["Its number [1]"]]
    assert tables == [["distilled", "t_table"]]
    assert views.shown == {'"distilled"."t_table"': KEY}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["plain", "it's", "a b", "a/b", "50%", "%25", "ü", "a+b", "[x]", "a=b", "*", None], pa.string()),
        ([dt.date(2024, 1, 1), dt.date(1969, 12, 31), None], pa.date32()),
        ([dt.datetime(2024, 1, 1, 5, 30), dt.datetime(2024, 1, 1, 5, 30, 0, 250), None], pa.timestamp("us")),
        (
            [dt.datetime(2024, 1, 1, 5, 30, tzinfo=dt.UTC), dt.datetime(2024, 7, 1, 0, 0, 1, 5, tzinfo=dt.UTC), None],
            pa.timestamp("us", "UTC"),
        ),
        ([-7, 0, 2**40, None], pa.int64()),
        ([True, False, None], pa.bool_()),
    ],
    ids=["text", "date", "wall-clock", "instant", "integer", "truth"],
)
@pytest.mark.parametrize("made", ["before", "after"])
def test_partition_values_come_back_as_they_were_written(made, values, kind, lake, file):
    rows = pa.table({"id": list(range(len(values))), "part": pa.array(values, kind)})
    _write(lake, rows.slice(0, 1) if made == "before" else rows, partition_by=["part"])
    write_sql_views(lake.uri, file)
    if made == "before":
        _write(lake, rows.slice(1), mode="append")
    with duckdb.connect(file, read_only=True) as client:
        client.execute("SET TimeZone = 'America/New_York'")
        assert client.execute(f"SELECT id FROM {VIEW} WHERE part = $1", [values[1]]).fetchall() == [(1,)]
        value = "epoch_us(part)" if pa.types.is_timestamp(kind) else "part"
        seen = client.execute(f"SELECT id, {value} FROM {VIEW} ORDER BY id").fetchall()
    wanted = pa.array(values, kind).cast(pa.int64()).to_pylist() if pa.types.is_timestamp(kind) else values
    assert seen == list(enumerate(wanted))


_STEPS = st.lists(
    st.sampled_from(["append", "overwrite", "part", "delete", "compact", "restore", "merge", "make"]), max_size=7
)


@given(steps=_STEPS)
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_client_that_stays_sees_every_commit_whatever_it_was(steps, tmp_path_factory):
    from lakehouse_assets.lake.table import Lake

    folder = tmp_path_factory.mktemp("steps")
    lake, file = Lake(str(folder / "lake")), folder / "lake.duckdb"
    _write(lake, _rows(0), partition_by=["part"])
    write_sql_views(lake.uri, file)
    with duckdb.connect(file, read_only=True) as client:
        for number, step in enumerate(steps, start=1):
            _do(step, number, lake, file)
            _seen(client, lake)


def _rows(number, parts=("a", "b")):
    rows = 3 * len(parts)
    part = [part for part in parts for _ in range(3)]
    return pa.table({"part": part, "id": list(range(rows)), "n": [number] * rows})


def _do(step, number, lake, file):
    table = DeltaTable(lake.table_uri(KEY))
    if step == "append":
        write_deltalake(table, _rows(number), mode="append")
    elif step == "overwrite":
        write_deltalake(table, _rows(number), mode="overwrite")
    elif step == "part":
        write_deltalake(table, _rows(number, ("b",)), mode="overwrite", predicate="part = 'b'")
    elif step == "delete":
        table.delete("part = 'a' OR id = 4")
    elif step == "compact":
        table.optimize.compact()
    elif step == "restore" and table.version() > 0:
        table.restore(0)
    elif step == "merge":
        merge = table.merge(_rows(number), "t.part = s.part AND t.id = s.id", source_alias="s", target_alias="t")
        merge.when_matched_update_all().when_not_matched_insert_all().execute()
    elif step == "make":
        write_sql_views(lake.uri, file)


def test_the_ranges_baked_into_a_view_do_not_outlive_the_version_they_are_of(lake, file):
    _write(lake, pa.table({"n": [1, 2, 3]}))
    write_sql_views(lake.uri, file)
    with duckdb.connect(file, read_only=True) as client:
        assert client.execute(f"SELECT count(*) FROM {VIEW} WHERE n > 7").fetchall() == [(0,)]
        _write(lake, pa.table({"n": [None, 99]}), mode="append")
        found = client.execute(f"SELECT count(*), max(n), count(n) FROM {VIEW} WHERE n > 7 OR n IS NULL").fetchall()
        assert found == [(2, 99, 1)]


def test_files_that_no_commit_names_are_not_read(lake, file):
    _write(lake, pa.table({"n": [1]}))
    write_sql_views(lake.uri, file)
    (data,) = Path(lake.table_uri(KEY)).glob("*.parquet")
    data.with_name("part-00000-aborted.parquet").write_bytes(data.read_bytes())
    assert asked(file, f"SELECT n FROM {VIEW}") == [[[1]]]
    _write(lake, pa.table({"n": [2]}), mode="append")
    assert asked(file, f"SELECT n FROM {VIEW} ORDER BY n") == [[[1], [2]]]


@pytest.mark.parametrize("gone", ["made", "since"])
def test_a_file_that_the_log_names_and_that_is_gone_is_an_error_and_not_fewer_rows(gone, lake, file):
    _write(lake, pa.table({"n": [1]}))
    write_sql_views(lake.uri, file)
    before = set(Path(lake.table_uri(KEY)).glob("*.parquet"))
    _write(lake, pa.table({"n": [2]}), mode="append")
    after = set(Path(lake.table_uri(KEY)).glob("*.parquet"))
    for data in before if gone == "made" else after - before:
        data.unlink()
    expected = "No such file|No files found" if gone == "made" else "which the log names, is gone"
    with duckdb.connect(file, read_only=True) as client, pytest.raises(duckdb.Error, match=expected):
        client.execute(f"SELECT n FROM {VIEW}").fetchall()


def test_added_columns_are_null_in_old_rows_and_widened_ones_keep_their_values(lake, file):
    _write(lake, pa.table({"n": pa.array([1], pa.int32())}))
    write_sql_views(lake.uri, file)
    _write(lake, pa.table({"n": pa.array([2], pa.int32()), "s": ["x"]}), mode="append", schema_mode="merge")
    assert asked(file, f"FROM {VIEW} ORDER BY n") == [[[1], [2]]]
    write_sql_views(lake.uri, file)
    assert asked(file, f"FROM {VIEW} ORDER BY n") == [[[1, None], [2, "x"]]]
    _write(lake, pa.table({"n": pa.array([2**40], pa.int64())}), mode="overwrite", schema_mode="overwrite")
    with (
        duckdb.connect(file, read_only=True) as client,
        pytest.raises(duckdb.Error, match=r"columns of .* have changed|failed to cast"),
    ):
        client.execute(f"FROM {VIEW}").fetchall()
    write_sql_views(lake.uri, file)
    assert asked(file, f"FROM {VIEW}") == [[[2**40]]]


@pytest.mark.parametrize("feature", ["deletionVectors", "columnMapping"])
def test_a_table_whose_files_do_not_tell_its_rows_is_refused_in_words(feature, lake, file):
    _write(lake, pa.table({"n": [1]}))
    _write(lake, pa.table({"n": [1]}), key=("distilled", "t", "other"))
    write_sql_views(lake.uri, file)
    protocol = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": [feature], "writerFeatures": [feature]}
    Path(lake.table_uri(KEY), "_delta_log", f"{1:020d}.json").write_text(json.dumps({"protocol": protocol}) + "\n")
    with duckdb.connect(file, read_only=True) as client, pytest.raises(duckdb.Error, match="may read wrong"):
        client.execute(f"FROM {VIEW}").fetchall()
    assert list(write_sql_views(lake.uri, file).refused) == [KEY]
    with duckdb.connect(file, read_only=True) as client:
        with pytest.raises(duckdb.Error, match=f"cannot be shown in SQL: it uses {feature}"):
            client.execute(f"FROM {VIEW}").fetchall()
        assert client.execute("FROM distilled.t_other").fetchall() == [(1,)]


def test_an_empty_table_has_its_columns_and_no_rows(lake, file):
    DeltaTable.create(lake.table_uri(KEY), pa.schema([("n", pa.int64())]))
    write_sql_views(lake.uri, file)
    assert asked(file, f"FROM {VIEW}", f"SELECT column_name FROM (DESCRIBE {VIEW})") == [[], [["n"]]]
    _write(lake, pa.table({"n": [2]}), mode="append")
    assert asked(file, f"FROM {VIEW}") == [[[2]]]


def test_commits_missing_from_the_log_are_an_error(lake, file):
    _write(lake, pa.table({"n": [0]}))
    write_sql_views(lake.uri, file)
    for number in (1, 2):
        _write(lake, pa.table({"n": [number]}), mode="append")
    Path(lake.table_uri(KEY), "_delta_log", f"{1:020d}.json").unlink()
    with duckdb.connect(file, read_only=True) as client, pytest.raises(duckdb.Error, match="are gone from the log"):
        client.execute(f"FROM {VIEW}").fetchall()


def test_two_tables_of_one_name_and_an_object_store_are_refused(lake, file):
    _write(lake, pa.table({"n": [0]}), key=("distilled", "a_b", "c"))
    _write(lake, pa.table({"n": [0]}), key=("distilled", "a", "b_c"))
    with pytest.raises(LakeError, match="would both be"):
        write_sql_views(lake.uri, file)
    with pytest.raises(StorageError, match="httpfs"):
        write_sql_views("s3://bucket/lake", file)
    assert list(file.parent.glob("*duckdb*")) == []


def test_while_tables_are_written_a_query_never_fails_mixes_versions_or_looks_back(lake, file, tmp_path):
    committed, stop = tmp_path / "committed", tmp_path / "stop"

    def rows(version):
        ids = list(range(4000))
        return pa.table({"part": [str(one % 4) for one in ids], "amount": ids, "version": [version] * 4000})

    _write(lake, rows(0), partition_by=["part"])
    write_sql_views(lake.uri, file)
    committed.write_text("0")
    command = [sys.executable, "-I", "-c", LOOP, str(file), str(committed), str(stop)]
    counts = [tmp_path / name for name in "ab"]
    readers = [subprocess.Popen([*command, str(count)], stderr=subprocess.PIPE, text=True, cwd="/") for count in counts]

    def asked_by(count):
        return int(count.read_text() or 0) if count.exists() else 0

    began = time.monotonic()
    version = 0
    # For six seconds, and for as long as it takes until both have asked while much was written.
    while all(reader.poll() is None for reader in readers):
        if time.monotonic() > began + 6 and version > 10 and min(map(asked_by, counts)) > 5:
            break
        assert time.monotonic() < began + 600, [version, *map(asked_by, counts)]
        version += 1
        _next_version(DeltaTable(lake.table_uri(KEY)), rows(version), version)
        committed.with_suffix(".new").write_text(str(version))
        committed.with_suffix(".new").replace(committed)
        if version % 5 == 0:
            write_sql_views(lake.uri, file)
    stop.touch()
    for reader in readers:
        _, errors = reader.communicate(timeout=600)
        assert reader.returncode == 0, errors[-3000:]
    assert version > 10
    assert min(map(asked_by, counts)) > 5


def _next_version(table, rows, version):
    if version % 3 == 0:
        merge = table.merge(rows, "t.part = s.part AND t.amount = s.amount", source_alias="s", target_alias="t")
        merge.when_matched_update_all().execute()
    else:
        write_deltalake(table, rows, mode="overwrite")
    if version % 4 == 0:
        table.optimize.compact()


def test_kill_minus_9_while_the_file_is_made_leaves_the_old_one_whole(lake, file):
    for number in range(12):
        _write(lake, pa.table({"n": [number]}), key=("distilled", "t", f"table_{number}"))
    write_sql_views(lake.uri, file)
    code = (
        "import sys; from pathlib import Path; from lakehouse_assets.lake.sql.views import write_sql_views\n"
        "print(flush=True)\n"
        "while True: write_sql_views(sys.argv[1], Path(sys.argv[2]))"
    )
    for delay in (0.05, 0.12, 0.2):
        maker = subprocess.Popen([sys.executable, "-c", code, lake.uri, str(file)], stdout=subprocess.PIPE)
        assert maker.stdout is not None
        maker.stdout.readline()
        time.sleep(delay)
        os.kill(maker.pid, signal.SIGKILL)
        maker.communicate()
        with duckdb.connect(file, read_only=True) as client:
            assert [client.execute(f"FROM distilled.t_table_{one}").fetchall() for one in (0, 11)] == [[(0,)], [(11,)]]
    for left in file.parent.glob(".lake.duckdb.*"):
        os.utime(left, (0, 0))
    write_sql_views(lake.uri, file)
    assert [left.name for left in file.parent.iterdir() if "duckdb" in left.name] == ["lake.duckdb"]
