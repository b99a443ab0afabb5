import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import lfilter

from lakehouse_assets.monitoring.calibration import calibrate, normed_wasserstein, tail_quantile
from lakehouse_assets.monitoring.reference import window_of
from lakehouse_assets_tests.monitoring.fleets import fleet

COLUMNS = ["a", "b", "c"]


def test_the_distance_is_the_one_that_evidently_computes() -> None:
    from evidently.legacy.calculations.stattests.wasserstein_distance_norm import _wasserstein_distance_norm
    from evidently.legacy.core import ColumnType

    random = np.random.default_rng(3)
    ours, theirs = pd.Series(random.normal(size=400)), pd.Series(random.normal(0.3, 2, size=150))
    evidently, _ = _wasserstein_distance_norm(ours, theirs, ColumnType.Numerical, 0.1)
    assert normed_wasserstein(ours, theirs) == pytest.approx(evidently, rel=1e-12)


@given(st.floats(0.1, 5))
def test_a_shift_lies_as_far_away_as_it_is_large(shift: float) -> None:
    values = np.linspace(-2, 2, 101)
    assert normed_wasserstein(values, values + shift) == pytest.approx(shift / values.std())


def test_missing_values_say_nothing_and_no_values_at_all_are_no_distance() -> None:
    values = np.array([1.0, 2.0, np.nan, 3.0])
    assert normed_wasserstein(values, values) == 0
    assert np.isnan(normed_wasserstein(values, np.array([np.nan])))


def test_windows_of_the_same_fleet_stay_below_their_thresholds_where_fixed_ones_cry_wolf() -> None:
    flagged = by_default = reports = 0
    for seed in range(4):
        rows = fleet(days=480, engines=40, seed=seed)
        history = rows[rows["day"] < "2024-10-01"]
        sample = history.sample(2000, random_state=1)
        limits = calibrate(history, sample, COLUMNS, seed=1, group="engine_id").set_index("column_name")["threshold"]
        for day in pd.date_range("2024-10-20", "2025-04-10", freq="14D"):
            current = window_of(rows, day.date())
            distances = {name: normed_wasserstein(sample[name], current[name]) for name in COLUMNS}
            flagged += any(distances[name] > limits[name] for name in COLUMNS)
            by_default += any(distance > 0.1 for distance in distances.values())
            reports += 1
    assert reports >= 40
    assert flagged <= 1
    assert by_default > 10 * max(flagged, 1)


def test_a_shift_of_one_and_a_half_standard_deviations_in_one_column_is_beyond_its_threshold() -> None:
    rows = fleet(days=360, engines=40, seed=9)
    history = rows[rows["day"] < "2024-12-01"]
    limits = calibrate(history, history, COLUMNS, seed=1, group="engine_id").set_index("column_name")["threshold"]
    current = window_of(rows, pd.Timestamp("2024-12-20").date())
    assert normed_wasserstein(history["b"], current["b"] + 1.5) > limits["b"]
    assert normed_wasserstein(history["b"], current["b"]) < limits["b"]


def test_a_reference_too_short_to_calibrate_gives_no_threshold() -> None:
    limits = calibrate(fleet(days=30, engines=40, seed=1), fleet(30, 40, 1), COLUMNS, seed=1, group="engine_id")
    assert limits["threshold"].isna().all()
    assert limits["windows"].eq(2).all()


def test_calibrating_again_gives_the_same_thresholds() -> None:
    history = fleet(days=100, engines=20, seed=5)
    once, again = (calibrate(history, history, COLUMNS, 2, "engine_id") for _ in range(2))
    pd.testing.assert_frame_equal(once, again)


def test_rows_that_hang_together_need_a_higher_threshold_than_rows_that_do_not() -> None:
    # Half a dozen engines' worth of rows is not a thousand values: the rows, shuffled, would say it is.
    history = fleet(days=200, engines=20, seed=5)
    whole = calibrate(history, history, COLUMNS, 2, "engine_id")["threshold"]
    shuffled = history.sample(frac=1, random_state=1).assign(day=history["day"].sort_values().to_numpy())
    assert (whole > 2 * calibrate(shuffled, history, COLUMNS, 2)["threshold"]).all()


def test_windows_with_fewer_rows_than_needed_calibrate_nothing() -> None:
    history = fleet(days=200, engines=5, seed=5)
    assert calibrate(history, history, COLUMNS, 2, "engine_id", least_rows=1000)["threshold"].isna().all()


