"""Several processes at one table, and processes that are killed."""

import time
from pathlib import Path

import pytest

from lakehouse_assets_tests.lake.makers import daily, daily_frame, day, rows_of
from lakehouse_assets_tests.lake.writing.writers import FORKS, write

KEYS = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]


def _start(lake, key, value, rows=50, mode="overwrite"):
    Path(lake.uri).mkdir(parents=True, exist_ok=True)
    writer = FORKS.Process(target=write, args=(lake.uri, key, value, rows, mode), daemon=True)
    writer.start()
    return writer


def _finish(lake, writers):
    while len(list(Path(lake.uri).glob("ready-*"))) < len(writers):
        assert all(writer.is_alive() for writer in writers)
        time.sleep(0.02)
    Path(lake.uri, "go").touch()
    for writer in writers:
        writer.join(900)
        assert writer.exitcode == 0, "what it raised stands in the captured output"


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["overwrite", "append", "merge"])
def test_different_partitions_of_a_table_that_is_not_there_yet_all_succeed(mode, lake):
    _finish(lake, [_start(lake, key, number, mode=mode) for number, key in enumerate(KEYS)])
    expected = sorted((day(key), place, number) for number, key in enumerate(KEYS) for place in range(50))
    assert rows_of(lake.read(["table"])) == sorted(expected, key=repr)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["overwrite", "merge"])
@pytest.mark.parametrize("there", [False, True], ids=["new-table", "old-table"])
def test_the_same_partition_at_once_ends_as_one_of_the_writers_data(there, mode, lake, materialise):
    if there:
        materialise(daily(lambda context: daily_frame([context.partition_key], 50, 9)), KEYS[0])
        materialise(daily(lambda context: daily_frame([context.partition_key], 50, 9)), KEYS[1])
    _finish(lake, [_start(lake, KEYS[0], value, mode=mode) for value in range(4)])
    rows = rows_of(lake.read(["table"], where={"day": day(KEYS[0])}), "id", "value")
    assert len(rows) == 50
    assert len({value for _, value in rows}) == 1
    if there:
        assert lake.row_count(["table"], where={"day": day(KEYS[1])}) == 50
    assert lake.version(["table"]) == (5 if there else 3)


@pytest.mark.slow
def test_appends_at_once_all_arrive_once(lake):
    _finish(lake, [_start(lake, KEYS[0], value, mode="append") for value in range(4)])
    values = [row[0] for row in rows_of(lake.read(["table"]), "value")]
    assert {value: values.count(value) for value in set(values)} == dict.fromkeys(range(4), 50)


@pytest.mark.slow
def test_kill_minus_9_leaves_the_table_as_before_or_after_and_running_again_mends_it(lake, materialise):
    def table(value):
        return daily(lambda context: daily_frame([context.partition_key], 200_000, value))

    materialise(table(0), KEYS[0])
    for value, delay in enumerate((0.05, 0.15, 0.3, 0.5, 0.8), start=1):
        before = {row[0] for row in rows_of(lake.read(["table"]), "value")}
        for file in Path(lake.uri).glob("ready-*"):
            file.unlink()
        Path(lake.uri, "go").unlink(missing_ok=True)
        writer = _start(lake, KEYS[0], value, 200_000)
        while not list(Path(lake.uri).glob("ready-*")):
            time.sleep(0.01)
        Path(lake.uri, "go").touch()
        time.sleep(delay)
        writer.kill()
        writer.join()
        found = lake.read(["table"], columns=["value"])
        assert found.num_rows == 200_000
        assert set(found["value"].unique().to_pylist()) in (before, {value})
    materialise(table(7), KEYS[0])
    assert lake.content_version(["table"]).endswith("-200000")
    assert lake.read(["table"], columns=["value"])["value"].unique().to_pylist() == [7]
