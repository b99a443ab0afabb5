"""Every metric over all rows and in each slice, with intervals that tell what is known and what is not."""

import time

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.lifecycle.judging.bootstrap import metric_interval, paired_difference
from lakehouse_assets.lifecycle.judging.evaluation import (
    EVALUATION_COLUMNS,
    difference_table,
    figure,
    markdown,
    of_role,
    score_table,
    value_of,
)
from lakehouse_assets.lifecycle.judging.metric import Metric, of_prediction
from lakehouse_assets_tests.cpu_time import at_best
from lakehouse_assets_tests.lifecycle.judging.judged import COVERAGE, MAE, mae, predictions_of, rows_of

METRICS = {"mae": MAE, "coverage": COVERAGE}


def scores_of(rows: pd.DataFrame, **more: object) -> pd.DataFrame:
    asked = {"slices": ["quality"], "groups": rows["unit"]} | more
    return score_table(predictions_of(rows, 0.5), rows["label"], rows, METRICS, **asked)


def test_each_metric_stands_over_all_rows_and_for_each_value_of_a_slice() -> None:
    rows = rows_of()
    scores = scores_of(rows)
    assert scores[["slice", "metric"]].values.tolist() == [
        [part, metric] for part in ("all", "quality=L", "quality=M") for metric in METRICS
    ]
    only = rows["quality"].eq("L").to_numpy()
    expected = mae(predictions_of(rows, 0.5)["prediction"].to_numpy()[only], rows["label"].to_numpy()[only])
    assert value_of(scores, "held_out", "mae", "quality=L") == pytest.approx(expected)
    counts = scores[scores["metric"].eq("mae")].set_index("slice")[["rows", "groups"]]
    assert counts.loc["quality=L"].tolist() == [200, 40]


def test_the_interval_is_the_bootstraps_over_all_rows_and_in_a_slice() -> None:
    rows = rows_of()
    predicted = predictions_of(rows, 0.5)["prediction"]
    scores = scores_of(rows, groups=None).query("metric == 'mae'").set_index("slice")
    for part, chosen in [("all", rows["quality"].notna()), ("quality=L", rows["quality"].eq("L"))]:
        expected = metric_interval(mae, predicted[chosen], rows["label"][chosen], resamples=200)
        assert (scores.loc[part, "low"], scores.loc[part, "high"]) == (expected.low, expected.high)


def test_rows_that_hang_together_make_the_interval_wider() -> None:
    rows = rows_of()
    bad_units = np.where(rows["unit"].isin([f"u{n}" for n in range(10)]), 2.0, 0.1)
    told = (predictions_of(rows, bad_units).assign(prediction=rows["label"] + bad_units), rows["label"], rows, METRICS)
    together, alone = (score_table(*told, groups=groups).iloc[0] for groups in (rows["unit"], None))
    assert together["high"] - together["low"] > 3 * (alone["high"] - alone["low"])


def test_a_slice_of_few_rows_or_few_groups_has_a_value_and_no_interval() -> None:
    rows = rows_of().assign(quality=["rare"] * 29 + ["often"] * 571)
    scores = scores_of(rows).query("metric == 'mae'").set_index("slice")
    assert np.isfinite(scores.loc["quality=rare", "value"])
    assert scores["low"].isna().to_dict() == {"all": False, "quality=often": False, "quality=rare": True}
    few = scores_of(rows, groups=pd.Series(np.arange(600) % 7))
    assert few["low"].isna().all()
    assert few["value"].notna().all()


def test_rows_without_a_slice_value_are_seen_too() -> None:
    rows = rows_of()
    rows.loc[:99, "quality"] = None
    scores = scores_of(rows).query("metric == 'mae'").set_index("slice")
    assert scores.loc["quality is missing", "rows"] == 100
    assert scores.drop("all")["rows"].sum() == 600


def test_a_metric_that_a_slice_does_not_define_is_null_there_and_counts_nowhere() -> None:
    rows = rows_of(90).assign(quality=["M"] * 60 + ["L"] * 30, unit=range(90))
    nothing_below = of_prediction(lambda p, y: float(np.mean(p < -9)) if len(y) > 30 else float("nan"))
    scores = score_table(predictions_of(rows, 1), rows["label"], rows, {"rare": nothing_below}, ["quality"])
    assert scores.set_index("slice")["value"].isna().to_dict() == {"all": False, "quality=L": True, "quality=M": False}


