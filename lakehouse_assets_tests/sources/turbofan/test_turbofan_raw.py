"""Which delivered rows raw takes, and which delivery is in force. Files are real ones in a landing folder."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pandas as pd

from lakehouse_assets.sources.turbofan.raw import (
    delivered_rows,
    files_for,
    in_force,
    lives_table,
    raw_table,
    rows_to_append,
)

DAY1, DAY9 = date(2024, 1, 1), date(2024, 1, 9)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def line(unit: int, cycle: int, first_sensor: str = "518.67") -> str:
    return " ".join([str(unit), str(cycle), "0.1", "0.2", "100.0", first_sensor, *["1.00"] * 20]) + "  \n"


def drop(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_text("".join(lines))


def ingest(folder: Path, held: pd.DataFrame, kind: str = "train", when: datetime = NOW) -> pd.DataFrame:
    """One run over all days: what raw holds afterwards."""
    delivered = delivered_rows(files_for(folder, kind, (DAY1, DAY9)))  # type: ignore[arg-type]
    new = rows_to_append(delivered, held, (DAY1, DAY9), when)
    return pd.concat([f for f in (held, new) if len(f)], ignore_index=True) if len(new) or len(held) else new


def nothing_held() -> pd.DataFrame:
    return pd.DataFrame(columns=["file", "day", "sha256", "ingested_at"])


def test_rows_know_their_file_line_day_and_whether_they_are_their_engines_last(tmp_path: Path) -> None:
    drop(tmp_path, "train_FD001.txt", line(1, 1), line(1, 2), line(2, 1))
    raw = ingest(tmp_path, nothing_held())
    assert raw["line"].tolist() == [1, 2, 3]
    assert raw["day"].tolist() == [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 1)]
    assert raw["is_last"].tolist() == [False, True, True]


def test_ingesting_the_same_files_again_adds_nothing(tmp_path: Path) -> None:
    drop(tmp_path, "train_FD001.txt", line(1, 1), line(1, 2))
    once = ingest(tmp_path, nothing_held())
    twice = ingest(tmp_path, once, when=NOW + timedelta(days=1))
    assert len(twice) == len(once) == 2


def test_rows_of_days_outside_the_run_are_left_for_their_own_run(tmp_path: Path) -> None:
    drop(tmp_path, "train_FD001.txt", line(1, 1), line(1, 9), line(1, 10))
    assert ingest(tmp_path, nothing_held())["cycle"].tolist() == ["1", "9"]


def test_a_corrected_file_takes_the_place_of_the_earlier_delivery_and_history_stays(tmp_path: Path) -> None:
    drop(tmp_path, "train_FD001.txt", line(1, 1, "1.00"), line(1, 2, "2.00"))
    first = ingest(tmp_path, nothing_held())
    drop(tmp_path, "train_FD001.txt", line(1, 1, "1.00"), line(1, 2, "7.00"), line(1, 3, "3.00"))
    both = ingest(tmp_path, first, when=NOW + timedelta(hours=1))
    assert in_force(both)["s1"].tolist() == ["1.00", "7.00", "3.00"]
    assert len(both) == 5


def test_rows_that_a_corrected_file_withdraws_are_no_longer_in_force(tmp_path: Path) -> None:
    drop(tmp_path, "train_FD001.txt", line(1, 1), line(1, 2), line(1, 3))
    first = ingest(tmp_path, nothing_held())
    drop(tmp_path, "train_FD001.txt", line(1, 1), line(1, 2))
    both = ingest(tmp_path, first, when=NOW + timedelta(hours=1))
    assert in_force(both)["cycle"].tolist() == ["1", "2"]
    again = ingest(tmp_path, both, when=NOW + timedelta(hours=2))
    assert len(again) == len(both)


def test_dropping_an_earlier_delivery_again_puts_it_back_in_force(tmp_path: Path) -> None:
    drop(tmp_path, "train_FD001.txt", line(1, 1, "1.00"))
    held = ingest(tmp_path, nothing_held())
    drop(tmp_path, "train_FD001.txt", line(1, 1, "2.00"))
    held = ingest(tmp_path, held, when=NOW + timedelta(hours=1))
    drop(tmp_path, "train_FD001.txt", line(1, 1, "1.00"))
    held = ingest(tmp_path, held, when=NOW + timedelta(hours=2))
    assert in_force(held)["s1"].tolist() == ["1.00"]
    assert len(held) == 3


def test_an_unreadable_delivery_withdraws_nothing(tmp_path: Path) -> None:
    drop(tmp_path, "train_FD001.txt", line(1, 1))
    held = ingest(tmp_path, nothing_held())
    drop(tmp_path, "train_FD001.txt", "")
    assert in_force(ingest(tmp_path, held, when=NOW + timedelta(hours=1)))["cycle"].tolist() == ["1"]


def test_only_daily_files_of_the_runs_days_are_read(tmp_path: Path) -> None:
    drop(tmp_path, "test_FS001_2024-01-09.txt", line(1, 50))
    drop(tmp_path, "test_FS001_2024-01-10.txt", line(1, 51))
    drop(tmp_path, "train_FS001_2024-01-09.txt", line(2, 99))
    assert [file.name for file in files_for(tmp_path, "test", (DAY1, DAY9))] == ["test_FS001_2024-01-09.txt"]


def test_an_empty_landing_folder_gives_an_empty_table_of_the_raw_schema(tmp_path: Path) -> None:
    table = raw_table(ingest(tmp_path, nothing_held()))
    assert table.num_rows == 0
    assert str(table.schema.field("day").type) == "date32[day]"


def test_a_torn_file_invents_no_failure_of_the_engine_it_was_torn_in(tmp_path: Path) -> None:
    drop(tmp_path, "train_FD001.txt", line(1, 1), line(1, 2), line(2, 1), line(2, 2)[:40])
    raw = ingest(tmp_path, nothing_held())
    assert raw[raw["is_last"]]["engine_id"].tolist() == ["turbofan-FD001-train-001"]


def test_an_unreadable_line_amid_an_engines_rows_does_not_hide_its_failure(tmp_path: Path) -> None:
    drop(tmp_path, "train_FD001.txt", line(1, 1), "1 2 nonsense\n", line(1, 3), line(2, 1))
    raw = ingest(tmp_path, nothing_held())
    assert raw[raw["is_last"]][["engine_id", "cycle"]].values.tolist() == [
        ["turbofan-FD001-train-001", "3"],
        ["turbofan-FD001-train-002", "1"],
    ]


def test_a_last_cycle_that_was_delivered_twice_is_one_failure(tmp_path: Path) -> None:
    drop(tmp_path, "train_FD001.txt", line(1, 1), line(1, 2), line(1, 2))
    assert ingest(tmp_path, nothing_held())["is_last"].sum() == 1


def test_an_unreadable_line_hides_no_other_engines_failure(tmp_path: Path) -> None:
    drop(tmp_path, "train_FS001_2024-01-05.txt", line(5, 60), "7 41 broken\n")
    drop(tmp_path, "train_FD001.txt", line(1, 1), line(1, 2), "2 1 broken\n")
    raw = ingest(tmp_path, nothing_held())
    assert sorted(raw[raw["is_last"]]["engine_id"]) == ["turbofan-FD001-train-001", "turbofan-FS001-005"]


def test_a_row_that_no_partition_can_hold_is_rejected_with_its_day(tmp_path: Path) -> None:
    from lakehouse_assets.sources.turbofan.files import read_delivery

    drop(tmp_path, "test_FS009_2023-12-31.txt", line(1, 1))
    drop(tmp_path, "train_FD001.txt", line(1, 1), line(1, 99999))
    early, late = (read_delivery(tmp_path / name) for name in ("test_FS009_2023-12-31.txt", "train_FD001.txt"))
    assert early.rows.empty
    assert "2023-12-31, lies outside 2024-01-01 to today" in early.rejects["reason"].iloc[0]
    assert late.rejects["line"].tolist() == [2]
    assert delivered_rows(files_for(tmp_path, "train", (DAY1, DAY9)))["is_last"].tolist() == [False]


def test_a_rul_file_is_taken_once_and_again_when_an_earlier_delivery_comes_back(tmp_path: Path) -> None:
    taken: dict[str, str] = {}

    def take() -> list[str]:
        table = lives_table(files_for(tmp_path, "RUL", None), taken, NOW)
        taken.update({row["file"]: row["sha256"] for row in table.to_pylist()})
        return table.column("remaining_cycles").to_pylist()

    drop(tmp_path, "RUL_FD001.txt", "112 \n", "98 \n")
    assert take() == ["112", "98"]
    assert take() == []
    drop(tmp_path, "RUL_FD001.txt", "50 \n", "60 \n")
    assert take() == ["50", "60"]
    drop(tmp_path, "RUL_FD001.txt", "112 \n", "98 \n")
    assert take() == ["112", "98"]
