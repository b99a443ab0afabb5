"""Erasing a person from a lake of real tables."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse_assets.contracts.audit import entries
from lakehouse_assets.contracts.personal.erased import erased_persons
from lakehouse_assets.lake.errors import ErasedVersionError
from lakehouse_assets.operations.erasure.erase import Place, erase
from lakehouse_assets_tests.operations.erasure.erasing import KEPT, TRACES, erased, traces
from lakehouse_assets_tests.operations.erasure.people import (
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
    state,
)


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
    from lakehouse_assets.lake.writing.personal import keep_out_of_statistics

    table = DeltaTable(place.lake.table_uri(old))
    keep_out_of_statistics(table, ["badge"])
    write_deltalake(table, pa.table({"badge": ["B-77777"]}), mode="append")
    assert grep(tmp_path / "lake" / "raw" / "staff" / "old" / "_delta_log", "B-77777") == []
