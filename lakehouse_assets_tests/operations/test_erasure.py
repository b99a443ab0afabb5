"""Erasing a person from a lake of real tables."""

import contextlib
import dataclasses
import hashlib
import json
import os
import re
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

from lakehouse_assets.contracts.erased import erased_persons
from lakehouse_assets.lake.errors import ErasedVersionError, MissingTableError
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.audit import entries
from lakehouse_assets.operations.erasure.erase import ErasureIncompleteError, Place, Report, UnknownPersonError, erase
from lakehouse_assets_tests.contracts.test_archives import zipped
from lakehouse_assets_tests.operations.people import (
    ANN,
    BOB,
    HARMONIZED,
    KEYS,
    LANDED,
    OTHER,
    QUARANTINE,
    RAW,
    REQUEST,
    ROSTER,
    SANDBOX,
    SPELLED,
    everybody,
    grep,
    lake_with_ann,
    records,
    state,
    write,
)

#: All that Ann may be found by: her badge in any spelling, and her pseudonyms by either key.
TRACES = (*SPELLED, *KEYS.all_of(ANN))
#: The tables that may name her pseudonym, and only that.
KEPT = ("lake/monitoring/platform/audit/", "lake/monitoring/platform/erased_persons/")


def traces(folder: Path) -> list[str]:
    return [path for path in grep(folder, *TRACES) if not path.startswith(KEPT)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = lake_with_ann(tmp_path)
    assert len(traces(tmp_path)) > 15, "she is in many files, or this test shows nothing"
    return made


def erased(place: Place, given: str = ANN) -> Report:
    return erase(place, dataclasses.replace(REQUEST, given=given), KEYS, dry_run=False, run_id="run 1")


def test_after_an_erasure_no_file_below_lake_and_landing_holds_the_badge_or_the_pseudonym(
    place: Place, tmp_path: Path
) -> None:
    erased(place)
    assert traces(tmp_path) == []
    assert grep(tmp_path, *SPELLED) == [], "the badge is not even in the audit"


def test_a_pseudonym_is_enough_to_find_the_badge_wherever_it_stands(place: Place, tmp_path: Path) -> None:
    erased(place, KEYS.of(ANN))
    assert traces(tmp_path) == []


def test_everybody_elses_rows_stay_and_hers_stay_without_her_or_go_as_the_contract_says(place: Place) -> None:
    lake = place.lake
    before = {tuple(key): everybody(lake, key) for key in (RAW, HARMONIZED, SANDBOX, OTHER, ROSTER, QUARANTINE)}
    erased(place)

    def without_ann(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
        plain = [
            tuple(
                value.replace(KEYS.of(ANN), "erased").replace(ANN, "erased").replace("b 10423", "erased")
                if isinstance(value, str)
                else value
                for value in row
            )
            for row in rows
        ]
        return sorted(plain, key=repr)

    for key in (RAW, HARMONIZED, SANDBOX, OTHER):
        assert everybody(lake, key) == without_ann(before[tuple(key)]), key
    assert everybody(lake, ROSTER) == [(BOB, "2")], "a table of persons loses the row"
    assert sorted(lake.read(QUARANTINE).to_pylist(), key=repr) == [
        {"text": "erased,1,torn", "content": b"\xfferased"},
        {"text": "other", "content": None},
    ]
    assert lake.read(["distilled", "staff", "crews"]).to_pylist() == [{"crew": {"people": ["erased", BOB]}}]


def test_a_table_without_her_is_not_touched(place: Place, tmp_path: Path) -> None:
    before = state(tmp_path / "lake" / "/".join(OTHER))
    erased(place)
    assert state(tmp_path / "lake" / "/".join(OTHER)) == before


def test_a_version_that_held_her_says_so_and_versions_without_her_can_still_be_read(place: Place) -> None:
    lake, newest = place.lake, place.lake.version(RAW)
    report = erased(place)
    assert report.tables["/".join(RAW)]["versions_lost"] == f"1-{newest}"
    assert lake.row_count(RAW, version=0) == 2
    said = rf"held a person who was erased.*without that person is {newest + 1}; the last one before it is version 0"
    for version in (1, newest):
        with pytest.raises(ErasedVersionError, match=said):
            lake.read(RAW, version=version)
    assert lake.row_count(RAW, version=newest + 1) == 8
    assert lake.read(SANDBOX, version=0).num_rows == 2


def test_registered_models_that_lose_a_pinned_version_are_named_in_report_and_audit(place: Place) -> None:
    report = erased(place)
    assert report.models == ("upkeep version 1 (raw/turbofan/maintenance_records version 1)",)
    deeds = entries(place.lake)
    assert deeds["action"].tolist() == ["erase_begun", "erase"]
    last = deeds.iloc[-1]
    assert (last["subject"], last["who"], last["reason"], last["run_id"]) == (
        KEYS.of(ANN),
        "data protection officer",
        "request 17",
        "run 1",
    )
    assert last["details"]["models_that_cannot_be_trained_again"] == list(report.models)
    assert last["details"]["tables"]["/".join(RAW)]["rows_by_column"] == {"badge": 2, "note": 1}
    assert last["details"]["landing_files"] == [LANDED]


def test_a_table_that_no_contract_calls_personal_is_named(place: Place) -> None:
    report = erased(place)
    assert report.tables["/".join(SANDBOX)]["columns_no_contract_calls_personal"] == ["badge", "note"]
    assert report.tables["/".join(RAW)]["columns_no_contract_calls_personal"] == []


def test_a_dry_run_changes_nothing_and_says_what_would_be_done(place: Place, tmp_path: Path) -> None:
    before = state(tmp_path)
    report = erase(place, REQUEST, KEYS, dry_run=True)
    assert state(tmp_path) == before
    done = erased(place)
    assert (report.tables, report.landing_files, report.models) == (done.tables, done.landing_files, done.models)
    assert len(report.tables) == 7


def test_erasing_twice_changes_nothing_the_second_time(place: Place, tmp_path: Path) -> None:
    erased(place)
    before = state(tmp_path)
    again = erased(place)
    assert not again.found_anything
    assert state(tmp_path) == before


def test_erasing_a_second_person_keeps_what_was_said_of_the_first(place: Place, tmp_path: Path) -> None:
    erased(place)
    erased(place, BOB)
    assert traces(tmp_path) == []
    assert [path for path in grep(tmp_path, "20111", *KEYS.all_of(BOB)) if not path.startswith(KEPT)] == []
    assert len(erased_persons(place.lake, KEYS).persons) == 4, "both, by both keys"
    assert (tmp_path / "landing" / "turbofan" / LANDED).read_text() == "badge,note\nerased,x\nerased,with erased\n"


def test_rows_carry_the_digest_of_the_file_as_it_is_now_so_that_it_is_not_taken_in_again(
    place: Place, tmp_path: Path
) -> None:
    path = tmp_path / "landing" / "turbofan" / LANDED
    old = hashlib.sha256(path.read_bytes()).hexdigest()
    write(place.lake, RAW, records(ANN, 9, sha256=old))
    erased(place)
    new = hashlib.sha256(path.read_bytes()).hexdigest()
    assert new != old
    digests = place.lake.read(RAW, where={"day": records(ANN, 9)["day"][0].as_py()})["sha256"].to_pylist()
    assert digests == [new, new]


def test_a_file_that_comes_back_is_cleaned_again_and_no_table_is_rewritten_for_it(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "landing" / "turbofan" / LANDED
    delivered = path.read_bytes()
    erased(place)
    write(place.lake, RAW, records(BOB, 9, sha256=hashlib.sha256(path.read_bytes()).hexdigest()))
    cleaned, version = path.read_bytes(), place.lake.version(RAW)
    path.write_bytes(delivered)
    assert erased(place).landing_files == (LANDED,)
    assert path.read_bytes() == cleaned
    assert place.lake.version(RAW) == version


def test_the_log_of_a_personal_column_never_held_its_values(tmp_path: Path) -> None:
    lake_with_ann(tmp_path)
    for key in (RAW, HARMONIZED, QUARANTINE, ROSTER):
        log = tmp_path / "lake" / Path(*key) / "_delta_log"
        assert grep(log, *TRACES, BOB) == [], key
    added = json.loads((tmp_path / "lake" / Path(*RAW) / "_delta_log" / f"{0:020}.json").read_text().splitlines()[-1])
    assert "minutes" in json.loads(added["add"]["stats"])["minValues"], "other columns keep their statistics"


def test_an_old_table_loses_statistics_of_personal_columns_with_its_next_write(tmp_path: Path) -> None:
    place = lake_with_ann(tmp_path)
    old = ["raw", "staff", "old"]
    write_deltalake(place.lake.table_uri(old), pa.table({"badge": [BOB]}))
    from lakehouse_assets.lake.personal import keep_out_of_statistics

    table = DeltaTable(place.lake.table_uri(old))
    keep_out_of_statistics(table, ["badge"])
    write_deltalake(table, pa.table({"badge": ["B-77777"]}), mode="append")
    assert grep(tmp_path / "lake" / "raw" / "staff" / "old" / "_delta_log", "B-77777") == []


def test_a_file_that_a_writer_may_be_about_to_commit_is_left_and_said_and_goes_when_it_is_old(
    place: Place, tmp_path: Path
) -> None:
    import pyarrow.parquet as pq

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


def test_a_landing_file_that_may_not_be_written_is_said_and_all_else_is_done(place: Place, tmp_path: Path) -> None:
    from unittest import mock

    refused = PermissionError(13, "Permission denied")
    with (
        mock.patch("lakehouse_assets.operations.erasure.landing.Path.replace", side_effect=refused),
        pytest.raises(ErasureIncompleteError, match=f"{LANDED} may not be written"),
    ):
        erased(place)
    assert [path for path in traces(tmp_path) if path.startswith("lake/")] == []


def test_an_archive_in_the_landing_folder_is_searched_and_its_copy_in_quarantine_goes(
    place: Place, tmp_path: Path
) -> None:
    """What a person packs together is not ours to rewrite; what raw kept of it is."""
    packed = zipped(**{"shifts.txt": f"late: {ANN.lower()}\n".encode()})
    path = tmp_path / "landing" / "turbofan" / "shifts.zip"
    path.write_bytes(packed)
    other = zipped(other=b"nobody")
    torn = pa.table({"text": ["", ""], "content": [packed, other]})
    write(place.lake, QUARANTINE, torn, partitioned=False)
    assert path.name in erase(place, REQUEST, KEYS, dry_run=True).landing_files
    with pytest.raises(ErasureIncompleteError, match=r"shifts\.zip is an archive that mentions the person"):
        erased(place)
    assert path.read_bytes() == packed
    kept = place.lake.read(QUARANTINE)["content"].to_pylist()
    assert packed not in kept
    assert other in kept
    for version in range(place.lake.version(QUARANTINE)):
        with contextlib.suppress(MissingTableError):
            assert packed not in place.lake.read(QUARANTINE, version=version)["content"].to_pylist()
    assert erased_persons(place.lake, KEYS).redact(packed) == b"erased", "ingestion keeps nothing of it either"
    path.unlink()
    erased(place)
    assert entries(place.lake)["action"].iloc[-1] == "erase"


def test_a_landing_file_that_cannot_be_searched_is_named_and_stops_nothing(place: Place, tmp_path: Path) -> None:
    (tmp_path / "landing" / "turbofan" / "manual.pdf").write_bytes(b"%PDF-1.7 ...")
    assert erased(place).unsearched == ("turbofan/manual.pdf: a PDF",)
    (details,) = entries(place.lake, "erase")["details"]
    assert details["landing_files_not_searched"] == ["turbofan/manual.pdf: a PDF"]


@pytest.mark.parametrize("kind", ["text", "parquet", "zip"])
def test_an_artifact_of_a_model_that_mentions_her_is_named_and_left_until_somebody_deletes_it(
    kind: str, place: Place, tmp_path: Path
) -> None:
    root = tmp_path / "mlflow" / "artifacts"
    artifact = root / "1" / "models" / f"training_rows.{kind}"
    artifact.parent.mkdir(parents=True)
    (artifact.parent / "band.json").write_text('{"low": 1.5}')
    if kind == "parquet":
        pq.write_table(pa.table({"badge": [ANN, BOB]}), artifact)
    else:
        artifact.write_bytes(ANN.encode() if kind == "text" else zipped(rows=ANN.encode()))
    with_artifacts = dataclasses.replace(place, artifacts=(root.as_uri(), str(tmp_path / "no reports yet")))
    before = artifact.read_bytes()
    with pytest.raises(ErasureIncompleteError, match=rf"{re.escape(str(artifact))} mentions the person: delete"):
        erased(with_artifacts)
    assert artifact.read_bytes() == before
    (details,) = entries(place.lake, "erase_incomplete")["details"]
    assert details["artifacts"] == [str(artifact)]
    artifact.unlink()
    erased(with_artifacts)
    assert entries(place.lake)["action"].iloc[-1] == "erase"


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
from lakehouse_assets.operations import audit
from lakehouse_assets.operations.erasure import erase as module, log, table
from lakehouse_assets_tests.operations.people import CONTRACTS, KEYS, REQUEST
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
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
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
