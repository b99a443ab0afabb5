import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.monitoring.calibration import calibrate, normed_wasserstein
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


def test_thresholds_of_a_fleet_are_those_that_earlier_reports_were_made_with() -> None:
    history = fleet(120, 20, 3)
    limits = calibrate(history, history.sample(1000, random_state=1), COLUMNS, 4, "engine_id")
    assert limits["threshold"].tolist() == pytest.approx([0.7395941782750812, 0.8086852881804466, 0.8979241341079176])
    assert limits["typical"].tolist() == pytest.approx([0.20820779263345124, 0.21974293102674103, 0.23574116533186468])


def test_rows_that_hang_together_need_a_higher_threshold_than_rows_that_do_not() -> None:
    # Without a group the rows of one machine would count as so many machines.
    history = fleet(days=200, engines=5, seed=5)
    whole, single = (
        calibrate(history, history, COLUMNS, 2, group, window_days=28, least_rows=50)["threshold"]
        for group in ("engine_id", None)
    )
    assert (whole > single).all()


def test_windows_with_fewer_rows_than_needed_calibrate_nothing() -> None:
    history = fleet(days=200, engines=5, seed=5)
    assert calibrate(history, history, COLUMNS, 2, "engine_id", least_rows=1000)["threshold"].isna().all()
