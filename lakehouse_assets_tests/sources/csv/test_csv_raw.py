"""Which delivered rows raw takes, which are in force, and since when they are known. Real files, real tables."""

from datetime import UTC, date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.sources.csv.harmonize import rows_in_force
from lakehouse_assets.sources.csv.raw import counted_instants
from lakehouse_assets.sources.known import known_at
from lakehouse_assets_tests.sources.csv.csv_makers import DAY1, DAY9, NOW, Mill, sawing

LATER, LAST = NOW + timedelta(days=1), NOW + timedelta(days=2)
ARRIVAL = pd.Timestamp("2024-01-03T05:00Z")  # 06:00 in Berlin on the day after 2 January


@pytest.fixture
def mill(tmp_path: Path) -> Mill:
    return Mill(tmp_path, sawing(tmp_path))


def plank(serial: str, width: str = "20", day: int = 2) -> str:
    return f"2024-01-0{day} 07:00;{serial};{width};good"


def in_force(mill: Mill, raw: pd.DataFrame) -> list[list[str]]:
    return rows_in_force(raw, mill.source)[["serial", "width_mm"]].sort_values("serial").values.tolist()


def known(mill: Mill, raw: pd.DataFrame) -> dict[str, pd.Timestamp]:
    rows = rows_in_force(raw, mill.source)
    return dict(zip(rows["serial"], known_at(rows, mill.source.availability), strict=True))


def test_ingesting_the_same_files_again_adds_nothing(mill: Mill) -> None:
    mill.drop("history.csv", plank("A"), plank("B", day=3))
    assert len(mill.ingest()) == len(mill.ingest(LATER)) == 2


def test_rows_of_other_days_are_left_for_their_own_run(mill: Mill) -> None:
    mill.drop("history.csv", plank("A"), plank("B", day=3))
    assert mill.ingest(days=(DAY1, date(2024, 1, 2)))["serial"].tolist() == ["A"]
    assert sorted(mill.ingest(LATER)["serial"]) == ["A", "B"]


def test_a_corrected_delivery_is_in_force_and_history_stays(mill: Mill) -> None:
    mill.drop("history.csv", plank("A"), plank("B"))
    mill.ingest()
    mill.drop("history.csv", plank("A"), plank("B", "21"), plank("C"))
    raw = mill.ingest(LATER)
    assert in_force(mill, raw) == [["A", "20"], ["B", "21"], ["C", "20"]]
    assert len(raw) == 5


def test_a_correction_is_known_since_it_came_and_what_it_left_alone_as_before(mill: Mill) -> None:
    mill.drop("history.csv", plank("A"), plank("B"))
    mill.ingest()
    mill.drop("history.csv", plank("A"), plank("B", "21"), plank("C"))
    raw = mill.ingest(LATER)
    assert known(mill, raw) == {"A": ARRIVAL, "B": pd.Timestamp(LATER), "C": pd.Timestamp(LATER)}
    mill.drop("history.csv", plank("A"), plank("B", "21"), plank("C"), plank("D"))
    raw = mill.ingest(LAST)
    assert known(mill, raw)["B"] == pd.Timestamp(LATER)
    assert known(mill, raw)["D"] == pd.Timestamp(LAST)


def test_a_day_that_comes_late_in_a_grown_file_is_a_first_delivery(mill: Mill) -> None:
    mill.drop("history.csv", plank("A"))
    mill.ingest()
    mill.drop("history.csv", plank("A"), plank("B", day=3))
    assert known(mill, mill.ingest(LATER)) == {"A": ARRIVAL, "B": ARRIVAL + timedelta(days=1)}


def test_a_run_over_one_day_leaves_the_earlier_delivery_of_other_days_in_force(mill: Mill) -> None:
    mill.drop("history.csv", plank("A"), plank("B", day=3))
    mill.ingest()
    mill.drop("history.csv", plank("A", "21"), plank("B", "21", day=3))
    raw = mill.ingest(LATER, days=(date(2024, 1, 2), date(2024, 1, 2)))
    assert in_force(mill, raw) == [["A", "21"], ["B", "20"]]


def test_rows_that_a_correction_withdraws_are_no_longer_in_force(mill: Mill) -> None:
    mill.drop("history.csv", plank("A"), plank("B", day=3))
    mill.ingest()
    mill.drop("history.csv", plank("A"))
    raw = mill.ingest(LATER)
    assert in_force(mill, raw) == [["A", "20"]]
    assert len(mill.ingest(LAST)) == len(raw)


def test_a_corrected_file_with_nothing_but_its_header_withdraws_all_its_rows(mill: Mill) -> None:
    mill.drop("saw_S1_2024-01-02.csv", plank("A"))
    mill.ingest()
    mill.drop("saw_S1_2024-01-02.csv")
    assert in_force(mill, mill.ingest(LATER)) == []


def test_a_file_that_nobody_can_read_withdraws_nothing(mill: Mill) -> None:
    mill.drop("history.csv", plank("A"))
    mill.ingest()
    mill.drop("history.csv", plank("A"), header="something else")
    assert in_force(mill, mill.ingest(LATER)) == [["A", "20"]]


def test_an_earlier_delivery_that_comes_back_is_in_force_again(mill: Mill) -> None:
    mill.drop("history.csv", plank("A", "20"))
    mill.ingest()
    mill.drop("history.csv", plank("A", "21"))
    mill.ingest(LATER)
    mill.drop("history.csv", plank("A", "20"))
    raw = mill.ingest(LAST)
    assert in_force(mill, raw) == [["A", "20"]]
    assert len(raw) == 3


def test_an_empty_landing_folder_gives_an_empty_table_of_the_raw_schema(mill: Mill) -> None:
    raw = mill.ingest()
    assert raw.columns.tolist() == mill.source.raw_columns
    assert rows_in_force(raw, mill.source).empty


def test_counted_rows_happen_on_the_declared_clock_of_their_file(mill: Mill) -> None:
    mill.drop("old_S1.csv", "-;1;20;good", "-;5;20;good")
    mill.drop("count_S1_2024-01-05.csv", "-;2;20;good")
    raw = mill.ingest(days=(DAY1, DAY9))
    when = dict(zip(zip(raw["file"], raw["serial"], strict=True), counted_instants(raw, mill.source), strict=True))
    assert when == {
        ("old_S1.csv", "1"): pd.Timestamp("2023-12-31T23:00", tz=UTC),
        ("old_S1.csv", "5"): pd.Timestamp("2024-01-02T07:00", tz=UTC),
        ("count_S1_2024-01-05.csv", "2"): pd.Timestamp("2024-01-05T07:00", tz=UTC),
    }
