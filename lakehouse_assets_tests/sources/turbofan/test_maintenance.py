"""Files of maintenance records: what the simulated plant delivers, what is read of them, which delivery counts."""

import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.contracts.personal.erased import ErasedPersons, add_erased, erased_persons
from lakehouse_assets.contracts.personal.pseudonyms import PseudonymKeyError, Pseudonyms
from lakehouse_assets.defs.turbofan.harmonize_maintenance import records_in_force
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.plant.maintenance import CREW, crew, records_on, write_records
from lakehouse_assets.sources.plant.plan import FleetPlan
from lakehouse_assets.sources.turbofan.deliveries import examine
from lakehouse_assets.sources.turbofan.maintenance_files import (
    MaintenanceDelivery,
    maintenance_files,
    read_maintenance,
    read_maintenance_content,
)
from lakehouse_assets.sources.turbofan.maintenance_raw import raw_table, rows_to_append

DAY, NOW = date(2024, 1, 5), datetime(2026, 1, 1, tzinfo=UTC)
NAME = "maintenance_FS001_2024-01-05.csv"
HEADER = "badge,engine,day,work,minutes,note\n"
GOOD = 'B-10423,17,2024-01-05,inspection,30,"one, two"\n'


def read(text: str | bytes, name: str = NAME) -> MaintenanceDelivery:
    return read_maintenance_content(name, text.encode() if isinstance(text, str) else text)


def test_the_plant_delivers_the_same_records_of_a_day_in_any_order_of_days(tmp_path: Path) -> None:
    plan, days = FleetPlan(), [DAY, DAY + timedelta(days=1)]
    write_records(plan, tmp_path / "one", days)
    write_records(plan, tmp_path / "two", reversed(days))
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(names) == 4
    assert NAME in names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    other = FleetPlan(seed=7)
    assert records_on(other, other.fleets[0], DAY) != records_on(plan, plan.fleets[0], DAY)


def test_every_simulated_record_is_readable_and_some_notes_mention_colleagues(tmp_path: Path) -> None:
    plan = FleetPlan()
    days = [DAY + timedelta(days=number) for number in range(30)]
    write_records(plan, tmp_path, days)
    deliveries = [read_maintenance(file, bytes) for file in maintenance_files(tmp_path)]
    assert sum(len(one.row_values) for one in deliveries) > 200
    assert not any(one.reject_values for one in deliveries)
    people = [badge for fleet in plan.fleets for badge in crew(plan, fleet)]
    assert len(set(people)) == 2 * CREW
    notes = [row[7] for one in deliveries for row in one.row_values]
    assert sum(any(badge in note for badge in people) for note in notes) > 20


def test_a_record_is_kept_as_delivered_with_its_engine_day_file_and_line() -> None:
    delivery = read(HEADER + "\n" + GOOD)
    assert delivery.row_values == (
        ("turbofan-FS001-017", "FS001", DAY, "B-10423", "17", "inspection", "30", "one, two", NAME, delivery.sha256, 3),
    )
    assert delivery.reject_values == ()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("B-10423,17,2024-01-05,inspection,30", "wrong number of fields: expected 6, found 5"),
        ("B-10423,17,2024-01-05,inspection,30,done", "file ends inside this line"),
        ("B-10423,B-10423,2024-01-05,inspection,30,\n", "engine is not a whole number"),
        ("B-10423,17,2024-01-06,inspection,30,\n", "its day is not the day in the file's name"),
        ('B-10423,17,2024-01-05,inspection,30,"torn\n', "quotes that do not match"),
        (b"B-10423,17,2024-01-05,inspection,30,\xff\n", "bytes that are not text"),
    ],
)
def test_a_line_that_is_no_record_is_set_aside_with_a_reason_that_quotes_nothing(
    line: str | bytes, reason: str
) -> None:
    text = line.encode() if isinstance(line, str) else line
    if reason.startswith("wrong"):
        text += b"\n"
    delivery = read((HEADER + GOOD).encode() + text)
    assert [row[-1] for row in delivery.row_values] == [2]
    ((name, sha256, number, day, found, kept, _),) = delivery.reject_values
    assert (name, sha256, number, day) == (NAME, delivery.sha256, 3, DAY)
    assert found.startswith(reason)
    assert "10423" not in found
    assert "B-10423" in kept, "nothing is lost: the line itself is kept"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        (NAME, "", "empty file"),
        (NAME, GOOD, "the first line is not the header"),
        (NAME, HEADER[:-9] + "\n" + GOOD, "the first line is not the header"),
        ("maintenance_FS001_2023-01-05.csv", HEADER + GOOD, "its day, 2023-01-05, lies outside 2024-01-01 to today"),
    ],
)
def test_a_file_without_header_or_of_an_impossible_day_is_kept_whole(name: str, text: str, reason: str) -> None:
    delivery = read(text, name)
    assert delivery.row_values == ()
    ((_, _, number, _, found, _, content),) = delivery.reject_values
    assert (number, content) == (0, text.encode())
    assert found.startswith(reason)


