import json
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.contracts.conform import conform
from lakehouse_assets.defs.turbofan.days import contract
from lakehouse_assets.defs.turbofan.harmonize import failure_events, harmonized_readings
from lakehouse_assets.defs.turbofan.harmonized import READINGS
from lakehouse_assets.sources.turbofan.raw import delivered_rows, files_for, rows_to_append

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 2, 1, 12, tzinfo=UTC)
DAYS = (date(2024, 1, 1), date(2024, 1, 31))
REAL = (
    "0.0007 -0.0004 100.0 518.67 641.82 1589.70 1400.60 14.62 21.61 554.36 2388.06 9046.19 1.30 47.47"
    " 521.66 2388.02 8138.62 8.4195 0.03 392 2388 100.00 39.06 23.4190"
)


def raw(tmp_path: Path, kind: str, name: str, *lines: str) -> pd.DataFrame:
    (tmp_path / name).write_text("".join(line + "  \n" for line in lines))
    nothing = pd.DataFrame(columns=["file", "day", "sha256", "ingested_at"])
    return rows_to_append(delivered_rows(files_for(tmp_path, kind, DAYS)), nothing, DAYS, NOW)  # type: ignore[arg-type]


def empty() -> pd.DataFrame:
    return rows_to_append(delivered_rows([]), pd.DataFrame(columns=["file", "day", "sha256", "ingested_at"]), DAYS, NOW)


def test_values_arrive_in_si_units_and_utc(tmp_path: Path) -> None:
    rows = conform(
        harmonized_readings(raw(tmp_path, "train", "train_FD001.txt", f"1 3 {REAL}"), empty()),
        contract("harmonized", "readings"),
    )
    assert rows.broken.empty
    reading = rows.rows.iloc[0]
    assert reading["t50"] == pytest.approx(1400.60 * 5 / 9)
    assert reading["p30"] == pytest.approx(554.36 * 6.894757, rel=1e-6)
    assert reading["nf"] == pytest.approx(2388.06 * 2 * 3.141592653589793 / 60)
    assert reading["w31"] == pytest.approx(39.06 * 0.45359237)
    assert reading["altitude"] == pytest.approx(0.0007 * 304.8)
    assert reading["bpr"] == 8.4195
    assert reading["event_time"] == pd.Timestamp("2024-01-03", tz="UTC")
    assert (reading["engine_id"], reading["source_file"], reading["source_line"]) == (
        "turbofan-FD001-train-001",
        "train_FD001.txt",
        1,
    )


def corrected(tmp_path: Path, kind: str, name: str, before: list[str], after: list[str]) -> pd.DataFrame:
    first = raw(tmp_path, kind, name, *before)
    held = first[["file", "day", "sha256", "ingested_at"]].drop_duplicates()
    (tmp_path / name).write_text("".join(line + "  \n" for line in after))
    delivered = delivered_rows(files_for(tmp_path, kind, DAYS))  # type: ignore[arg-type]
    return pd.concat([first, rows_to_append(delivered, held, DAYS, LATER)], ignore_index=True)


def test_a_history_is_known_half_an_hour_after_each_day_and_a_correction_since_it_came(tmp_path: Path) -> None:
    lines = [f"1 {cycle} {REAL}" for cycle in (1, 2, 3)]
    moved = [lines[0], lines[1].replace("1400.60", "1400.70"), lines[2]]
    rows = corrected(tmp_path, "train", "train_FD001.txt", lines, moved)
    readings = conform(harmonized_readings(rows, empty()), contract("harmonized", "readings")).rows
    assert readings["ingested_at"].eq(LATER).all()
    assert readings["known_at"].tolist() == [
        pd.Timestamp("2024-01-02T00:30Z"),
        pd.Timestamp(LATER),
        pd.Timestamp("2024-01-04T00:30Z"),
    ]


def test_a_failure_is_known_since_its_row_came_as_the_engines_last(tmp_path: Path) -> None:
    lines = [f"1 {cycle} {REAL}" for cycle in (1, 2, 3)]
    told = corrected(tmp_path, "train", "train_FD001.txt", [*lines, f"2 1 {REAL}"], [*lines[:2], f"2 1 {REAL}"])
    events = conform(failure_events(told), contract("harmonized", "failures")).rows
    assert dict(zip(events["cycle"], events["known_at"], strict=True)) == {
        2: pd.Timestamp(LATER),
        1: pd.Timestamp("2024-01-02T00:30Z"),
    }


