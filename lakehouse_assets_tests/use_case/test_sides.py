"""Which labelled rows are held out: whole entities, or what came last with nothing learned that was not yet known."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.declaring.declared_model import Split
from lakehouse_assets.use_case.training.labelled import EMBARGO, HELD_OUT, TRAINING, learns_until, sides
from lakehouse_assets_tests.use_case.shop import YAML

FIRST = date(2024, 1, 1)

#: Machine, day of the observation, hours from its prediction until its label is known.
observed = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 40), st.integers(1, 400)),
    unique_by=lambda row: row[:2],
    max_size=60,
)


def declared(split: Split) -> Declaration:
    """The small use case, whose predictions are made at 06:00 UTC of the day after, with another split."""
    attributes = yaml.safe_load(YAML)["attributes"] | {"timezone": "UTC", "split": split.model_dump(exclude_none=True)}
    return Declaration.model_validate(attributes)


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


@pytest.mark.parametrize(("days", "held_out"), [(4, 1), (10, 3), (250, 3)])
def test_a_share_grows_with_the_days_up_to_so_many_of_them(days: int, held_out: int) -> None:
    split = Split(by="time", share=0.25, at_most_days=3, embargo=False)
    rows = rows_of([(m, n, 1) for n in range(days) for m in range(4)])
    held = rows[sides(rows, split) == HELD_OUT]
    assert held["day"].nunique() == held_out == split.days_held_out(days)
    assert held["day"].max() == rows["day"].max()


def test_a_share_of_less_than_a_day_is_told_as_the_day_that_it_ends() -> None:
    assert Split(by="time", share=0.25).days_held_out(10) == 3
    assert Split(by="time", share=0.3).days_held_out(10) == 3, "three tenths of ten are three, also in binary"
    assert Split(by="entity", column="machine", percent=20).days_held_out(10) == 0


@given(
    st.lists(st.integers(0, 40), unique=True, min_size=1, max_size=30),
    st.integers(1, 12),
    st.integers(1, 400),
    st.booleans(),
)
def test_what_a_training_learns_until_is_the_last_day_on_its_side(days, last_days, hours, embargo) -> None:
    use_case = declared(Split(by="time", last_days=last_days, embargo=embargo))
    rows = rows_of([(0, day, hours) for day in days])
    until = learns_until(use_case, FIRST, rows["day"], rows["label_known_at"])
    learned = rows.loc[sides(rows, use_case.split) == TRAINING, "day"]
    assert until is not None
    if len(learned):
        assert until == learned.max().date()
    else:
        assert until < rows["day"].min().date()


def test_where_entities_are_held_out_a_training_learns_of_all_days() -> None:
    use_case = declared(Split(by="entity", column="machine", percent=20))
    rows = rows_of([(0, 3, 1)])
    assert learns_until(use_case, FIRST, rows["day"], rows["label_known_at"]) is None


def test_labels_that_take_months_leave_nothing_to_learn_from_and_the_rows_say_so() -> None:
    rows = rows_of([(0, n, 24 * 365) for n in range(20)])
    side = sides(rows, Split(by="time", last_days=5))
    assert np.unique(side, return_counts=True)[1].tolist() == [15, 5]
    assert set(side) == {EMBARGO, HELD_OUT}
