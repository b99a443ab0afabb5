from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.contracts.conform import conform, to_arrow
from lakehouse_assets.contracts.contract import Column, Contract

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


@settings(deadline=None)
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
