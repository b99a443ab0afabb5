"""Regimes are found without knowing their number, and z-scores compare a reading with its own regime only."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.features.regimes import (
    SENSORS,
    SETTINGS,
    assign_regimes,
    fit_regimes,
    normalise,
    regimes_version,
)

SIX = [(0, 0.0, 100), (3048, 0.25, 100), (6096, 0.7, 100), (7620, 0.62, 60), (10668, 0.84, 100), (12802, 0.84, 100)]


def flown(conditions: list[tuple[float, float, float]], rows_each: int = 60, seed: int = 3) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    parts = []
    for number, condition in enumerate(conditions):
        centre = np.array(condition, dtype=float) + random.normal(0, [1.0, 0.0005, 0.0], size=(rows_each, 3))
        sensors = random.normal(100.0 * (number + 1), 2.0 + number, size=(rows_each, len(SENSORS)))
        parts.append(pd.DataFrame(np.hstack([centre, sensors]), columns=[*SETTINGS, *SENSORS]))
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("number", [1, 3, 6])
def test_the_regimes_that_were_flown_are_found_without_being_told_their_number(number: int) -> None:
    regimes = fit_regimes(flown(SIX[:number]))
    assert regimes["regime"].tolist() == list(range(number))
    assert regimes["rows"].tolist() == [60] * number
    np.testing.assert_allclose(regimes["altitude"], [condition[0] for condition in SIX[:number]], atol=1.0)


def test_regimes_that_only_two_settings_together_tell_apart_are_found() -> None:
    crossed = [(0, 0.0, 100), (0, 0.8, 60), (9000, 0.0, 60)]
    assert len(fit_regimes(flown(crossed))) == 3


def test_the_order_of_the_rows_does_not_matter() -> None:
    readings = flown(SIX)
    shuffled = readings.sample(frac=1.0, random_state=5)
    pd.testing.assert_frame_equal(fit_regimes(readings), fit_regimes(shuffled), rtol=1e-12)


def test_scores_have_mean_0_and_spread_1_within_each_regime() -> None:
    readings = flown(SIX)
    regimes = fit_regimes(readings)
    scores = normalise(readings, regimes)
    by_regime = scores[list(SENSORS)].groupby(assign_regimes(readings, regimes))
    np.testing.assert_allclose(by_regime.mean(), 0.0, atol=1e-9)
    np.testing.assert_allclose(by_regime.std(ddof=0), 1.0, atol=1e-9)


def test_a_sensor_that_is_constant_in_a_regime_scores_0_despite_rounding_errors() -> None:
    readings = flown(SIX[:1])
    readings["p2"] = 14.62 + np.where(np.arange(len(readings)) % 2, 2e-15, 0.0)
    regimes = fit_regimes(readings)
    assert regimes["std_p2"].tolist() == [0.0]
    assert (normalise(readings, regimes)["p2"] == 0.0).all()


def test_missing_values_stay_missing_and_do_not_touch_the_mean() -> None:
    readings = flown(SIX[:1])
    complete = fit_regimes(readings.iloc[:40])
    readings.loc[40:, "epr"] = np.nan
    regimes = fit_regimes(readings)
    assert regimes["mean_epr"].iloc[0] == pytest.approx(complete["mean_epr"].iloc[0])
    scores = normalise(readings, regimes)
    assert scores["epr"].isna().tolist() == [False] * 40 + [True] * 20
    assert scores["t24"].notna().all()


def test_a_sensor_never_read_in_a_regime_has_no_score_there() -> None:
    readings = flown(SIX[:2])
    readings.loc[:59, "p15"] = np.nan
    regimes = fit_regimes(readings)
    later = readings.assign(p15=200.0)
    assert normalise(later, regimes)["p15"].isna().tolist() == [True] * 60 + [False] * 60


def test_a_condition_that_no_training_engine_flew_in_has_no_scores() -> None:
    regimes = fit_regimes(flown(SIX[:2]))
    elsewhere = flown(SIX[3:4])
    assert (assign_regimes(elsewhere, regimes) == -1).all()
    assert normalise(elsewhere, regimes)[list(SENSORS)].isna().all(axis=None)


def test_every_training_reading_is_within_reach_of_its_regime() -> None:
    ramp = pd.concat([flown([(float(height), 0.0, 100.0)], rows_each=5) for height in range(0, 3000, 100)])
    regimes = fit_regimes(ramp)
    assert len(regimes) == 1
    assert (assign_regimes(ramp, regimes) == 0).all()


def test_a_reading_without_settings_has_no_regime() -> None:
    readings = flown(SIX[:1])
    regimes = fit_regimes(readings)
    readings.loc[0, "mach"] = np.nan
    assert assign_regimes(readings, regimes)[0] == -1
    assert fit_regimes(readings)["rows"].tolist() == [59]


def test_keys_and_order_of_the_rows_are_kept() -> None:
    readings = flown(SIX[:3]).sample(frac=1.0, random_state=1)
    readings.insert(0, "engine_id", [f"e{number}" for number in range(len(readings))])
    scores = normalise(readings, fit_regimes(readings))
    assert scores["engine_id"].tolist() == readings["engine_id"].tolist()
    assert scores.index.equals(readings.index)


def test_errors_name_what_is_missing() -> None:
    readings = flown(SIX[:1])
    with pytest.raises(ValueError, match="phi"):
        fit_regimes(readings.drop(columns="phi"))
    with pytest.raises(ValueError, match="none of 60 readings"):
        fit_regimes(readings.assign(tra=np.nan))
    with pytest.raises(ValueError, match="empty"):
        assign_regimes(readings, fit_regimes(readings).iloc[:0])


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(0.01, 1000.0), offset=st.floats(-1e4, 1e4))
def test_scores_do_not_depend_on_the_unit_of_a_sensor(scale: float, offset: float) -> None:
    readings = flown(SIX[:2], rows_each=20)
    converted = readings.assign(t30=readings["t30"] * scale + offset)
    expected = normalise(readings, fit_regimes(readings))["t30"]
    found = normalise(converted, fit_regimes(converted))["t30"]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_version_of_regimes_tells_them_and_the_features_apart() -> None:
    regimes = pd.DataFrame({"regime": [0], "mean_t50": [700.0]})
    versions = {
        regimes_version(regimes, ["a", "b"]),
        regimes_version(regimes, ["a"]),
        regimes_version(regimes.assign(mean_t50=701.0), ["a", "b"]),
    }
    assert len(versions) == 3
    assert regimes_version(regimes, ["a"]) == regimes_version(regimes.copy(), ["a"])