def series(phi: float, rows: int, seed: int, columns: int = 5, rows_a_day: int = 50) -> pd.DataFrame:
    noise = np.random.default_rng(seed).standard_normal((rows + 2000, columns)) * np.sqrt(1 - phi**2)
    values = lfilter([1.0], [1.0, -phi], noise, axis=0)[2000:]
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows) // rows_a_day, unit="D")
    return pd.DataFrame(values, columns=[f"f{n}" for n in range(columns)]).assign(day=days)


def test_windows_of_a_slow_series_are_flagged_at_about_the_stated_rate() -> None:
    # 5 % of 400 reports are 20; fixed thresholds flag every one. benchmarks/drift_false_alarms.py has the whole of it.
    names, flagged, reports = [f"f{n}" for n in range(5)], 0, 0
    for seed in range(8):
        rows = series(0.98, 10_000 + 1000 + 50 * 500, seed)
        history = rows[:10_000]
        limits = calibrate(history, history, names, seed, false_alarm_rate=0.05, window_days=10)["threshold"]
        for start in range(11_000, len(rows), 500):
            window = rows[start : start + 500]
            far = [normed_wasserstein(history[name], window[name]) for name in names]
            flagged += bool((np.array(far) > limits.to_numpy()).any())
            reports += 1
    assert reports == 400
    assert 6 <= flagged <= 44


def test_the_same_rows_in_random_order_have_the_threshold_of_independent_ones() -> None:
    slow = series(0.98, 10_000, 3, columns=1)
    mixed = slow.assign(f0=slow["f0"].sample(frac=1, random_state=1).to_numpy())
    held, free = (float(calibrate(one, one, ["f0"], 1, window_days=10)["threshold"].iloc[0]) for one in (slow, mixed))
    assert held > 6 * free
    assert free == pytest.approx(2.6 * np.sqrt(1 / 500 + 1 / 10_000), rel=0.25)


def test_a_reference_of_too_few_independent_values_gives_no_threshold_though_it_has_windows() -> None:
    slow = series(0.998, 10_000, 4, columns=1)
    limits = calibrate(slow, slow, ["f0"], 1, window_days=10)
    assert limits["windows"].item() == 20
    assert limits["threshold"].isna().all()


def test_groups_that_are_over_in_a_day_are_a_series_and_not_a_fleet() -> None:
    slow = series(0.98, 10_000, 5, columns=1).assign(batch=lambda rows: rows["day"].astype(str))
    by_batch, as_series = (calibrate(slow, slow, ["f0"], 1, group, window_days=10) for group in ("batch", None))
    pd.testing.assert_frame_equal(by_batch, as_series)


def test_a_lone_machine_is_a_series_and_not_a_fleet_of_one() -> None:
    slow = series(0.98, 10_000, 5, columns=1).assign(meter="the only one")
    by_meter, as_series = (calibrate(slow, slow, ["f0"], 1, group, window_days=10) for group in ("meter", None))
    assert by_meter["threshold"].notna().all()
    pd.testing.assert_frame_equal(by_meter, as_series)


def test_what_changes_from_day_to_day_only_counts_though_rows_of_a_day_tell_nothing_of_each_other() -> None:
    random = np.random.default_rng(6)
    days = series(0.7, 400, 6, columns=1)["f0"].to_numpy()
    rows = pd.DataFrame({"day": np.repeat(pd.date_range("2024-01-01", periods=400), 200)})
    rows["f0"] = np.repeat(days, 200) * 0.3 + random.normal(size=len(rows))
    alone = rows.assign(f0=random.normal(size=len(rows)))
    moving, still = (float(calibrate(one, one, ["f0"], 1)["threshold"].iloc[0]) for one in (rows, alone))
    # The mean of 14 days moves by 0.3 * 0.57 of 1.04 by itself; one in a hundred lies 2.58 times as far off.
    assert moving == pytest.approx(2.58 * 0.3 * 0.57 / 1.04, rel=0.25)
    assert moving > 5 * still


def test_a_tail_is_carried_on_beyond_what_was_drawn() -> None:
    drawn = np.abs(np.random.default_rng(1).normal(size=20_000))
    assert tail_quantile(drawn, 0.05) == pytest.approx(1.96, abs=0.05)
    assert tail_quantile(drawn, 0.0001) == pytest.approx(3.89, rel=0.05)
    assert np.isnan(tail_quantile(np.empty(0), 0.01))
