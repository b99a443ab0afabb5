import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.contracts.quarantine import SOURCE_PLACE
from lakehouse_assets.contracts.repairing.file import wishes_in
from lakehouse_assets.contracts.repairing.plan import Author, Plan, Wish, plan
from lakehouse_assets.contracts.repairing.trial import stretches
from lakehouse_assets.contracts.repairs import (
    DISCARD,
    REPAIR_COLUMNS,
    UNDO,
    Place,
    apply_repairs,
    in_force,
    places_of,
    repaired_at,
)
from lakehouse_assets.lake.errors import RequestRefusedError

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
        aside = rows.dropna(subset="row")
        delivered = dict(zip(places_of(aside), map(json.loads, aside["row"]), strict=True))
        corrected = zip(places_of(repairs), repairs["action"], map(json.loads, repairs["values"]), strict=True)
        force = {
            place: {**delivered.get(place, {"force": "1"}), **values}["force"]
            for place, action, values in corrected
            if action not in (DISCARD, UNDO)
        }
        wrong = {place: value for place, value in force.items() if not value.isdigit() or int(value) > 900}
        return {place: f"with these values it still breaks a rule: force is {value}" for place, value in wrong.items()}

    author = Author("ines", "logbook", datetime(2024, 1, at, tzinfo=UTC), "run")
    repaired = in_force(held)[SOURCE_PLACE]
    return plan(wishes, "strokes", quarantined, repaired, held, ["force", "heat"], left_wrong, author)


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


def test_a_repair_of_a_row_that_left_the_quarantine_is_superseded_by_a_later_one_which_adds_to_it() -> None:
    gone = QUARANTINE.iloc[1:]
    typo = planned(Wish("a.txt", 2, {"force": "70", "heat": "80"})).repairs
    right = planned(Wish("a.txt", 2, {"force": "7"}), held=typo, at=2, quarantined=gone)
    assert (right.refused, right.done, right.repairs["supersedes"].tolist()) == ([], [], typo["repair_id"].tolist())
    both = pd.concat([typo, right.repairs])
    assert apply_repairs(raw(heat=["", "", ""]), both).loc[1, ["force", "heat"]].tolist() == ["7", "80"]
    dropped = planned(Wish("a.txt", 2, discard=True), held=both, at=3, quarantined=gone).repairs
    assert apply_repairs(raw(), pd.concat([both, dropped]))["line"].tolist() == [1, 5]
    assert planned(Wish("a.txt", 2, {"force": "901"}), held=both, quarantined=gone).refused == [
        "a.txt line 2: with these values it still breaks a rule: force is 901"
    ]


def test_a_repair_that_supersedes_another_is_taken_again_as_it_is_since_its_days_may_not_have_been_made() -> None:
    gone, wish = QUARANTINE.iloc[1:], Wish("a.txt", 2, {"force": "7"})
    held = planned(Wish("a.txt", 2, {"force": "70"})).repairs
    held = pd.concat([held, planned(wish, held=held, at=2, quarantined=gone).repairs], ignore_index=True)
    again = planned(wish, held=held, at=3, quarantined=gone)
    assert again.done == []
    pd.testing.assert_frame_equal(again.repairs.reset_index(drop=True), held.iloc[1:].reset_index(drop=True))


@pytest.mark.parametrize("first", [Wish("a.txt", 2, {"force": "7"}), Wish("a.txt", 2, discard=True)])
def test_a_repair_that_was_undone_leaves_the_row_as_delivered_and_free_for_another(first: Wish) -> None:
    undo, gone = Wish("a.txt", 2, undo=True), QUARANTINE.iloc[1:]
    held = planned(first).repairs
    undone = planned(undo, held=held, at=2, quarantined=gone).repairs
    assert undone[["action", "values", "supersedes"]].to_numpy().tolist() == [["undo", "{}", held["repair_id"].iloc[0]]]
    held = pd.concat([held, undone], ignore_index=True)
    pd.testing.assert_frame_equal(apply_repairs(raw(), held), raw())
    assert repaired_at(raw(), held)[1] == pd.Timestamp("2024-01-02", tz="UTC"), "known so since it was undone"
    assert planned(undo, held=held, at=3).done == ["a.txt line 2: it is as delivered already"]
    assert len(planned(undo, held=held, at=3, quarantined=gone).repairs) == 1, "its days were not made anew yet"
    again = planned(Wish("a.txt", 2, {"heat": "80", "force": "9"}), held=held, at=3).repairs
    assert json.loads(again["values"].iloc[0]) == {"heat": "80", "force": "9"}, "nothing of what was undone"


def test_what_nobody_repaired_has_nothing_to_undo_and_what_is_undone_gets_no_value_with_it() -> None:
    assert planned(Wish("a.txt", 2, undo=True)).refused == [
        "a.txt line 2: nobody has repaired it, so there is nothing to undo"
    ]
    assert planned(Wish("a.txt", 2, {"force": "7"}, undo=True)).refused == [
        "a.txt line 2: either undo its repair or make another one, not both"
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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("line,force\n2,7\n", "found no source_file, source_line among line, force"),
        ("source_file;source_line;force\na.txt;2;7\n", "divided by commas, found no source_file"),
        (
            "source_file,source_line,force\na.txt,two,7\na.txt,0,7\n",
            "row 2: source_line must be a line from 1, found 'two'; row 3: .* found '0'",
        ),
        ("source_file,source_line,discard\na.txt,2,ja\n", "row 2: discard must be true, 1, yes or .* found 'ja'"),
        ("source_file,source_line,undo\na.txt,2,x\n", "row 2: undo must be true, 1, yes or .* found 'x'"),
        ("", "expected a table as CSV"),
        ('source_file,source_line\n"a.txt,2\nb.txt,3,4,5\n', "expected a table as CSV"),
    ],
)
def test_a_file_that_says_no_row_or_no_yes_is_refused_in_words(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "repairs.csv").write_text(text)
    with pytest.raises(RequestRefusedError, match=told):
        wishes_in(str(tmp_path / "repairs.csv"))


def test_a_file_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(RequestRefusedError, match=r"repairs.csv: there is no such file where the job runs"):
        wishes_in(str(tmp_path / "repairs.csv"))


@pytest.mark.parametrize("said", ["2", "2.0", " 2 "])
def test_a_line_may_be_written_as_a_spreadsheet_does(tmp_path: Path, said: str) -> None:
    file = tmp_path / "repairs.csv"
    file.write_text(f"source_file,source_line,undo,discard\na.txt,{said},Yes,no\n", encoding="utf-8-sig")
    assert wishes_in(str(file)) == [Wish("a.txt", 2, undo=True)]


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
