"""A run of many days leaves the outcomes that as many nights leave, whatever later rows correct or contradict."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets import definitions
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.observations import Days, Source
from lakehouse_assets.use_case.serving.scored import outcomes
from lakehouse_assets_tests.defs.use_cases import declared
from lakehouse_assets_tests.use_case.shop import FIRST, READINGS, Shop, readings, shop_in, write

PREDICTIONS = "delivery/wear/predictions"
TURBOFAN = Path(definitions.__file__).parent / "defs" / "turbofan" / "turbofan_rul"
DAYS = 8


def as_a_range(use_case: Declaration, folder: Path, lake: Lake, table: str, first: date, last: date) -> pd.DataFrame:
    return ordered(use_case, outcomes(use_case, folder, Source(lake), table, Days(first, last)))


def as_nights(use_case: Declaration, folder: Path, lake: Lake, table: str, first: date, last: date) -> pd.DataFrame:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return ordered(
        use_case, pd.concat([outcomes(use_case, folder, Source(lake), table, Days.one(day)) for day in days])
    )


def ordered(use_case: Declaration, rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values([*use_case.keys, "predicted_day", "day"], ignore_index=True)


def engines_that(lake: Lake, failures: list[tuple[int, int]], flown: int) -> Declaration:
    """Two engines that fly so many days, a prediction of each day, and failures: engine, day."""
    rows = pd.DataFrame([(f"e{e}", n) for e in range(2) for n in range(flown)], columns=["engine_id", "n"])
    day = pd.Timestamp(FIRST) + pd.to_timedelta(rows["n"], unit="D")
    known = (day + pd.Timedelta(hours=25)).astype("datetime64[us]").dt.tz_localize("UTC")
    told = rows.assign(day=day.dt.date, cycle=rows["n"] + 1, known_at=known, fleet="f")
    write(lake, "harmonized/turbofan/readings", told.drop(columns="n"))
    failed = told.set_index(["engine_id", "n"]).loc[[(f"e{e}", n) for e, n in failures]].reset_index()
    write(lake, "harmonized/turbofan/failures", failed.drop(columns=["n", "fleet"]))
    made = told.assign(predicted_at=known, remaining_cycles=np.arange(len(told), dtype="float64"), model_version=1)
    write(lake, "delivery/turbofan_rul/predictions", made.drop(columns=["n", "known_at"]))
    return Declaration.model_validate(declared("turbofan_rul"))


@settings(max_examples=12, deadline=None)
@given(failures=st.sets(st.tuples(st.integers(0, 1), st.integers(1, DAYS - 1)), min_size=1, max_size=4))
def test_engines_that_fail_twice_or_fly_on_have_the_outcomes_of_the_nights(
    tmp_path_factory: pytest.TempPathFactory, failures: set[tuple[int, int]]
) -> None:
    lake = Lake(str(tmp_path_factory.mktemp("lake")))
    use_case = engines_that(lake, sorted(failures), DAYS)
    asked = (use_case, TURBOFAN, lake, "delivery/turbofan_rul/predictions", FIRST, FIRST + timedelta(days=DAYS - 1))
    nights = as_nights(*asked)
    assert len(nights) == sum(day + 1 for _, day in failures), "each failure tells of every day up to its own"
    pd.testing.assert_frame_equal(as_a_range(*asked), nights)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Of each day the row of the next tells the wear, and the one after that corrects it."""
    made = shop_in(tmp_path, readings(DAYS))
    made.change({"  labels:\n": "  labels:\n    lookback_days: 2\n"})
    made.change(
        {"came.day = o.day + INTERVAL 1 DAY": "came.day BETWEEN o.day + INTERVAL 1 DAY AND o.day + INTERVAL 2 DAY"}
    )
    rows = readings(DAYS)
    predicted = rows.assign(predicted_wear=1.0, predicted_at=rows["known_at"], model_version=1)
    write(made.lake, PREDICTIONS, predicted.drop(columns=["load", "wear", "known_at"]))
    return made


def test_an_original_and_its_correction_both_stand_in_a_run_of_many_days(shop: Shop) -> None:
    asked = (shop.plan.declaration, shop.folder, shop.lake, PREDICTIONS, FIRST, FIRST + timedelta(days=DAYS - 1))
    found = as_a_range(*asked)
    pd.testing.assert_frame_equal(found, as_nights(*asked))
    assert set(found.groupby(["machine", "predicted_day"]).size()) == {1, 2}, (
        "what came on the last day nothing corrects yet"
    )
    assert not found.duplicated(["machine", "predicted_day", "day"]).any()


def test_two_outcomes_that_rows_of_one_day_tell_are_refused_with_words(shop: Shop) -> None:
    twice = pd.concat([readings(DAYS)] * 2)
    write(shop.lake, READINGS, twice)
    asked = (shop.plan.declaration, shop.folder, shop.lake, PREDICTIONS, FIRST, FIRST + timedelta(days=3))
    for way in (as_a_range, as_nights):
        with pytest.raises(ValueError, match=r"use case wear: its labels give \d+ rows twice, such as"):
            way(*asked)


def test_a_query_that_names_another_day_than_its_rows_is_refused_with_words(shop: Shop) -> None:
    shop.change({"came.day AS label_day": "o.day AS label_day"})
    asked = (shop.plan.declaration, shop.folder, shop.lake, PREDICTIONS, FIRST, FIRST + timedelta(days=3))
    for way in (as_a_range, as_nights):
        with pytest.raises(ValueError, match=r"rows of 2024-01-02 tell, its labels gave \d+ rows of another label_day"):
            way(*asked)
