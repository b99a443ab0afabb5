"""A day's features see the engine's own past and nothing else, and do not depend on what is computed with them."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.features.baselines import empty_baselines, update_baselines
from lakehouse_assets.features.windows import (
    HISTORY_DAYS,
    INDICATORS,
    KEYS,
    MODEL_SENSORS,
    feature_names,
    known_since,
    window_features,
)
from lakehouse_assets_tests.cpu_time import at_best

FIRST_DAY = pd.Timestamp("2020-01-01")
ARRIVES = pd.Timedelta("1D 00:30:00")


def engine(name: str, first_cycle: int, cycles: int, first_day: int = 0, missing: float = 0.0) -> pd.DataFrame:
    random = np.random.default_rng([*name.encode()])
    wear = np.linspace(0, 2, cycles)[:, None]
    values = random.normal(size=(cycles, len(MODEL_SENSORS))) + wear
    values[random.random(values.shape) < missing] = np.nan
    frame = pd.DataFrame(values, columns=list(MODEL_SENSORS))
    frame.insert(0, "cycle", range(first_cycle, first_cycle + cycles))
    frame.insert(0, "day", FIRST_DAY + pd.to_timedelta(np.arange(first_day, first_day + cycles), unit="D"))
    frame.insert(0, "known_at", frame["day"].dt.tz_localize("UTC").astype("datetime64[us, UTC]") + ARRIVES)
    frame.insert(0, "fleet", "FD001")
    frame.insert(0, "engine_id", name)
    return frame


def fleet() -> pd.DataFrame:
    with_gaps = engine("gaps", 1, 150, first_day=5, missing=0.1)
    return pd.concat(
        [
            engine("whole", 1, 160),
            with_gaps[(with_gaps["cycle"] % 11 != 0) & ~with_gaps["cycle"].between(30, 45)],
            engine("mid-life", 70, 100, first_day=20),
            engine("young", 1, 12, first_day=100),
        ],
        ignore_index=True,
    )


READINGS = fleet()
BASELINES = update_baselines(empty_baselines(MODEL_SENSORS), READINGS, MODEL_SENSORS)
WHOLE = window_features(READINGS, BASELINES)


def day(number: int) -> pd.Timestamp:
    return FIRST_DAY + pd.Timedelta(days=number)


def test_each_engine_and_day_gets_one_row_with_the_listed_float32_columns() -> None:
    assert list(WHOLE.columns) == [*KEYS, *feature_names()]
    assert len(WHOLE) == len(READINGS)
    assert not WHOLE.duplicated(["engine_id", "day"]).any()
    assert (WHOLE[feature_names()].dtypes == "float32").all()
    assert not np.isinf(WHOLE[feature_names()].to_numpy()).any()


@settings(max_examples=15, deadline=None)
@given(start=st.integers(0, 159), days=st.integers(1, 40), order=st.integers(0, 99))
def test_any_range_of_days_with_its_history_gives_the_same_bits_as_all_days(start: int, days: int, order: int) -> None:
    stop = start + days
    seen = READINGS[READINGS["day"].between(day(start - HISTORY_DAYS + 1), day(stop - 1))]
    known = BASELINES[BASELINES["day"].between(day(start), day(stop - 1))]
    part = window_features(seen.sample(frac=1.0, random_state=order), known, first_day=day(start))
    expected = WHOLE[WHOLE["day"].between(day(start), day(stop - 1))].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, expected, check_exact=True)


def test_what_happens_after_a_day_does_not_change_it() -> None:
    shifted = READINGS.copy()
    shifted.loc[shifted["day"] > day(90), list(MODEL_SENSORS)] += 100.0
    after = window_features(shifted, BASELINES)
    until = WHOLE["day"] <= day(90)
    pd.testing.assert_frame_equal(after[until], WHOLE[until], check_exact=True)
    assert not after[~until].equals(WHOLE[~until])


def test_what_lies_before_the_longest_window_is_not_looked_at() -> None:
    shifted = READINGS.copy()
    shifted.loc[shifted["day"] <= day(110) - pd.Timedelta(days=HISTORY_DAYS), list(MODEL_SENSORS)] += 100.0
    after = window_features(shifted, BASELINES, first_day=day(110))
    pd.testing.assert_frame_equal(after, WHOLE[WHOLE["day"] >= day(110)].reset_index(drop=True), check_exact=True)


def test_an_engine_does_not_see_another() -> None:
    alone = window_features(READINGS[READINGS["engine_id"] == "gaps"], BASELINES)
    expected = WHOLE[WHOLE["engine_id"] == "gaps"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, expected, check_exact=True)


@pytest.mark.parametrize("name", ["whole", "gaps", "mid-life", "young"])
def test_windows_agree_with_a_plain_calculation(name: str) -> None:
    own = READINGS[READINGS["engine_id"] == name].set_index("day")
    features = WHOLE[WHOLE["engine_id"] == name].set_index("day")
    start = own.loc[own["cycle"] <= 20, "t50"].mean()
    for today in own.index[::9]:
        window = own.loc[today - pd.Timedelta(days=59) : today, "t50"].dropna()
        slope = np.polyfit((window.index - today).days, window, 1)[0] if len(window) >= 3 else np.nan
        np.testing.assert_allclose(features.loc[today, "t50_slope_60"], slope, rtol=1e-4, atol=1e-6)
        if own.loc[today, "cycle"] >= 20:
            level = own.loc[today - pd.Timedelta(days=9) : today, "t50"].mean()
            np.testing.assert_allclose(features.loc[today, "t50_drift_10"], level - start, rtol=1e-4, atol=1e-6)
        wear = own.loc[today - pd.Timedelta(days=9) : today, list(INDICATORS["wear"])].mean(axis=1).mean()
        np.testing.assert_allclose(features.loc[today, "wear_mean_10"], wear, rtol=1e-4, atol=1e-6)


def test_an_engine_first_seen_in_mid_life_has_windows_but_no_drift() -> None:
    own = WHOLE[WHOLE["engine_id"] == "mid-life"]
    drifts = [name for name in feature_names() if "_drift_" in name]
    assert len(drifts) == 2 * (len(MODEL_SENSORS) + len(INDICATORS))
    assert own[drifts].isna().all(axis=None)
    assert own.iloc[-1][[name for name in feature_names() if name not in drifts]].notna().all()
    assert own["cycle"].iloc[0] == 70


def test_a_trend_needs_three_readings() -> None:
    own = WHOLE[WHOLE["engine_id"] == "young"]
    assert own["t50_slope_60"].isna().tolist() == [True] * 2 + [False] * 10


def test_a_sensor_that_is_missing_for_good_leaves_the_rest_as_it_was() -> None:
    without = READINGS.assign(bpr=np.nan)
    known = update_baselines(empty_baselines(MODEL_SENSORS), without, MODEL_SENSORS)
    features = window_features(without, known)
    touched = [name for name in feature_names() if name.startswith(("bpr", "compressor", "fault_mode"))]
    pd.testing.assert_frame_equal(features.drop(columns=touched), WHOLE.drop(columns=touched), check_exact=True)
    assert features[[name for name in touched if name.startswith("bpr")]].isna().all(axis=None)
    assert features["compressor_mean_10"].notna().all()


def test_no_readings_give_an_empty_table_with_all_columns() -> None:
    nothing = window_features(READINGS.iloc[:0], BASELINES)
    assert nothing.empty
    assert list(nothing.columns) == [*KEYS, *feature_names()]
    late = window_features(READINGS, BASELINES, first_day=day(1000))
    assert late.empty


@settings(max_examples=15, deadline=None)
@given(late=st.lists(st.tuples(st.integers(0, len(READINGS) - 1), st.integers(1, 400)), max_size=8))
def test_a_row_is_known_when_the_last_reading_that_it_sees_is(late: list[tuple[int, int]]) -> None:
    readings = READINGS.copy()
    for row, days in late:
        readings.loc[row, "known_at"] += pd.Timedelta(days=days)
    begun = update_baselines(empty_baselines(MODEL_SENSORS), readings, MODEL_SENSORS)
    known = known_since(readings.sample(frac=1.0, random_state=1), begun, first_day=day(100))
    told = WHOLE[WHOLE["day"] >= day(100)].assign(known_at=list(known)).iloc[::17]
    for row in told.itertuples():
        own = readings[(readings["engine_id"] == row.engine_id) & (readings["day"] <= row.day)]
        in_window = own["day"] > row.day - pd.Timedelta(days=HISTORY_DAYS)
        in_state = (own["cycle"] <= 20) & own[list(MODEL_SENSORS)].notna().any(axis=1)
        assert row.known_at == own.loc[in_window | in_state, "known_at"].max()


def test_no_rows_are_known_at_no_time() -> None:
    assert known_since(READINGS, BASELINES, first_day=day(1000)).empty
    assert str(known_since(READINGS.iloc[:0], BASELINES).dtype) == "datetime64[us, UTC]"


def test_two_readings_on_a_day_and_missing_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="two readings"):
        window_features(pd.concat([READINGS, READINGS.tail(1)]), BASELINES)
    with pytest.raises(ValueError, match="phi"):
        window_features(READINGS.drop(columns="phi"), BASELINES)


def test_forty_thousand_rows_take_less_than_ten_cpu_seconds() -> None:
    many = pd.concat([engine(f"e{number}", 1, 200) for number in range(200)], ignore_index=True)
    state = update_baselines(empty_baselines(MODEL_SENSORS), many, MODEL_SENSORS)

    def cpu_seconds() -> float:
        began = time.process_time()
        window_features(many, state)
        return time.process_time() - began

    assert at_best(10.0, cpu_seconds) < 10.0
