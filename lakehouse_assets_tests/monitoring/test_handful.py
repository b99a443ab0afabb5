"""A handful of machines that are always there: each is a series; what wanders counts, not what tells them apart."""

import numpy as np
import pandas as pd

from lakehouse_assets.monitoring.calibration import calibrate, normed_wasserstein
from lakehouse_assets.monitoring.dependence import Dependence
from lakehouse_assets.monitoring.handful_windows import handful_distances

COLUMNS = ["a", "b", "c", "d"]
DAYS, AFTER, WINDOW, ROWS_A_DAY = 60, 70, 7, 48
PHI = 0.95


def machines(seed: int, how_many: int, apart: float = 2.0, together: float = 0.0) -> pd.DataFrame:
    """Autocorrelated readings of machines on levels of their own; `together` is the share that all have in common."""
    random = np.random.default_rng(seed)
    length = (DAYS + AFTER) * ROWS_A_DAY
    wander = Dependence((PHI,), 1 - PHI**2)
    common = wander.simulate(random, len(COLUMNS), length).T
    frames = []
    for machine in range(how_many):
        own = wander.simulate(random, len(COLUMNS), length).T
        values = np.sqrt(together) * common + np.sqrt(1 - together) * own + random.normal(0, apart, len(COLUMNS))
        frames.append(pd.DataFrame(values, columns=COLUMNS).assign(machine=machine, place=np.arange(length)))
    rows = pd.concat(frames).sort_values(["place", "machine"], ignore_index=True)
    return rows.assign(day=pd.Timestamp("2024-01-01") + pd.to_timedelta(rows["place"] // ROWS_A_DAY, unit="D"))


def thresholds(rows: pd.DataFrame, rate: float, group: str | None = "machine") -> tuple[pd.DataFrame, pd.Series]:
    history = rows[rows["day"] < pd.Timestamp("2024-01-01") + pd.Timedelta(days=DAYS)]
    made = calibrate(history, history, COLUMNS, 1, group, rate, WINDOW)
    return history, made.set_index("column_name")["threshold"]


def flagged(seeds: range, how_many: int, together: float = 0.0, shift: float = 0.0, rate: float = 0.05) -> float:
    """The share of later windows in which any column is beyond its threshold."""
    told = []
    for seed in seeds:
        rows = machines(seed, how_many, together=together)
        history, limits = thresholds(rows, rate)
        assert limits.notna().sum() >= len(COLUMNS) - 1, "one may hold too few independent values"
        for week in range(AFTER // WINDOW):
            begin = pd.Timestamp("2024-01-01") + pd.Timedelta(days=DAYS + WINDOW * week)
            window = rows[(rows["day"] >= begin) & (rows["day"] < begin + pd.Timedelta(days=WINDOW))]
            window = window.assign(a=window["a"] + shift)
            told.append(any(normed_wasserstein(history[name], window[name]) > limits[name] for name in COLUMNS))
    return float(np.mean(told))


def test_windows_of_three_machines_are_flagged_at_most_about_as_often_as_stated() -> None:
    # 80 reports at 5 %. Ten at a time share a reference and its error, so that they are flagged together or not at all.
    assert flagged(range(8), 3) <= 0.15


def test_so_are_those_of_machines_that_move_together() -> None:
    assert flagged(range(8), 3, together=0.8) <= 0.15


def test_a_shift_of_all_machines_is_found() -> None:
    assert flagged(range(3), 3, shift=2.0) >= 0.9


def test_what_tells_the_machines_apart_raises_no_threshold() -> None:
    """Measured in the spread of all, levels far apart make distances smaller; the shift that is found is the same."""
    _, near = thresholds(machines(3, 3, apart=0.0), 0.05)
    rows = machines(3, 3, apart=8.0)
    history, far = thresholds(rows, 0.05)
    in_units = far * history[COLUMNS].std()
    assert (in_units < 2.5 * near * machines(3, 3, apart=0.0)[COLUMNS].std()).all()


def test_eight_machines_are_drawn_whole_and_seven_are_series() -> None:
    _, seven = thresholds(machines(1, 7), 0.05)
    _, eight = thresholds(machines(1, 8), 0.05)
    assert seven.notna().all()
    assert (eight > 1.3 * seven).all(), "whole machines drawn anew say how much machines differ"


def test_one_machine_is_the_series_that_it_is_without_a_group() -> None:
    rows = machines(1, 1)
    pd.testing.assert_series_equal(thresholds(rows, 0.05)[1], thresholds(rows, 0.05, None)[1])


def test_a_machine_that_says_one_number_calibrates_nothing() -> None:
    random = np.random.default_rng(1)
    values = np.concatenate([random.normal(size=3000), np.full(3000, 4.0)])
    days, groups = np.tile(np.arange(3000) // 48, 2), np.repeat([0, 1], 3000)
    assert not len(handful_distances(values, days, groups, 600, 3000, random).distances)


def test_a_rare_flag_that_comes_in_runs_is_flagged_about_as_often_as_stated() -> None:
    told = []
    for seed in range(6):
        random = np.random.default_rng(seed)
        wander = Dependence((0.97,), 1 - 0.97**2).simulate(random, 1, (DAYS + AFTER) * 200)[0]
        flag = (wander > 1.8).astype(float)
        day = np.arange(len(flag)) // 200
        rows = pd.DataFrame({"day": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D"), "a": flag})
        history = rows[day < DAYS]
        (limit,) = calibrate(history, history, ["a"], 1, None, 0.05, WINDOW)["threshold"]
        assert np.isfinite(limit)
        for begin in range(DAYS, DAYS + AFTER, WINDOW):
            window = rows[(day >= begin) & (day < begin + WINDOW)]
            told.append(normed_wasserstein(history["a"], window["a"]) > limit)
    assert np.mean(told) <= 0.15  # 60 reports at 5 %, ten at a time with one reference


def test_a_flag_of_few_days_gives_no_threshold_for_only_days_tell_how_its_rate_wanders() -> None:
    random = np.random.default_rng(4)
    day = np.arange(25 * 300) // 300
    rows = pd.DataFrame({"day": pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D")})
    rows = rows.assign(flag=(random.random(len(rows)) < 0.03).astype(float), torque=random.normal(size=len(rows)))
    limits = calibrate(rows, rows, ["flag", "torque"], 1, None, 0.05, WINDOW)["threshold"]
    assert limits.isna().tolist() == [True, False]