def ingest(held: pd.DataFrame, text: str, hour: int) -> pd.DataFrame:
    """One run after a delivery: what raw holds then."""
    known = dict(zip(held["file"], held["sha256"], strict=True)) if len(held) else {}
    new = rows_to_append([read(text)], known, NOW + timedelta(hours=hour))
    assert raw_table(new).num_rows == len(new)
    return pd.concat([f for f in (held, new) if len(f)], ignore_index=True) if len(held) or len(new) else new


def test_a_corrected_file_is_in_force_the_same_file_is_taken_once_and_an_unreadable_one_withdraws_nothing() -> None:
    nothing = rows_to_append([], {}, NOW)
    first = ingest(nothing, HEADER + GOOD + GOOD.replace("inspection", "oil service"), 0)
    assert len(ingest(first, HEADER + GOOD + GOOD.replace("inspection", "oil service"), 1)) == 2
    assert len(ingest(first, "", 1)) == 2
    corrected = ingest(first, HEADER + GOOD.replace("30", "45"), 2)
    assert len(corrected) == 3
    assert records_in_force(corrected)[["work", "minutes"]].values.tolist() == [["inspection", "45"]]
    withdrawn = ingest(corrected, HEADER, 3)
    assert records_in_force(withdrawn).empty
    assert records_in_force(ingest(withdrawn, HEADER + GOOD, 4))["minutes"].tolist() == ["30"]


def test_without_files_raw_and_harmonized_are_empty_and_keep_their_columns() -> None:
    nothing = rows_to_append([], {}, NOW)
    assert raw_table(nothing).num_rows == 0
    assert records_in_force(nothing).empty


KEYS = Pseudonyms(b"a key for tests only", (b"an earlier key of them",))


def test_an_erased_person_is_left_out_of_a_file_that_comes_back_torn_lines_and_notes_included(tmp_path: Path) -> None:
    erased = ErasedPersons(frozenset({KEYS.of("B-10423")}), KEYS)
    (tmp_path / NAME).write_text(
        HEADER + GOOD + "B-20111,4,2024-01-05,inspection,30,handed to b 10423 (B-104234)\nB-10423,17,torn"
    )
    (tmp_path / "list.txt").write_bytes(b"\xff B10423, B-20111")
    (file,) = maintenance_files(tmp_path)
    delivery = read_maintenance(file, erased.redact)
    assert [(row[3], row[7]) for row in delivery.row_values] == [
        ("erased", "one, two"),
        ("B-20111", "handed to erased (B-104234)"),
    ]
    assert delivery.reject_values[0][5] == "erased,17,torn"
    redacted = erased.redact((tmp_path / NAME).read_bytes())
    assert delivery.sha256 == hashlib.sha256(redacted).hexdigest(), "the digest tells nobody the badge"
    ledger = pd.DataFrame(columns=["file", "sha256", "bytes", "modified", "seen_at"])
    files, rejects = examine(tmp_path, ledger, NOW, erased.redact)
    assert sorted(files["file"]) == ["list.txt", NAME]
    assert rejects["content"].iloc[0] == b"\xff erased, B-20111"


def test_the_list_of_the_erased_holds_each_person_once_and_asks_for_the_key_that_it_was_made_with(
    tmp_path: Path,
) -> None:
    lake = Lake(str(tmp_path))
    assert erased_persons(lake, KEYS).persons == frozenset()
    for _ in range(2):
        add_erased(lake, [(KEYS.of("B-10423"), KEYS.key)])
    add_erased(lake, [(Pseudonyms(KEYS.retired[0]).of("B-20111"), KEYS.retired[0])])
    listed = erased_persons(lake, KEYS)
    assert len(listed.persons) == lake.row_count(["monitoring", "platform", "erased_persons"]) == 2
    assert listed.redact_text("B-10423 B-20111 B-30333") == "erased erased B-30333", "also by an earlier key"
    with pytest.raises(PseudonymKeyError, match="they cannot be recognised and would come back"):
        erased_persons(lake, Pseudonyms(KEYS.key))
