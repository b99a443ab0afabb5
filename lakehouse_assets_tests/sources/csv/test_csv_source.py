"""A source's declaration: what it says, and that one which says something odd is refused with the place."""

from datetime import date
from pathlib import Path

import pytest

from lakehouse_assets.sources.csv.source import SourceError
from lakehouse_assets_tests.sources.csv.csv_makers import sawing


def test_names_say_whose_rows_a_file_holds_and_of_which_day(tmp_path: Path) -> None:
    source = sawing(tmp_path)
    daily, history = source.parse_name("saw_S-1_2024-03-05.csv"), source.parse_name("history.csv")
    assert daily is not None
    assert history is not None
    assert (daily.entity, daily.day) == ("S-1", date(2024, 3, 5))
    assert (history.entity, history.day) == ("S0", None)
    assert daily.form.file_name("S-1", date(2024, 3, 5)) == "saw_S-1_2024-03-05.csv"
    assert source.parse_name("saw_S1_2024-13-05.csv") is None
    assert source.parse_name("xsaw_S1_2024-03-05.csv") is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("Europe/Berlin", "Europe/Bonn", "Europe/Bonn"),
        ("key: [serial]", "key: [Serial no.]", "key: Serial no.: expected names of raw columns"),
        ("last_values: [good, bad]", "last_values: [good, goodish]", "good begins another value"),
        ("kind: measured", "kind: guessed", "clock.kind: expected declared or measured, found 'guessed'"),
        ("days_after: 1", "days_after: 0", "expected days_after of 1 or more, found 0"),
        ("table: planks", "tabel: planks", "unknown entries tabel"),
        ("table: planks\n", "", "'table' is missing"),
        ("entity: S0, ", "", "expected the entity in exactly one of"),
        ("{column: at, format", "{column: att, format", "att is none of the columns at, serial, width_mm, verdict"),
        ("T00:00:00+01:00", "T00:00:00", "expected an instant with its offset from UTC"),
    ],
)
def test_an_odd_declaration_is_refused_with_file_and_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(SourceError, match=r"source\.yaml") as refused:
        sawing(tmp_path, **{old: new})
    assert said in str(refused.value)
