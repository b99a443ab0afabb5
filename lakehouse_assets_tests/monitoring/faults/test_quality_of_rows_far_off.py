"""Rows far off are told from a bulk that drift has taken along, whether they are many or a single one."""

from collections.abc import Callable

import numpy as np
import pytest

from lakehouse_assets.monitoring.faults.quality import fault_of
from lakehouse_assets.monitoring.faults.usual_days import usual_day
from lakehouse_assets_tests.monitoring.faults.test_quality import named

RANDOM = np.random.default_rng(9)
REFERENCE = RANDOM.normal(60, 4, 5000)


def window() -> np.ndarray:
    return RANDOM.normal(60, 4, 700)


WITH_ENDS = {
    "uniform": lambda rows: RANDOM.uniform(0, 240, rows),
    "a daily cycle": lambda rows: 20 + 5 * np.sin(2 * np.pi * np.arange(rows) / 50) + RANDOM.normal(0, 0.3, rows),
    "two levels": lambda rows: np.where(RANDOM.random(rows) < 0.5, 10, 20) + RANDOM.normal(0, 0.5, rows),
    "five levels": lambda rows: RANDOM.integers(0, 5, rows).astype(float),
    "mostly at its ends": lambda rows: RANDOM.beta(0.5, 0.5, rows),
    "counts": lambda rows: RANDOM.poisson(0.3, rows).astype(float),
    "waiting times": lambda rows: RANDOM.exponential(1, rows),
}


@pytest.mark.parametrize("made", WITH_ENDS.values(), ids=WITH_ENDS)
@pytest.mark.parametrize("shift", [-6, -4, -3, -2, 2, 3, 4, 6])
def test_a_column_with_ends_that_moved_as_a_whole_by_up_to_six_deviations_is_drift(
    made: Callable[[int], np.ndarray], shift: float
) -> None:
    reference = made(5000)
    current = made(700) + shift * reference.std()
    assert named(current, current[-50:], reference) is None
    assert named(made(700) + 25 * reference.std(), reference=reference) in ("out of range", "unit change")
    glitches = current.copy()
    glitches[::30] = -9999
    assert named(glitches, reference=reference) == "out of range", "single rows are told as ever"


@pytest.mark.parametrize(("number", "rows"), [(-9999.0, 1), (-999.0, 2), (-999.0, 6), (0.0, 6)])
def test_few_glitches_that_alone_make_the_distance_one_of_drift_are_out_of_range(number: float, rows: int) -> None:
    current = window()
    current[np.arange(rows) * (700 // rows)] = number
    fault = fault_of(REFERENCE, current, current[-50:], wander=0.117)
    assert fault is not None
    assert fault.verdict == "out of range"
    assert fault.detail.startswith(f"{rows} of 700 rows, which alone look like drift, lie far outside")


def test_few_glitches_beside_drift_or_without_weight_leave_the_verdict_to_the_distance() -> None:
    current = window()
    current[[3, 300]] = -999
    assert named(current + 4, wander=0.117) is None, "the rest drifted as well"
    assert named(current, wander=3.0) is None, "they do not reach the threshold"
    assert named(current) is None, "nobody knows a threshold"
    assert named(window(), np.append(window()[:49], -9999), wander=0.117) is None, "a threshold is that of a window"


def test_a_constant_that_holds_another_number_is_out_of_range() -> None:
    constant, days = np.full(5000, 5.0), np.repeat(np.arange(14), 50)
    usual = usual_day(constant, np.repeat(np.arange(100), 50))
    fault = fault_of(constant, np.full(700, 500.0), np.full(50, 500.0), usual, days=days)
    assert fault is not None
    assert fault.verdict == "out of range"
    assert fault.detail == "100% of the rows say another number than 5, as 500; the whole reference says 5"
    for changed, said in ((7, None), (8, "out of range")):
        current = np.full(700, 5.0)
        current[::50][:changed] = 5.1
        assert named(current, reference=constant, usual_of_a_day=usual, days=days) == said
    assert named(np.full(700, 5.0), reference=constant, usual_of_a_day=usual, days=days) is None
    assert named(RANDOM.normal(5, 3, 700), reference=constant, usual_of_a_day=usual, days=days) == "out of range"


def test_a_constant_that_changed_on_one_day_is_one_reading_and_a_flag_may_be_raised_at_last() -> None:
    days, current = np.repeat(np.arange(14), 50), np.full(700, 5.0)
    usual = usual_day(np.full(5000, 5.0), np.repeat(np.arange(100), 50))
    current[-50:] = 6.0
    assert named(current, current[-50:], np.full(5000, 5.0), usual_of_a_day=usual, days=days) is None
    holidays = np.repeat(np.arange(14) % 5 == 0, 50).astype(float)
    assert named(holidays, reference=np.zeros(5000), usual_of_a_day=usual, days=days) is None
    assert named(2 * holidays, reference=np.zeros(5000), usual_of_a_day=usual, days=days) == "out of range"


@pytest.mark.parametrize("since", [1, 3, 6])
def test_a_column_with_ends_that_moved_on_its_last_days_is_drift_in_a_window_of_more(since: int) -> None:
    made, days = WITH_ENDS["two levels"], np.repeat(np.arange(14), 50)
    reference, current = made(5000), made(700)
    current[-50 * since :] += 3 * reference.std()
    assert named(current, current[-50:], reference, days=days) is None
    current[::30] = -999
    assert named(current, current[-50:], reference, days=days) == "out of range"
