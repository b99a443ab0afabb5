import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from lakehouse_assets.monitoring.calibration import normed_wasserstein
from lakehouse_assets.monitoring.sketch import sketch, sketches


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(-1, 1), st.floats(0.5, 2), st.booleans())
def test_a_sketch_lies_as_far_from_anything_as_the_whole_column(
    seed: int, shift: float, stretch: float, skewed: bool
) -> None:
    random = np.random.default_rng(seed)
    reference, column = random.normal(size=1000), random.normal(shift, stretch, size=50_000)
    if skewed:
        reference, column = np.exp(reference), np.exp(column)
    whole, sketched = normed_wasserstein(reference, column), normed_wasserstein(reference, sketch(column, 5000))
    assert abs(whole - sketched) <= np.ptp(column) / (2 * 5000) / reference.std()


def test_each_value_of_a_sketch_is_the_middle_of_its_share() -> None:
    assert sketch(np.arange(1000.0)[::-1], 10).tolist() == list(range(50, 1000, 100))


def test_a_short_column_is_its_own_sketch_and_missing_values_are_left_out() -> None:
    assert sketch([3.0, np.nan, 1.0]).tolist() == [1.0, 3.0]
    rows = pd.DataFrame({"a": [3, 1], "b": [1.0, np.nan]})
    pd.testing.assert_frame_equal(sketches(rows), rows.astype("float64"))


def test_columns_of_different_length_are_padded_with_missing_values() -> None:
    rows = pd.DataFrame({"a": np.arange(100.0), "b": [*range(10), *[np.nan] * 90]})
    made = sketches(rows, 50)
    assert made["a"].notna().sum() == 50
    assert made["b"].dropna().tolist() == list(range(10))
