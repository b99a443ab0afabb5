from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.contracts.conform import conform, to_arrow
from lakehouse_assets.contracts.contract import Column, Contract
from lakehouse_assets.contracts.promise import table_promise
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lake.writing.promise import hold_to

CONTRACT = Contract(
    path=Path("x.yaml"),
    key=("harmonized", "press", "strokes"),
    purpose="",
    owner="team:plant",
    columns=(
        Column("press_id", "string", "", primary_key=True, required=True),
        Column("stroke", "long", "", primary_key=True, required=True, minimum=1),
        Column("force", "double", "", minimum=0, maximum=900),
        Column("at", "timestamp", ""),
    ),
    rules=(),
)


def frame(**columns: list[object]) -> pd.DataFrame:
    rows = len(next(iter(columns.values())))
    base = {"press_id": ["a"] * rows, "stroke": list(range(1, rows + 1)), "force": [1.0] * rows, "at": [None] * rows}
    return pd.DataFrame({**base, **columns})


def test_text_that_is_a_number_is_read_as_one() -> None:
    split = conform(frame(force=["12.5", "3"]), CONTRACT)
    assert split.rows["force"].tolist() == [12.5, 3.0]
    assert split.broken.empty


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("force", "abc", "force must be a number, found 'abc'"),
        ("force", "1.2.3", "force must be a number, found '1.2.3'"),
        ("force", "inf", "force must be a number, found 'inf'"),
        ("force", 901, "force must be at most 900, found 901"),
        ("force", -1, "force must be at least 0, found -1"),
        ("stroke", "2.5", "stroke must be a whole number, found '2.5'"),
        ("stroke", None, "stroke must be given"),
        ("stroke", 0, "stroke must be at least 1, found 0"),
        ("press_id", None, "press_id must be given"),
        ("at", "yesterday", "at must be a time, found 'yesterday'"),
    ],
)
def test_a_row_that_breaks_a_promise_is_set_aside_with_the_promise_in_words(
    column: str, value: object, rule: str
) -> None:
    given_rows = frame(**{column: [value, frame(x=[0, 0])[column][1]]})
    split = conform(given_rows.astype(object), CONTRACT)
    assert split.broken["rule"].str.startswith(rule).tolist() == [True]
    assert len(split.rows) == 1


@pytest.mark.parametrize("missing", ["NaN", "nan", None, float("nan"), ""])
def test_a_missing_reading_is_null_and_breaks_nothing(missing: object) -> None:
    split = conform(frame(force=[missing, "5"]).astype(object), CONTRACT)
    assert split.broken.empty
    assert split.rows["force"].isna().tolist() == [True, False]


def conformed(kind: str, *values: object) -> tuple[list[object], list[str]]:
    """A column's values as stored, and the rules that the others break."""
    column = Column("x", kind, "A column.")
    promise = Contract(Path("x.yaml"), ("harmonized", "x", "x"), "p", "team:x", (column,), ())
    split = conform(pd.DataFrame({"x": pd.Series(list(values), dtype="object")}), promise)
    return to_arrow(split.rows, promise)["x"].to_pylist(), split.broken["rule"].tolist()


def test_large_whole_numbers_keep_every_digit_beside_values_that_are_none() -> None:
    kept, broken = conformed("long", "9007199254740993", None, "NaN", str(2**63 - 1), "-9007199254740995", "abc", "1.5")
    assert kept == [9007199254740993, None, None, 2**63 - 1, -9007199254740995]
    assert broken == ["x must be a whole number, found 'abc'", "x must be a whole number, found '1.5'"]
    assert conformed("long", str(2**63), "1.0")[0] == [1]


def test_a_date_in_another_form_breaks_its_own_row_and_no_other() -> None:
    kept, broken = conformed(
        "date", "01.02.2024", "2024-01-03", "20240104", date(2024, 1, 5), "2024-01-06T10:00", "now"
    )
    assert kept == [date(2024, 1, 3), date(2024, 1, 4), date(2024, 1, 5)]
    assert [rule.split("found ")[1] for rule in broken] == ["'01.02.2024'", "'2024-01-06T10:00'", "'now'"]


