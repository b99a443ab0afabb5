import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.lifecycle.rul_gate import Bounds, decide

figures = st.floats(0, 100)


@pytest.mark.parametrize(
    ("candidate", "champion", "tolerance", "promoted", "reason"),
    [
        (20.0, None, 0.0, True, "no champion to compare with"),
        (26.0, None, 0.0, False, "worse than the bound 25.00"),
        (20.0, 21.0, 0.0, True, "not worse than the champion's 21.00"),
        (20.0, 20.0, 0.0, True, "not worse"),
        (20.1, 20.0, 0.0, False, "worse than the champion's 20.00"),
        (20.1, 20.0, 0.01, True, "not worse"),
        (26.0, 30.0, 0.0, False, "bound"),
        (None, 20.0, 0.0, False, "no held-out engine"),
        (float("nan"), None, 0.0, False, "bound"),
    ],
)
def test_a_candidate_serves_only_if_it_keeps_the_bound_and_is_not_worse_than_the_champion(
    candidate: float | None, champion: float | None, tolerance: float, promoted: bool, reason: str
) -> None:
    verdict = decide(candidate, champion, Bounds(25.0, tolerance), "rmse")
    assert verdict.promoted is promoted
    assert reason in verdict.reason


@given(figures, figures, st.floats(0, 1))
def test_a_better_candidate_is_never_refused_where_a_worse_one_is_promoted(
    one: float, other: float, tol: float
) -> None:
    better, worse = sorted((one, other))
    bounds = Bounds(50.0, tol)
    if decide(worse, 40.0, bounds, "rmse").promoted:
        assert decide(better, 40.0, bounds, "rmse").promoted