def test_a_repaired_reading_is_known_since_its_repair_and_its_neighbours_as_before(tmp_path: Path) -> None:
    delivered = raw(tmp_path, "train", "train_FD001.txt", f"1 1 {REAL}", f"1 2 {REAL.replace('1400.60', 'hot')}")
    repair = pd.DataFrame(
        {
            "table": "readings",
            "source_file": ["train_FD001.txt"],
            "source_sha256": delivered["sha256"].iloc[:1],
            "source_line": [2],
            "action": ["correct"],
            "values": [json.dumps({"s4": "1400.60"})],
            "made_at": [pd.Timestamp(LATER)],
        }
    )
    split = conform(harmonized_readings(delivered, empty(), repair), contract("harmonized", "readings"))
    assert split.broken.empty
    assert split.rows["t50"].tolist() == [pytest.approx(1400.60 * 5 / 9)] * 2
    assert split.rows["known_at"].tolist() == [pd.Timestamp("2024-01-02T00:30Z"), pd.Timestamp(LATER)]


def test_rows_that_were_all_discarded_do_not_bring_an_earlier_delivery_back(tmp_path: Path) -> None:
    lines = [f"1 1 {REAL}"], [f"1 1 {REAL.replace('1400.60', '1400.70')}"]
    rows = corrected(tmp_path, "test", "test_FS001_2024-01-05.txt", *lines)
    newest = rows[rows["ingested_at"].eq(LATER)].iloc[0]
    discard = {"table": "readings", "source_file": newest["file"], "source_sha256": newest["sha256"], "source_line": 1}
    repair = pd.DataFrame([{**discard, "action": "discard", "values": "{}", "made_at": pd.Timestamp(LATER)}])
    assert harmonized_readings(empty(), rows, repair).empty


def test_text_where_a_number_belongs_is_set_aside_with_file_line_and_reason(tmp_path: Path) -> None:
    broken = REAL.replace("1400.60", "hot")
    delivered = raw(tmp_path, "train", "train_FD001.txt", f"1 1 {REAL}", f"1 2 {broken}")
    rows = harmonized_readings(delivered, empty())
    split = conform(rows, contract("harmonized", "readings"))
    assert split.rows["cycle"].tolist() == [1]
    table = READINGS.harmonised([delivered, empty()]).set_aside.to_pylist()
    assert [(row["source_file"], row["source_line"], row["rule"]) for row in table] == [
        ("train_FD001.txt", 2, "t50 must be a number, found 'hot'")
    ]
    assert json.loads(table[0]["row"])["s4"] == "hot"
    assert json.loads(table[0]["row"])["s1"] == "518.67", "the source row stands there as delivered, not converted"
    assert table[0]["source_sha256"] == delivered["sha256"].iloc[0]


def test_nan_is_a_missing_reading_and_its_row_goes_on(tmp_path: Path) -> None:
    rows = harmonized_readings(
        raw(tmp_path, "train", "train_FD001.txt", f"1 1 {REAL.replace('21.61', 'NaN')}"), empty()
    )
    split = conform(rows, contract("harmonized", "readings"))
    assert split.broken.empty
    assert split.rows["p15"].isna().all()


def test_a_duplicated_cycle_keeps_the_first_row_and_sets_the_second_aside(tmp_path: Path) -> None:
    lines = (f"1 1 {REAL}", f"1 1 {REAL.replace('1400.60', '1401.60')}", f"1 2 {REAL}")
    split = conform(
        harmonized_readings(raw(tmp_path, "train", "train_FD001.txt", *lines), empty()),
        contract("harmonized", "readings"),
    )
    assert split.rows["source_line"].tolist() == [1, 3]
    assert split.broken["source_line"].tolist() == [2]


def test_an_implausible_value_is_set_aside(tmp_path: Path) -> None:
    rows = harmonized_readings(
        raw(tmp_path, "train", "train_FD001.txt", f"1 1 {REAL.replace('641.82', '-9999')}"), empty()
    )
    assert conform(rows, contract("harmonized", "readings")).broken["rule"].str.startswith("t24 must be at least").all()


def test_the_last_row_of_an_engine_in_a_train_file_is_its_failure(tmp_path: Path) -> None:
    rows = raw(tmp_path, "train", "train_FD001.txt", f"1 1 {REAL}", f"1 2 {REAL}", f"2 1 {REAL}")
    events = conform(failure_events(rows), contract("harmonized", "failures")).rows
    assert events[["engine_id", "cycle"]].values.tolist() == [
        ["turbofan-FD001-train-001", 2],
        ["turbofan-FD001-train-002", 1],
    ]


def test_no_rows_give_empty_tables_that_keep_the_contract() -> None:
    assert conform(harmonized_readings(empty(), empty()), contract("harmonized", "readings")).rows.empty
    assert conform(failure_events(empty()), contract("harmonized", "failures")).rows.empty
    assert READINGS.harmonised([empty(), empty()]).set_aside.num_rows == 0


@pytest.mark.parametrize("word", ["NaN", " nan", "None", "null", "<NA>", ""])
def test_every_word_for_a_missing_reading_is_one_in_harmonisation_too(tmp_path: Path, word: str) -> None:
    delivered = raw(tmp_path, "train", "train_FD001.txt", f"1 1 {REAL}").assign(s6=word)
    split = conform(harmonized_readings(delivered, empty()), contract("harmonized", "readings"))
    assert split.broken.empty
    assert split.rows["p15"].isna().all()
