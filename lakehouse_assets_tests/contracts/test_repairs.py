import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.contracts.repair_trial import stretches
from lakehouse_assets.contracts.repairs import (
    DISCARD,
    REPAIR_COLUMNS,
    Author,
    Place,
    Plan,
    Wish,
    apply_repairs,
    places_of,
    plan,
    wishes_in,
)

QUARANTINE = pd.DataFrame(
    {
        "source_file": ["a.txt", "a.txt"],
        "source_sha256": ["1f", "1f"],
        "source_line": [2, 5],
        "rule": ["force must be a number", "force must be at most 900"],
        "row": [json.dumps({"unit": "1", "force": "x"}), json.dumps({"unit": "1", "force": "950"})],
    }
)
NONE = pd.DataFrame(columns=REPAIR_COLUMNS)


def planned(*wishes: Wish, held: pd.DataFrame = NONE, at: int = 1, quarantined: pd.DataFrame = QUARANTINE) -> Plan:
    def left_wrong(repairs: pd.DataFrame, rows: pd.DataFrame) -> dict[Place, str]:
        delivered = dict(zip(places_of(rows), map(json.loads, rows["row"]), strict=True))
        corrected = zip(places_of(repairs), repairs["action"], map(json.loads, repairs["values"]), strict=True)
        force = {
            place: {**delivered[place], **values}["force"] for place, action, values in corrected if action != DISCARD
        }
        wrong = {place: value for place, value in force.items() if not value.isdigit() or int(value) > 900}
        return {place: f"with these values it still breaks a rule: force is {value}" for place, value in wrong.items()}

    author = Author("ines", "logbook", datetime(2024, 1, at, tzinfo=UTC), "run")
    return plan(wishes, "strokes", quarantined, held, ["force", "heat"], left_wrong, author)


def raw(**values: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(
        {"file": ["a.txt"] * 3, "sha256": ["1f"] * 3, "line": [1, 2, 5], "force": ["1", "x", "950"]} | values
    )


def test_a_correction_sets_the_value_in_the_raw_row_of_that_delivery_only() -> None:
    repairs = planned(Wish("a.txt", 2, {"force": "7"})).repairs
    assert apply_repairs(raw(), repairs)["force"].tolist() == ["1", "7", "950"]
    assert apply_repairs(raw(sha256=["2e"] * 3), repairs)["force"].tolist() == ["1", "x", "950"]


def test_a_discarded_row_is_gone() -> None:
    repairs = planned(Wish("a.txt", 5, discard=True)).repairs
    assert apply_repairs(raw(), repairs)["line"].tolist() == [1, 2]


def test_the_last_repair_of_a_row_is_in_force_and_keeps_what_earlier_ones_put_right() -> None:
    first = planned(Wish("a.txt", 2, {"force": "7", "heat": "80"})).repairs
    second = planned(Wish("a.txt", 2, {"force": "8"}), held=first, at=2).repairs
    assert second["supersedes"].tolist() == first["repair_id"].tolist()
    both = pd.concat([second, first])
    repaired = apply_repairs(raw(heat=["", "", ""]), both)
    assert repaired.loc[1, ["force", "heat"]].tolist() == ["8", "80"]


def test_the_same_repair_taken_twice_has_one_id_and_a_changed_mind_another() -> None:
    ids = [planned(Wish("a.txt", 2, {"force": value})).repairs["repair_id"].iloc[0] for value in ("7", "7", "8")]
    assert ids[0] == ids[1] != ids[2]


def test_a_repair_asked_for_again_is_the_one_that_is_in_force_and_no_other() -> None:
    first = planned(Wish("a.txt", 2, {"force": "7"})).repairs
    again = planned(Wish("a.txt", 2, {"force": "7"}), held=first, at=2).repairs
    pd.testing.assert_frame_equal(again, first)
    other = planned(Wish("a.txt", 2, {"force": "8"}), held=first, at=2).repairs
    back = planned(Wish("a.txt", 2, {"force": "7"}), held=pd.concat([first, other]), at=3).repairs
    assert back["supersedes"].tolist() == other["repair_id"].tolist()


def test_a_row_that_left_the_quarantine_by_the_same_repair_is_told_and_no_other_is_taken_for_it() -> None:
    wish, gone = Wish("a.txt", 2, {"force": "7"}), QUARANTINE.iloc[1:]
    held = planned(Wish("a.txt", 2, {"force": "7", "heat": "80"})).repairs
    again = planned(wish, Wish("a.txt", 5, {"force": "1"}), held=held, at=2, quarantined=gone)
    assert again.done == ["a.txt line 2: it is repaired so already"]
    assert (again.refused, again.repairs["source_line"].tolist()) == ([], [5])
    for other in (Wish("a.txt", 2, {"force": "8"}), Wish("a.txt", 2, discard=True), Wish("a.txt", 2)):
        assert planned(other, held=held, quarantined=gone).refused == [
            "a.txt line 2: no such row stands in the quarantine"
        ]


def test_days_in_a_row_are_made_anew_in_one_run() -> None:
    days = [date(2024, 2, number) for number in (29, 3, 1, 2, 2)] + [date(2024, 3, 1)]
    assert stretches(days) == [(date(2024, 2, 1), date(2024, 2, 3)), (date(2024, 2, 29), date(2024, 3, 1))]


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (Wish("a.txt", 3, {"force": "7"}), "no such row"),
        (Wish("a.txt", 2, {"unit": "7"}), "unit cannot be repaired here"),
        (Wish("a.txt", 2), "neither discarded nor given a value"),
        (Wish("a.txt", 2, {"force": "7"}, True), "not both"),
        (Wish("a.txt", 2, {"force": "901"}), "it still breaks a rule: force is 901"),
        (Wish("a.txt", 5, {"heat": "1"}), "it still breaks a rule: force is 950"),
    ],
)
def test_what_puts_no_row_right_is_refused_in_words(wish: Wish, told: str) -> None:
    made = planned(wish)
    assert made.repairs.empty
    assert len(made.refused) == 1
    assert told in made.refused[0]
    assert wish.row in made.refused[0]


