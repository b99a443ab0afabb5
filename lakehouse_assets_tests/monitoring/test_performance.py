"""Whether predictions come true as the evaluation let expect: told only where the outcomes are enough to tell."""

from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.lifecycle.judging.evaluation import of_role, score_table
from lakehouse_assets.lifecycle.judging.metric import Metric
from lakehouse_assets.monitoring.performance import PERFORMANCE_COLUMNS, performance, verdict_of
from lakehouse_assets_tests.lifecycle.judging.judged import COVERAGE, MAE, predictions_of, rows_of

BIAS = Metric(MAE.function, decides=False)
METRICS = {"mae": MAE, "coverage": COVERAGE}
DAY = date(2024, 5, 20)


@cache
def evaluation() -> pd.DataFrame:
    rows = rows_of(2000)
    scores = score_table(predictions_of(rows, 0.5), rows["label"], rows, METRICS, ["quality"])
    return of_role(scores, "candidate", 3, "held_out", "mae")


def outcomes(error: float | np.ndarray = 0.5, n: int = 400, seed: int = 7, last: str = "2024-05-20") -> pd.DataFrame:
    """Outcomes of 20 a day up to the last day."""
    rows = rows_of(n, seed)
    days = pd.Timestamp(last) - pd.to_timedelta(np.arange(n)[::-1] // 20, "D")
    made = predictions_of(rows, error, seed).rename(columns={"prediction": "remaining"})
    return pd.concat([rows, made], axis=1).assign(day=days, model_version=3)


def judged(rows: pd.DataFrame, **more: object) -> pd.Series:
    found = performance(rows, DAY, 3, METRICS, evaluation(), "remaining", ["quality"], **more)  # type: ignore[arg-type]
    assert tuple(found.columns) == PERFORMANCE_COLUMNS
    return found.set_index(["slice", "metric"])["verdict"]


def test_predictions_as_good_as_in_the_evaluation_are_as_expected() -> None:
    for seed in range(8):
        assert judged(outcomes(seed=seed)).eq("as expected").all()


def test_larger_errors_are_worse_than_expected_and_smaller_ones_are_not() -> None:
    verdicts = judged(outcomes(0.9))
    assert verdicts[("all", "mae")] == verdicts[("all", "coverage")] == "worse than expected"
    assert judged(outcomes(0.2)).eq("as expected").all()


def test_a_slice_alone_may_be_worse() -> None:
    error = np.where(rows_of(400, 7)["quality"].eq("L"), 1.5, 0.4)
    verdicts = judged(outcomes(error))
    assert verdicts[("quality=L", "mae")] == "worse than expected"
    assert verdicts[("quality=M", "mae")] == "as expected"


def test_only_the_window_that_ends_with_the_day_counts() -> None:
    before, after = outcomes(3.0, 200, last="2024-05-06"), outcomes(3.0, 200, last="2024-05-31")
    mixed = pd.concat([before, outcomes(0.5, 280), after[after["day"] > "2024-05-20"]])
    assert judged(mixed)[("all", "mae")] == "as expected"
    assert judged(mixed, window_days=28)[("all", "mae")] == "worse than expected"


def test_too_few_outcomes_are_said_to_be_and_none_at_all_too() -> None:
    few = judged(outcomes(3.0, 29))
    assert set(few) == {"too few outcomes"}
    whole = performance(outcomes().iloc[:0], DAY, 3, METRICS, evaluation(), "remaining", ["quality"])
    assert whole[["slice", "metric", "rows", "verdict"]].values.tolist() == [
        ["all", "mae", 0, "no outcomes yet"],
        ["all", "coverage", 0, "no outcomes yet"],
    ]
    assert whole["value"].isna().all()


def test_outcomes_that_hang_together_count_as_few_as_they_are() -> None:
    assert judged(outcomes(3.0).assign(engine=np.arange(400) // 80), group="engine").eq("too few outcomes").all()


def test_outcomes_of_another_model_or_without_a_label_are_left_out() -> None:
    others = outcomes(3.0).assign(model_version=2)
    unknown = outcomes(0.5).assign(label=np.nan)
    rows = pd.concat([outcomes(0.5), others, unknown])
    found = performance(rows, DAY, 3, METRICS, evaluation(), "remaining")
    assert found.set_index("metric")["rows"].to_dict() == {"mae": 280, "coverage": 280}
    assert found["verdict"].eq("as expected").all()


def test_a_slice_that_the_evaluation_never_saw_is_not_evaluated() -> None:
    verdicts = judged(outcomes().assign(quality="H"))
    assert verdicts[("quality=H", "mae")] == "not evaluated"
    assert verdicts[("all", "mae")] == "as expected"


@pytest.mark.parametrize(
    ("interval", "metric", "verdict"),
    [
        ((0.3, 0.5), MAE, "as expected"),
        ((0.41, 0.5), MAE, "worse than expected"),
        ((0.0, 0.1), MAE, "as expected"),
        ((0.0, 0.1), COVERAGE, "worse than expected"),
        ((0.3, 0.5), COVERAGE, "as expected"),
        ((0.3, 0.5), BIAS, "as expected"),
        ((0.41, 0.5), BIAS, "other than expected"),
        ((0.0, 0.1), BIAS, "other than expected"),
    ],
)
def test_worse_is_only_what_lies_wholly_on_the_bad_side(
    interval: tuple[float, float], metric: Metric, verdict: str
) -> None:
    assert verdict_of(0.4, interval, (0.2, 0.4), 100, metric) == verdict
