"""The state of an engine's first cycles is the same however its days are cut into runs."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.features.baselines import (
    FIRST_CYCLES,
    baseline_columns,
    baseline_means,
    empty_baselines,
    update_baselines,
)

SENSORS = ("t30", "ps30")
FIRST_DAY = pd.Timestamp("2020-01-01")
ARRIVES = pd.Timedelta("1D 00:30:00")


def engine(name: str, cycles: range, first_day: int = 0, seed: int = 0) -> pd.DataFrame:
    values = np.random.default_rng([seed, *name.encode()]).normal(size=(len(cycles), 2))
    values[::7, 1] = np.nan
    days = [FIRST_DAY + pd.Timedelta(days=first_day + number) for number in range(len(cycles))]
    frame = pd.DataFrame({"engine_id": name, "day": days, "cycle": list(cycles)})
    frame["known_at"] = pd.to_datetime(frame["day"]).dt.tz_localize("UTC").astype("datetime64[us, UTC]") + ARRIVES
    return frame.assign(t30=values[:, 0], ps30=values[:, 1])


def fleet(seed: int = 0) -> pd.DataFrame:
    return pd.concat(
        [
            engine("new", range(1, 41), seed=seed),
            engine("joins later", range(1, 31), first_day=10, seed=seed),
            engine("seen from cycle 12", range(12, 42), seed=seed),
            engine("seen in mid-life", range(90, 120), seed=seed),
        ],
        ignore_index=True,
    )


def run_in_pieces(readings: pd.DataFrame, cuts: list[int]) -> pd.DataFrame:
    state = empty_baselines(SENSORS)
    pieces = []
    bounds = [FIRST_DAY + pd.Timedelta(days=cut) for cut in [0, *sorted(set(cuts)), 1000]]
    for start, stop in itertools.pairwise(bounds):
        piece = readings[(readings["day"] >= start) & (readings["day"] < stop)]
        if len(piece):
            pieces.append(update_baselines(state, piece, SENSORS))
            state = pd.concat([state, pieces[-1]])
    return pd.concat(pieces).sort_values(["engine_id", "day"], ignore_index=True)


@settings(max_examples=12, deadline=None)
@given(cuts=st.lists(st.integers(1, 39), max_size=10), seed=st.integers(0, 1000), order=st.integers(0, 1000))
def test_any_cutting_into_runs_gives_the_same_bits_as_one_run(cuts: list[int], seed: int, order: int) -> None:
    readings = fleet(seed)
    at_once = update_baselines(empty_baselines(SENSORS), readings, SENSORS)
    pd.testing.assert_frame_equal(
        run_in_pieces(readings.sample(frac=1.0, random_state=order), cuts), at_once, check_exact=True
    )


def test_day_by_day_gives_the_same_bits_as_one_run() -> None:
    at_once = update_baselines(empty_baselines(SENSORS), fleet(), SENSORS)
    pd.testing.assert_frame_equal(run_in_pieces(fleet(), list(range(1, 40))), at_once, check_exact=True)


def test_the_mean_is_that_of_the_first_cycles_and_stands_still_after_them() -> None:
    readings = fleet()
    state = update_baselines(empty_baselines(SENSORS), readings, SENSORS)
    first = readings[(readings["engine_id"] == "new") & (readings["cycle"] <= FIRST_CYCLES)]
    means = baseline_means(state[state["engine_id"] == "new"], SENSORS)
    np.testing.assert_allclose(means[-1], first[list(SENSORS)].mean())
    assert (means[FIRST_CYCLES - 1 :] == means[-1]).all()
    assert means[0, 0] == first["t30"].iloc[0]
    assert np.isnan(means[0, 1])


def test_a_day_does_not_see_the_days_after_it() -> None:
    readings = fleet()
    until = readings[readings["day"] < FIRST_DAY + pd.Timedelta(days=8)]
    whole = update_baselines(empty_baselines(SENSORS), readings, SENSORS)
    pd.testing.assert_frame_equal(
        update_baselines(empty_baselines(SENSORS), until, SENSORS),
        whole[whole["day"] < FIRST_DAY + pd.Timedelta(days=8)].reset_index(drop=True),
        check_exact=True,
    )


def test_an_engine_first_seen_in_mid_life_has_no_mean() -> None:
    state = update_baselines(empty_baselines(SENSORS), fleet(), SENSORS)
    old = state[state["engine_id"] == "seen in mid-life"]
    assert len(old) == 30
    assert (old["n_t30"] == 0).all()
    assert np.isnan(baseline_means(old, SENSORS)).all()


def test_too_few_readings_give_no_mean_where_more_are_asked_for() -> None:
    state = update_baselines(empty_baselines(SENSORS), engine("new", range(1, 11)), SENSORS)
    assert np.isnan(baseline_means(state, SENSORS, at_least=5)[:, 0]).tolist() == [True] * 4 + [False] * 6


def test_each_engine_and_day_of_the_readings_gets_one_row_and_no_other() -> None:
    readings = fleet().sample(frac=1.0, random_state=2)
    state = update_baselines(empty_baselines(SENSORS), readings, SENSORS)
    assert list(state.columns) == baseline_columns(SENSORS)
    expected = readings[["engine_id", "day"]].sort_values(["engine_id", "day"], ignore_index=True)
    pd.testing.assert_frame_equal(state[["engine_id", "day"]], expected)


def test_adding_a_day_twice_is_refused() -> None:
    readings = fleet()
    state = update_baselines(empty_baselines(SENSORS), readings, SENSORS)
    with pytest.raises(ValueError, match="not before"):
        update_baselines(state, readings.tail(1), SENSORS)
    with pytest.raises(ValueError, match="two readings"):
        update_baselines(empty_baselines(SENSORS), pd.concat([readings, readings.tail(1)]), SENSORS)


def test_no_readings_give_no_rows() -> None:
    state = update_baselines(empty_baselines(SENSORS), fleet().iloc[:0], SENSORS)
    assert state.empty
    assert list(state.columns) == baseline_columns(SENSORS)