def test_no_rows_give_no_scores() -> None:
    rows = rows_of().iloc[:0]
    scores = score_table(predictions_of(rows, 1), rows["label"], rows, METRICS, ["quality"])
    assert scores.empty
    assert value_of(scores, "held_out", "mae") is None


def test_rows_in_another_order_than_their_index_are_judged_by_place() -> None:
    rows = rows_of().sort_values("label")
    scores = score_table(predictions_of(rows, 0.5), rows["label"], rows, METRICS, groups=rows["unit"])
    assert value_of(scores, "held_out", "mae") == pytest.approx(0.4, abs=0.03)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"truth": np.zeros(599)}, "599 truths"),
        ({"truth": np.full(600, np.nan)}, "600 of 600 truths are not finite"),
        ({"slices": ["colour"]}, "no slice columns .'colour'."),
    ],
)
def test_what_does_not_belong_together_is_refused(change: dict[str, object], message: str) -> None:
    rows = rows_of()
    asked = {"predictions": predictions_of(rows, 1), "truth": rows["label"], "rows": rows, "metrics": METRICS}
    with pytest.raises(ValueError, match=message):
        score_table(**(asked | change))  # type: ignore[arg-type]


def test_the_difference_is_paired_and_narrower_than_the_two_intervals() -> None:
    rows = rows_of()
    champion = predictions_of(rows, 1.0)
    candidate = champion.assign(prediction=champion["prediction"] * 0.99 + 0.01 * rows["label"])
    found = difference_table(candidate, champion, rows["label"], rows, "mae", MAE, ["quality"], rows["unit"])
    whole = found.set_index("slice").loc["all"]
    expected = paired_difference(
        mae, candidate["prediction"], champion["prediction"], rows["label"], rows["unit"], resamples=500
    )
    assert whole["value"] == expected.value < 0
    assert (whole["low"], whole["high"]) == pytest.approx((expected.low, expected.high), rel=0.05)
    assert whole["high"] < 0, "a hundredth less error shows when rows are paired"
    assert list(found["slice"]) == ["all", "quality=L", "quality=M"]


def test_a_role_gives_the_rows_of_the_table_and_one_metric_on_one_data_decides() -> None:
    scores = pd.concat([scores_of(rows_of()), scores_of(rows_of(), data="published")])
    table = of_role(scores, "candidate", 4, "held_out", "mae")
    assert list(table.columns) == list(EVALUATION_COLUMNS)
    assert set(table.loc[table["decides"], "data"]) == {"held_out"}
    assert set(table.loc[table["decides"], "metric"]) == {"mae"}
    assert table["model_version"].eq(4).all()
    nobody = of_role(scores, "baseline", None, "held_out", "mae")
    assert nobody["model_version"].isna().all()
    assert str(nobody["model_version"].dtype) == "Int64"


def test_the_page_shows_a_line_per_slice_with_intervals() -> None:
    shown = markdown(of_role(scores_of(rows_of()), "baseline", None, "held_out", "mae"), ("role", "model_version"))
    assert shown.startswith("| role | model_version | rows | groups | mae | coverage |\n|")
    assert "| baseline |  | 600 | 40 | 0.3" in shown
    assert figure(0.01234) == "0.01234"
    assert figure(12.3456, 12, 13) == "12.346 (12.000 to 13.000)"
    assert figure(float("nan")) == "not defined"


def test_an_evaluation_of_a_usual_size_takes_less_than_two_seconds_of_one_core() -> None:
    rows = rows_of(5000).assign(quality=list("abcde") * 1000)
    six = METRICS | {name: Metric(MAE.function) for name in "wxyz"}

    def cpu_seconds() -> float:
        before, parts, entity = time.process_time(), ["quality"], rows["unit"]
        for seed in (1, 2, 3):
            score_table(predictions_of(rows, 1, seed), rows["label"], rows, six, parts, entity)
        ours, other = predictions_of(rows, 1), predictions_of(rows, 1, 2)
        difference_table(ours, other, rows["label"], rows, "mae", MAE, parts, entity)
        return time.process_time() - before

    assert at_best(4, cpu_seconds) < 4, "twice what it takes on two shared cores"
