"""An erasure that cannot finish says so, and one that was killed ends as if undisturbed when it is run again."""

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse_assets.contracts.audit import entries
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.erasure.erase import ErasureIncompleteError, Place, UnknownPersonError, erase
from lakehouse_assets_tests.operations.erasure.erasing import erased, traces
from lakehouse_assets_tests.operations.erasure.people import (
    ANN,
    BOB,
    HARMONIZED,
    KEYS,
    OTHER,
    QUARANTINE,
    RAW,
    REQUEST,
    ROSTER,
    SANDBOX,
    everybody,
)


def test_a_file_that_a_writer_may_be_about_to_commit_is_left_and_said_and_goes_when_it_is_old(
    place: Place, tmp_path: Path
) -> None:

    stray = tmp_path / "lake" / Path(*RAW) / "day=2024-01-02" / "part-0-stray.parquet"
    pq.write_table(pa.table({"badge": [ANN]}), stray)
    careful = dataclasses.replace(REQUEST, in_flight=timedelta(hours=1))
    with pytest.raises(ErasureIncompleteError, match="1 files belong to no version and are younger than 1:00:00"):
        erase(place, careful, KEYS, dry_run=False)
    assert traces(tmp_path) == [str(stray.relative_to(tmp_path))]
    assert entries(place.lake)["action"].tolist() == ["erase_begun", "erase_incomplete"]
    os.utime(stray, (0, 0))
    erase(place, careful, KEYS, dry_run=False)
    assert traces(tmp_path) == []
    assert entries(place.lake)["action"].tolist()[-1] == "erase"


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("append-only", r"table raw/odd/table could not be written without the person: .*append-only"),
        ("constraint", r"table raw/odd/table could not be written without the person: .*Rows break a constraint"),
        ("partitioned", r"table raw/odd/table is partitioned by a column that holds the person"),
    ],
)
def test_a_table_that_cannot_be_cleaned_is_said_with_what_to_do_and_all_others_are_cleaned(
    how: str, said: str, place: Place, tmp_path: Path
) -> None:
    uri = place.lake.table_uri(["raw", "odd", "table"])
    write_deltalake(
        uri,
        pa.table({"who": [ANN, BOB], "n": [1, 2]}),
        partition_by=["who"] if how == "partitioned" else None,
        configuration={"delta.appendOnly": "true"} if how == "append-only" else None,
    )
    if how == "constraint":
        DeltaTable(uri).alter.add_constraint({"a_badge": "who LIKE 'B-%'"})
    with pytest.raises(ErasureIncompleteError, match=f"(?s){said}"):
        erased(place)
    assert [path for path in traces(tmp_path) if not path.startswith("lake/raw/odd/")] == []
    assert place.lake.row_count(["raw", "odd", "table"]) == 2
    assert entries(place.lake)["action"].iloc[-1] == "erase_incomplete"
    shutil.rmtree(uri)
    erased(place)
    assert entries(place.lake)["action"].iloc[-1] == "erase"


@pytest.mark.parametrize("given", ["", " ", "---", "erased", "Ann, of the night shift", "a b c d e"])
def test_what_is_neither_badge_nor_pseudonym_is_refused_without_being_quoted(place: Place, given: str) -> None:
    with pytest.raises(UnknownPersonError, match="neither a pseudonym") as refused:
        erased(place, given)
    assert given.strip() == "" or given == "erased" or given not in str(refused.value)


CRASHING = """
import os, signal, sys
from pathlib import Path
from lakehouse_assets.contracts import audit
from lakehouse_assets.operations.erasure import erase as module, log, table
from lakehouse_assets_tests.operations.erasure.people import CONTRACTS, KEYS, REQUEST
from lakehouse_assets.lake.table import Lake
steps, at = 0, 0
def counted(function):
    def step(*given, **named):
        global steps
        steps += 1
        if steps == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*given, **named)
    return step
for name in ("add_erased", "rewrite", "purge", "write_redacted", "record"):
    setattr(module, name, counted(getattr(module, name)))
table.expunge = counted(table.expunge)
real = table.file_system
class Watched:
    def __init__(self, files):
        self.files, self.delete_file = files, counted(files.delete_file)
    def __getattr__(self, name):
        return getattr(self.files, name)
table.file_system = lambda uri, options: Watched(real(uri, options))
for at, folder in enumerate(sys.argv[1:], start=1):
    if os.fork() == 0:
        place = module.Place(Lake(folder + "/lake"), CONTRACTS, Path(folder) / "landing")
        at = at * 7 - 6
        module.erase(place, REQUEST, KEYS, dry_run=False)
        os._exit(steps)
    _, status = os.wait()
    print(os.WTERMSIG(status) if os.WIFSIGNALED(status) else f"ended after {os.WEXITSTATUS(status)} steps")
"""


CRASHES = 4


def test_killed_anywhere_and_run_again_it_ends_as_if_undisturbed(place: Place, tmp_path: Path) -> None:
    folders = [tmp_path / f"killed {number}" for number in range(CRASHES)]
    for folder in folders:
        for part in ("lake", "landing"):
            shutil.copytree(tmp_path / part, folder / part)
    command = [sys.executable, "-c", CRASHING, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=1800)
    assert done.stdout.split() == [str(int(signal.SIGKILL))] * CRASHES, done.stdout + done.stderr
    erased(place)
    keys = (RAW, HARMONIZED, SANDBOX, OTHER, ROSTER, QUARANTINE)
    expected = [everybody(place.lake, key) for key in keys]
    for folder in folders:
        killed = dataclasses.replace(place, lake=Lake(str(folder / "lake")), landing=folder / "landing")
        assert [killed.lake.read(key).num_rows > 0 for key in keys] == [True] * len(keys), "half done, all can be read"
        erased(killed)
        assert traces(folder) == [], folder
        assert [everybody(killed.lake, key) for key in keys] == expected, folder
        assert entries(killed.lake)["action"].tolist()[-1] == "erase"