def test_one_row_named_twice_is_refused() -> None:
    made = planned(Wish("a.txt", 2, {"force": "7"}), Wish("a.txt", 2, {"force": "8"}))
    assert made.refused == ["a.txt line 2: it is named twice"]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_of_repairs_leaves_empty_cells_as_they_are(tmp_path: Path, form: str) -> None:
    table = pd.DataFrame(
        {"source_file": ["a.txt", "a.txt"], "source_line": [2, 5], "force": ["7", None], "discard": ["", "true"]}
    )
    file = tmp_path / f"repairs.{form}"
    (table.to_csv if form == "csv" else table.to_parquet)(file, index=False)
    assert wishes_in(str(file)) == [Wish("a.txt", 2, {"force": "7"}), Wish("a.txt", 5, {}, True)]


def test_a_file_that_names_no_rows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "repairs.csv").write_text("line,force\n2,7\n")
    with pytest.raises(ValueError, match="found no source_file, source_line"):
        wishes_in(str(tmp_path / "repairs.csv"))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from([2, 5]), st.sampled_from(["7", "8", None])), max_size=6))
def test_applying_repairs_is_as_a_dictionary_of_the_last_ones_and_twice_is_as_once(
    asked: list[tuple[int, str | None]],
) -> None:
    held, expected = NONE, {1: "1", 2: "x", 5: "950"}
    last: dict[int, str | None] = {}
    for day, (line, value) in enumerate(asked, start=1):
        wish = Wish("a.txt", line, discard=True) if value is None else Wish("a.txt", line, {"force": value})
        held = pd.concat([held, planned(wish, held=held, at=day).repairs])
        last[line] = value
    expected = {line: last.get(line, force) for line, force in expected.items()}
    once = apply_repairs(raw(), held)
    assert dict(zip(once["line"], once["force"], strict=True)) == {k: v for k, v in expected.items() if v is not None}
    pd.testing.assert_frame_equal(apply_repairs(once, held), once)
