"""By which rows of a window the prediction of a report is judged, beside a row by row reading of the rule."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.monitoring.reports.own_predictions import OwnPredictions, own_predictions

#: Day of the row, who predicted it (0: nobody), whether that gave a value.
ROWS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0, 1, 2, 3]), st.booleans()), max_size=20)


def window(rows: Sequence[tuple[int, int, bool]]) -> pd.DataFrame:
    days = pd.Timestamp("2024-05-01") + pd.to_timedelta([day for day, *_ in rows], unit="D")
    made = pd.Series([1.0 if by and known else np.nan for _, by, known in rows], dtype="float64")
    by = pd.Series([by or np.nan for _, by, _ in rows], dtype="float64")
    return pd.DataFrame({"day": days, "wear": made, "model_version": by})


def judged(rows: Sequence[tuple[int, int, bool]], version: int = 2) -> OwnPredictions:
    return own_predictions(window(rows), "wear", version)


def lacked(day: int, own: set[int], others: set[int]) -> bool:
    """Whether it is the version's fault that rows of a day have no prediction."""
    told = own | others
    if day in told:
        return day in own
    before, follows = [one for one in told if one < day], any(one > day for one in told)
    return not before or max(before) in own or not follows


@given(ROWS)
def test_a_row_is_judged_if_the_version_predicted_it_or_nobody_did_and_no_other_version_failed_to(
    rows: list[tuple[int, int, bool]],
) -> None:
    served = {day for day, by, known in rows if by and known}
    own = {day for day, by, _ in rows if by == 2}
    others = {day for day, by, _ in rows if by not in (0, 2)}
    expected = [
        place
        for place, (day, by, _) in enumerate(rows)
        if not (served and day < min(served)) and (by == 2 or (by == 0 and lacked(day, own, others)))
    ]
    found = judged(rows)
    assert found.rows.index.tolist() == expected
    assert bool(found.why) == (len(expected) < len(rows))


def test_words_say_whose_the_other_rows_are() -> None:
    rows = [(0, 0, False), (1, 1, True), (1, 1, True), (2, 3, True), (3, 2, True)]
    assert judged(rows).why == (
        "Of 3 others, version 1, 3 made the predictions or served, not 2. Nobody predicted the 1 before 2024-05-02"
    )


@pytest.mark.parametrize("rows", [[(0, 2, True), (1, 2, False), (2, 0, False)], [(0, 0, False), (1, 0, False)]])
def test_a_window_of_one_version_and_one_of_nobody_are_judged_whole(rows: list[tuple[int, int, bool]]) -> None:
    assert (len(judged(rows).rows), judged(rows).why) == (len(rows), "")


def test_without_a_word_on_who_predicted_all_is_of_the_version() -> None:
    found = own_predictions(window([(0, 0, False), (1, 1, True)]).drop(columns="model_version"), "wear", 2)
    assert (len(found.rows), found.why) == (1, "Nobody predicted the 1 before 2024-05-02")
