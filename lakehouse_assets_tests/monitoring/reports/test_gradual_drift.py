"""A drift of one sensor over 30 days, on the benchmark's plant and other seeds than it reports."""

import pytest

from benchmarks.gradual_drift import DRIFT, DRIFT_DAYS, RISE, case, error_at, plant

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", [5001, 5002])
def test_a_gradual_drift_is_found_before_the_error_has_risen_by_a_fifth(seed: int) -> None:
    made = plant(seed, phi=0.0)
    assert error_at(made, 1, DRIFT) > 2 * error_at(made, 1, 0.0)
    for sensor in (0, 3):
        found = case(made, sensor)
        assert found.risen is not None
        assert found.asked is not None
        assert 0 <= found.asked < found.risen < DRIFT_DAYS
        assert found.error_when_asked < RISE
        assert f"drift in s{sensor}" in found.reason
