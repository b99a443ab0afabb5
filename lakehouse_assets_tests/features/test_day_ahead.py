"""A forecast sees what was known when it was made, and its band keeps its order and its promise."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.features.day_ahead import day_ahead_features, day_type, feature_names, same_quarter_last_week
from lakehouse_assets.features.holidays import SOUTH_KOREA
from lakehouse_assets.lifecycle.quantile_forecast import coverage, fit_quantiles, ordered

BEGIN = date(2018, 1, 1)
DAYS = 70


def meter() -> pd.DataFrame:
    ends_at = pd.Timestamp(BEGIN) + pd.to_timedelta(15 * np.arange(1, DAYS * 96 + 1), unit="min")
    noise = np.random.default_rng(1).normal(0, 3, len(ends_at))
    shape = 40 + 20 * np.sin(2 * np.pi * np.arange(len(ends_at)) / 96)
    return pd.DataFrame({"ends_at": ends_at, "kwh": np.maximum(shape + noise, 0)})


READINGS = meter()
DAY = date(2018, 2, 20)


@settings(max_examples=25, deadline=None)
@given(back=st.integers(0, 30), delay=st.integers(0, 40))
def test_no_reading_that_was_not_known_yet_moves_a_feature(back: int, delay: int) -> None:
    made_at, late = timedelta(hours=-back), timedelta(minutes=15 * delay)
    newest = pd.Timestamp(DAY) + made_at - late
    poisoned = READINGS.assign(kwh=READINGS["kwh"].where(READINGS["ends_at"] <= newest, 1e6))
    told = [day_ahead_features(rows, [DAY], SOUTH_KOREA, made_at, late) for rows in (READINGS, poisoned)]
    pd.testing.assert_frame_equal(*told, check_exact=True)


def test_the_newest_reading_known_is_used() -> None:
    last = READINGS["ends_at"] == pd.Timestamp(DAY) - pd.Timedelta(minutes=15)
    moved = READINGS.assign(kwh=READINGS["kwh"].where(~last, 1e6))
    features = day_ahead_features(moved, [DAY], SOUTH_KOREA)
    assert features["lag_1"].max() == 1e6
    assert np.isnan(features["lag_1"].iloc[95])
    assert features["evening"].iloc[0] > 1e5


def test_a_day_is_the_same_alone_or_among_others_and_in_any_order() -> None:
    many = day_ahead_features(READINGS, [DAY + timedelta(days=n) for n in range(-3, 4)], SOUTH_KOREA)
    alone = day_ahead_features(READINGS.sample(frac=1, random_state=1), [DAY], SOUTH_KOREA)
    among = many[many["day"] == pd.Timestamp(DAY)].reset_index(drop=True)
    pd.testing.assert_frame_equal(among, alone, check_exact=True)
    assert list(alone.columns) == ["day", "ends_at", *feature_names()]
    assert len(alone) == 96


def test_lags_and_the_naive_forecast_are_the_same_quarter_of_days_before() -> None:
    features = day_ahead_features(READINGS, [DAY], SOUTH_KOREA)
    kwh = READINGS.set_index("ends_at")["kwh"]
    week = kwh.reindex(features["ends_at"] - pd.Timedelta(days=7)).to_numpy()
    np.testing.assert_array_equal(features["lag_7"], week)
    np.testing.assert_array_equal(same_quarter_last_week(READINGS, features["ends_at"]), week)


def test_holidays_are_days_of_rest_and_like_days_are_compared() -> None:
    assert [day_type(date(2018, 2, n), SOUTH_KOREA) for n in (14, 15, 17, 18, 24)] == [0, 2, 2, 2, 1]
    features = day_ahead_features(READINGS, [date(2018, 2, 19)], SOUTH_KOREA).iloc[0]
    assert features["rest_before"] == 3
    kwh = READINGS.set_index("ends_at")["kwh"]
    assert features["same_type_1"] == kwh[pd.Timestamp("2018-02-14 00:15")]


def test_missing_quarters_are_missing_and_doubled_or_odd_ones_refused() -> None:
    holes = READINGS.drop(READINGS.sample(frac=0.3, random_state=1).index)
    assert day_ahead_features(holes, [DAY], SOUTH_KOREA)["lag_2"].isna().any()
    with pytest.raises(ValueError, match="two readings"):
        day_ahead_features(pd.concat([READINGS, READINGS.tail(1)]), [date(2018, 3, 12)], SOUTH_KOREA)
    with pytest.raises(ValueError, match="full quarter"):
        day_ahead_features(READINGS.assign(ends_at=READINGS["ends_at"] + pd.Timedelta("1min")), [DAY], SOUTH_KOREA)


def test_the_band_covers_what_it_promises_on_days_like_those_it_learned() -> None:
    days = [BEGIN + timedelta(days=n) for n in range(DAYS)]
    rows = day_ahead_features(READINGS, days, SOUTH_KOREA)
    past = rows["day"] < pd.Timestamp(BEGIN) + pd.Timedelta(days=60)
    label = READINGS["kwh"].to_numpy()
    model = fit_quantiles(rows.loc[past, feature_names()], label[past], rows.loc[past, "day"], rounds=40)
    low, middle, high = model.predict(rows.loc[~past, feature_names()]).T
    assert (low <= middle).all()
    assert (middle <= high).all()
    assert 0.72 <= coverage(low, high, label[~past]) <= 0.88
    with pytest.raises(ValueError, match="ascending"):
        fit_quantiles(rows[feature_names()], label, rows["day"], quantiles=(0.9, 0.5))


def test_crossed_quantiles_are_put_in_order_around_the_median() -> None:
    crossed = {0.1: np.array([5.0, -3.0]), 0.5: np.array([4.0, 2.0]), 0.9: np.array([3.0, 9.0])}
    np.testing.assert_array_equal(ordered(crossed, {}), [[4, 4, 4], [0, 2, 9]])