def test_times_of_any_zone_become_utc_whatever_form_the_first_row_has() -> None:
    kept, broken = conformed("timestamp", "2024-01-01T00:00:00+02:00", "2024-01-01 05:00", "today", "1600000000")
    assert kept == [datetime(2023, 12, 31, 22, tzinfo=UTC), datetime(2024, 1, 1, 5, tzinfo=UTC)]
    assert broken == ["x must be a time, found 'today'", "x must be a time, found '1600000000'"]


def test_what_is_neither_true_nor_false_is_set_aside_and_does_not_stop_the_others() -> None:
    kept, broken = conformed("boolean", True, "False", "TRUE ", np.bool_(False), None, "perhaps", 2)
    assert kept == [True, False, True, False, None]
    assert broken == ["x must be true or false, found 'perhaps'", "x must be true or false, found '2'"]


def test_of_two_rows_with_one_key_the_first_stays_and_the_second_is_set_aside() -> None:
    split = conform(frame(stroke=[7, 7], force=[1.0, 2.0]), CONTRACT)
    assert split.rows["force"].tolist() == [1.0]
    assert split.broken["rule"].tolist() == ["only one row per press_id, stroke: an earlier row has the same"]


def test_a_broken_row_does_not_push_out_the_good_one_with_the_same_key() -> None:
    split = conform(frame(stroke=[7, 7], force=[-5.0, 2.0]), CONTRACT)
    assert split.rows["force"].tolist() == [2.0]


def test_conformed_rows_have_exactly_the_promised_arrow_types() -> None:
    table = to_arrow(conform(frame(force=["1", "NaN"]), CONTRACT).rows, CONTRACT)
    assert [str(field.type) for field in table.schema] == ["string", "int64", "double", "timestamp[us, tz=UTC]"]


@settings(deadline=None, max_examples=30)  # other processes share the machine
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", None]),
            st.sampled_from(["1", "2", "0", "x", None]),
            st.sampled_from(["1", "950", "-1", "NaN", "oops"]),
        ),
        max_size=20,
    )
)
def test_every_row_is_either_kept_or_set_aside_and_never_both(rows: list[tuple[object, object, object]]) -> None:
    table = pd.DataFrame(rows, columns=["press_id", "stroke", "force"], dtype=object).assign(
        at=None, row=range(len(rows))
    )
    split = conform(table, CONTRACT)
    assert len(split.rows) + len(split.broken) == len(rows)
    assert not split.rows.duplicated(["press_id", "stroke"]).any()
    assert split.rows["force"].dropna().between(0, 900).all()
    assert split.broken["rule"].ne("").all()


@settings(deadline=None, max_examples=30)
@given(
    st.lists(
        st.sampled_from(["1", " 2.5", "900", "901", "-1", "NaN", "none", "", "x1", "1e3", "inf", None]), max_size=12
    )
)
def test_what_conforms_is_never_refused_by_the_lake_and_conforms_again_unchanged(forces: list[str | None]) -> None:
    given_rows = frame(force=forces) if forces else frame(force=["1"]).iloc[:0]
    split = conform(given_rows.astype(object), CONTRACT)
    table = to_arrow(split.rows, CONTRACT)
    hold_to(table_promise(CONTRACT), table.to_batches(), Provenance("strokes"), "memory")
    again = conform(split.rows, CONTRACT)
    assert again.broken.empty
    pd.testing.assert_frame_equal(again.rows, split.rows)
    broken = split.broken["force"].tolist()
    assert set(broken) <= {"901", "-1", "x1", "1e3", "inf"}
    assert len(broken) == sum(value in {"901", "-1", "x1", "1e3", "inf"} for value in forces)
