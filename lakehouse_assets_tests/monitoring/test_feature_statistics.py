"""Features day by day: the same figures as pandas gives, whatever is missing, and quickly."""

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse_assets.monitoring.feature_statistics import COLUMNS, feature_statistics
from lakehouse_assets_tests.cpu_time import at_best

values = st.one_of(st.floats(-1e6, 1e6), st.just(float("nan")), st.just(float("inf")))


@given(st.lists(st.tuples(st.integers(0, 3), values, values), max_size=40))
def test_every_figure_is_the_one_that_pandas_computes(drawn: list[tuple[int, float, float]]) -> None:
    rows = pd.DataFrame(drawn, columns=["day", "a", "b"]).astype({"day": "int64", "a": "float64", "b": "float64"})
    rows["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rows["day"], "D")
    found = feature_statistics(rows, ["b", "a"])
    assert tuple(found.columns) == COLUMNS
    assert len(found) == 2 * rows["day"].nunique()
    for one in found.to_dict("records"):
        column = rows.loc[rows["day"].eq(one["day"]), one["column_name"]]
        known = column[np.isfinite(column)]
        assert (one["rows"], one["nulls"]) == (len(column), len(column) - len(known))
        expected = [known.mean(), known.std(ddof=0), known.min(), *known.quantile([0.05, 0.5, 0.95]), known.max()]
        told = [one[name] for name in ("mean", "std", "min", "p05", "p50", "p95", "max")]
        assert told == pytest.approx(expected, rel=1e-9, abs=1e-5, nan_ok=True)


def test_days_are_in_order_and_nullable_and_boolean_columns_are_numbers_too() -> None:
    rows = pd.DataFrame(
        {
            "day": pd.to_datetime(["2024-01-02", "2024-01-01", "2024-01-02"]),
            "count": pd.array([4, None, 2], dtype="Int64"),
            "open": [True, False, False],
        }
    )
    found = feature_statistics(rows, ["count", "open"]).set_index(["day", "column_name"])
    assert list(found.index.get_level_values("day").day) == [1, 1, 2, 2]
    assert found["mean"].tolist()[1:] == [0.0, 3.0, 0.5]
    assert found["nulls"].tolist() == [1, 0, 0, 0]


def test_no_rows_give_no_statistics_with_all_columns() -> None:
    rows = pd.DataFrame({"day": pd.to_datetime([]), "a": np.empty(0)})
    assert tuple(feature_statistics(rows, ["a"]).columns) == COLUMNS
    assert feature_statistics(rows, ["a"]).empty


def test_words_and_columns_that_are_not_there_are_refused() -> None:
    rows = pd.DataFrame({"day": pd.to_datetime(["2024-01-01"]), "kind": ["pump"]})
    with pytest.raises(ValueError, match=r"expected numbers, found \{'kind': 'str'\}"):
        feature_statistics(rows, ["kind"])
    with pytest.raises(ValueError, match=r"no columns \['torque'\]"):
        feature_statistics(rows, ["torque"])


def test_a_year_of_many_features_takes_less_than_two_seconds_of_one_core() -> None:
    names = [f"f{n}" for n in range(85)]
    rows = pd.DataFrame(np.random.default_rng(1).normal(size=(20_000, 85)), columns=names)
    rows["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(20_000) % 250, "D")

    def cpu_seconds() -> float:
        before = time.process_time()
        assert len(feature_statistics(rows, names)) == 250 * 85
        return time.process_time() - before

    assert at_best(2, cpu_seconds) < 2
