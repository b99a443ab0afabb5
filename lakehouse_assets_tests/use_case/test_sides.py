"""Which labelled rows are held out: whole entities, or what came last with nothing learned that was not yet known."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.use_case.declared_model import Split
from lakehouse_assets.use_case.labelled import EMBARGO, HELD_OUT, TRAINING, sides

FIRST = date(2024, 1, 1)

#: Machine, day of the observation, hours from its prediction until its label is known.
observed = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 40), st.integers(1, 400)),
    unique_by=lambda row: row[:2],
    max_size=60,
)


def rows_of(drawn: list[tuple[int, int, int]]) -> pd.DataFrame:
    day = pd.to_datetime(pd.Series([FIRST + timedelta(days=n) for _, n, _ in drawn], dtype="datetime64[us]"))
    made = (day + pd.Timedelta(hours=30)).dt.tz_localize("UTC")
    known = made + pd.to_timedelta([hours for *_, hours in drawn], unit="h")
    return pd.DataFrame(
        {"machine": [f"m{m}" for m, *_ in drawn], "day": day, "predicted_at": made, "label_known_at": known}
    )


@given(observed, st.integers(1, 90), st.randoms(use_true_random=False))
def test_no_entity_is_ever_on_both_sides_whatever_else_is_there(drawn, percent, random) -> None:
    split = Split(by="entity", column="machine", percent=percent)
    rows = rows_of(drawn)
    side = pd.Series(sides(rows, split), dtype="object")
    assert set(side) <= {TRAINING, HELD_OUT}
    assert (side.groupby(rows["machine"]).nunique() <= 1).all()
    some = rows[np.array([random.random() < 0.5 for _ in range(len(rows))], dtype=bool)].sample(
        frac=1, random_state=random.randint(0, 99)
    )
    assert sides(some.reset_index(drop=True), split).tolist() == side.loc[some.index].tolist()


def test_about_the_declared_share_of_the_entities_is_held_out() -> None:
    rows = pd.DataFrame({"machine": [f"m{n}" for n in range(4000)]})
    share = (sides(rows, Split(by="entity", column="machine", percent=30)) == HELD_OUT).mean()
    assert share == pytest.approx(0.3, abs=0.03)


@given(observed, st.one_of(st.floats(0.05, 0.95), st.integers(1, 30)), st.booleans())
def test_what_is_held_out_came_last_and_nothing_is_learned_that_was_not_known_before_it(drawn, much, embargo) -> None:
    which = {"last_days": much} if isinstance(much, int) else {"share": much}
    split = Split(by="time", embargo=embargo, **which)
    rows = rows_of(drawn)
    side = sides(rows, split)
    held, learned = rows[side == HELD_OUT], rows[side == TRAINING]
    assert len(side) == len(rows)
    if len(rows):
        wanted = len(rows) - int(len(rows) * (1 - much)) if not isinstance(much, int) else None
        assert len(held) == (wanted or (rows["day"] > rows["day"].max() - pd.Timedelta(days=much)).sum())
        assert len(held) > 0
        before = rows[side != HELD_OUT]
        assert before.empty or before["day"].max() <= held["day"].min()
    if embargo and len(held):
        begins = held["predicted_at"].min()
        assert (learned["label_known_at"] <= begins).all()
        assert (rows.loc[side == EMBARGO, "label_known_at"] > begins).all()
    if not embargo:
        assert EMBARGO not in side


def test_the_order_that_is_named_decides_within_a_day() -> None:
    rows = rows_of([(m, 0, 1) for m in range(10)]).assign(number=[3, 1, 4, 0, 5, 9, 2, 6, 8, 7])
    side = sides(rows, Split(by="time", share=0.3, order_by=["day", "number"], embargo=False))
    assert sorted(rows.loc[side == HELD_OUT, "number"]) == [7, 8, 9]


def test_labels_that_take_months_leave_nothing_to_learn_from_and_the_rows_say_so() -> None:
    rows = rows_of([(0, n, 24 * 365) for n in range(20)])
    side = sides(rows, Split(by="time", last_days=5))
    assert np.unique(side, return_counts=True)[1].tolist() == [15, 5]
    assert set(side) == {EMBARGO, HELD_OUT}
