"""Columns that run through the same cycle every day: neither a cause for alarm nor one to overlook a shift."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.signal import lfilter

from lakehouse_assets.monitoring.calibration import calibrate, normed_wasserstein
from lakehouse_assets.monitoring.windows.cycle import Cycled, cycle_of
from lakehouse_assets.monitoring.windows.dependence import Dependence, normal_scores

ROWS_A_DAY, LEARNED_DAYS, WINDOW_DAYS, WINDOWS, SEEDS = 24, 100, 14, 10, 6
Draw = Callable[[np.random.Generator, int], np.ndarray]


def slow(random: np.random.Generator, rows: int, phi: float = 0.9) -> np.ndarray:
    noise = random.standard_normal(rows + 2000) * np.sqrt(1 - phi**2)
    drawn: np.ndarray = lfilter([1.0], [1.0, -phi], noise)[2000:]
    return drawn


def swing(rows: int) -> np.ndarray:
    return np.sin(2 * np.pi * np.arange(rows) / ROWS_A_DAY)


def sharp(random: np.random.Generator, rows: int) -> np.ndarray:
    """A cycle far larger than what each row adds."""
    return 3 * swing(rows) + random.standard_normal(rows)


def wandering(random: np.random.Generator, rows: int) -> np.ndarray:
    """A cycle, and what goes on for hours."""
    return 3 * swing(rows) + slow(random, rows)


def swelling(random: np.random.Generator, rows: int) -> np.ndarray:
    """A cycle of another size every day."""
    size = np.exp(0.3 * slow(random, rows // ROWS_A_DAY, 0.5))
    return 3 * np.repeat(size, ROWS_A_DAY) * swing(rows) + slow(random, rows)


@pytest.mark.parametrize(("draw", "found"), [(sharp, 1.0), (wandering, 0.8), (swelling, 0.8)])
def test_windows_of_whole_days_are_flagged_seldom_and_a_shift_of_half_a_standard_deviation_is(
    draw: Draw, found: float
) -> None:
    flagged, shifted = 0, 0
    for seed in range(SEEDS):
        drawn = draw(np.random.default_rng([seed, 3]), (LEARNED_DAYS + WINDOWS * WINDOW_DAYS) * ROWS_A_DAY)
        learned, *windows = np.split(drawn, [(LEARNED_DAYS + WINDOW_DAYS * n) * ROWS_A_DAY for n in range(WINDOWS)])
        days = np.repeat(pd.date_range("2024-01-01", periods=LEARNED_DAYS), ROWS_A_DAY)
        rows = pd.DataFrame({"day": days, "load": learned})
        limit = calibrate(rows, rows, ["load"], seed, false_alarm_rate=0.01)["threshold"].iloc[0]
        flagged += sum(normed_wasserstein(learned, window) > limit for window in windows)
        shifted += sum(normed_wasserstein(learned, window + 0.5 * learned.std()) > limit for window in windows)
    assert flagged <= 0.05 * SEEDS * WINDOWS, "stated is 1 in 100"
    assert shifted >= found * SEEDS * WINDOWS, "by an autoregression alone none of the sharp one's"


def days_of(rows: int) -> np.ndarray:
    return np.arange(rows) // ROWS_A_DAY


def test_the_course_of_a_day_is_found_again_though_two_days_have_an_hour_more_or_less() -> None:
    rows = LEARNED_DAYS * ROWS_A_DAY
    scores = normal_scores(sharp(np.random.default_rng(1), rows))
    kept = np.delete(np.arange(rows), 30 * ROWS_A_DAY + 2)
    kept = np.insert(kept, 80 * ROWS_A_DAY, kept[80 * ROWS_A_DAY])
    found = cycle_of(scores[kept], days_of(rows)[kept])
    assert found is not None
    assert np.corrcoef(found.course, swing(ROWS_A_DAY))[0, 1] > 0.99
    assert np.var(scores[kept] - found.of_rows) < 0.3


@pytest.mark.parametrize("phi", [0.0, 0.9, 0.98, 0.999])
def test_what_is_merely_slow_has_no_cycle(phi: float) -> None:
    for seed in range(20):
        rows = 30 * ROWS_A_DAY
        assert cycle_of(normal_scores(slow(np.random.default_rng(seed), rows, phi)), days_of(rows)) is None


def test_what_is_drawn_is_as_normal_as_scores_are_and_swings_with_the_day() -> None:
    drawn = Cycled(Dependence((), 1.0), 0.4, 1.2 * swing(ROWS_A_DAY)).simulate(np.random.default_rng(2), 50, 2400)
    assert np.quantile(drawn, [0.05, 0.5, 0.95]) == pytest.approx([-1.645, 0.0, 1.645], abs=0.03)
    assert np.corrcoef(drawn.mean(axis=0)[:ROWS_A_DAY], swing(ROWS_A_DAY))[0, 1] > 0.95
