"""Whether predictions come true as the evaluation let expect: told only where the outcomes are enough to tell."""

import re
from datetime import date, timedelta
from functools import cache

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.lifecycle.judging.evaluation import of_role, score_table
from lakehouse_assets.lifecycle.judging.metric import Metric
from lakehouse_assets.monitoring.performance import PERFORMANCE_COLUMNS, performance, verdict_of
from lakehouse_assets.monitoring.worse_slices import worse_slices
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


def test_a_slice_that_alone_is_worse_is_told_with_its_figure_what_was_expected_and_since_when() -> None:
    """All rows are as expected: the other slice is as much better as this one is worse."""
    error = np.where(rows_of(400, 7)["quality"].eq("L"), 0.9, 0.3)
    days = [DAY - timedelta(days=n) for n in (2, 1, 0)]
    good, bad = outcomes(0.5), outcomes(error)
    rows = [
        performance(made, day, 3, METRICS, evaluation(), "remaining", ["quality"])
        for made, day in zip((good, bad, bad), days, strict=True)
    ]
    verdicts = rows[-1].set_index(["slice", "metric"])["verdict"]
    assert verdicts[("all", "mae")] == "as expected"
    every = pd.concat(rows).to_dict("records")
    (found,) = worse_slices(every, ["mae"])
    assert (found.name, found.since) == ("quality=L", days[1])
    assert re.fullmatch(
        r"quality=L: mae 0\.\d+ \(0\.\d+ to \d\.\d+\) of \d+ outcomes, expected 0\.\d+ to 0\.\d+, since 2024-05-19",
        found.words,
    )
    assert worse_slices(every, ["mae"], days[0]) == []
    assert worse_slices(every, ["coverage"], days[0]) == []


def test_a_slice_that_holds_all_rows_is_not_told_beside_them() -> None:
    one = outcomes(3.0).assign(quality="L")
    found = performance(one, DAY, 3, METRICS, evaluation(), "remaining", ["quality"])
    assert set(found["slice"]) == {"all", "quality=L"}
    assert worse_slices(found.to_dict("records"), ["mae"]) == []


def test_the_more_slices_there_are_the_farther_off_one_must_be() -> None:
    """So that any of them is called worse as seldom as one alone."""
    figure, interval, expected = 0.5, (0.4, 0.6), (0.2, 0.4)
    told = [verdict_of(figure, interval, expected, 100, MAE, 50, slices) for slices in (1, 2, 40)]
    assert told == ["worse than expected", "worse than expected", "as expected"]
    few_groups = verdict_of(figure, interval, expected, 100, MAE, 8, 2)
    assert few_groups == "as expected", "the interval of eight groups is itself unsure"
    assert verdict_of(0.1, (0.0, 0.2), (0.4, 0.6), 100, BIAS, 50, 2) == "other than expected"
    assert verdict_of(0.1, (0.0, 0.2), (0.4, 0.6), 100, MAE, 50, 2) == "as expected"


def test_any_slice_is_called_worse_about_as_seldom_as_stated() -> None:
    """Nothing is worse: 3,000 reports of four slices, each of ten groups, beside a long evaluation."""
    random = np.random.default_rng(4)

    def alarms(slices: int) -> int:
        drawn = random.normal(size=(3000, 4, 10))
        mean, half = drawn.mean(axis=-1), 1.96 * drawn.std(axis=-1) / 10**0.5
        return sum(
            any(
                verdict_of(one, (one - own, one + own), (-0.02, 0.02), 300, MAE, 10, slices) == "worse than expected"
                for one, own in zip(means, halves, strict=True)
            )
            for means, halves in zip(mean, half, strict=True)
        )

    assert 15 <= alarms(4) <= 45, "thirty are one in a hundred"
    assert alarms(0) > 300, "by the rule for all rows"


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
