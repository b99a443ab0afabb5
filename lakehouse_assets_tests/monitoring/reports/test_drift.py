from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.monitoring.calibration import normed_wasserstein
from lakehouse_assets.monitoring.reports.drift import compare, distances
from lakehouse_assets.monitoring.verdicts import overall

DAY = date(2024, 5, 1)


def rows(n: int = 400, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame({"a": random.normal(size=n), "b": random.normal(size=n)})


def limits(a: float = 0.3, b: float = 0.3) -> pd.DataFrame:
    return pd.DataFrame({"column_name": ["a", "b"], "threshold": [a, b]})


def verdicts(current: pd.DataFrame, thresholds: pd.DataFrame | None = None) -> dict[str, str]:
    report = compare(rows(2000, 1), current, limits() if thresholds is None else thresholds, DAY, 3)
    return dict(zip(report.rows["column_name"], report.rows["verdict"], strict=True)) | {"report": report.verdict}


def test_a_shifted_column_drifts_and_the_other_does_not() -> None:
    current = rows()
    current["b"] += 1
    assert verdicts(current) == {"a": "stable", "b": "drift", "report": "drift"}


def test_a_feature_that_says_one_number_all_day_is_stuck_only_where_the_reference_did_not_so() -> None:
    days = np.repeat(pd.date_range("2024-01-01", periods=60), 30)
    by_day = np.repeat(np.random.default_rng(2).normal(size=60), 30)
    reference = rows(1800, 1).assign(day=days, b=by_day)
    window = rows(420).assign(day=days[:420], b=by_day[-420:])
    assert compare(reference, window, limits(2, 2), DAY, 3).verdict == "stable"
    stuck = window.assign(a=window["a"].where(window["day"].lt(window["day"].max()), 0.3))
    assert compare(reference, stuck, limits(2, 2), DAY, 3).rows["verdict"].tolist() == ["stuck", "stable"]
    for_days = window.assign(b=window["b"].where(window["day"].lt("2024-01-06"), 0.3))
    assert compare(reference, for_days, limits(2, 2), DAY, 3).rows["verdict"].tolist() == ["stable", "stuck"]


def test_a_model_that_gives_one_number_to_what_it_never_saw_drifts_and_is_no_stuck_sensor() -> None:
    current = rows().assign(b=2.0)
    assert verdicts(current)["b"] == "stuck"
    report = compare(rows(2000, 1), current, limits(), DAY, 3, prediction="b")
    assert report.rows["verdict"].tolist() == ["stable", "drift"]
    missing = compare(rows(2000, 1), current.assign(b=np.nan), limits(), DAY, 3, prediction="b")
    assert missing.rows["verdict"].tolist() == ["stable", "no readings"]


def test_distances_taken_without_evidently_give_the_same_report() -> None:
    current = rows(30_000).assign(b=lambda one: one["b"].where(one["b"] > -1) + 0.5)
    theirs, ours = (compare(rows(2000, 1), current, limits(), DAY, 3, measure=one) for one in (None, distances))
    pd.testing.assert_frame_equal(ours.rows, theirs.rows, rtol=1e-9)
    assert ours.verdict == theirs.verdict == "nulls"
    with pytest.raises(ValueError, match="made by Evidently"):
        compare(rows(2000, 1), current, limits(), DAY, 3, Path("page.html"), measure=distances)


def test_the_same_distribution_is_stable() -> None:
    assert verdicts(rows()) == {"a": "stable", "b": "stable", "report": "stable"}


def test_a_distance_below_its_learned_threshold_is_no_drift_whatever_evidentlys_default_says() -> None:
    current = rows()
    current["b"] += 1
    assert verdicts(current, limits(b=2.0))["report"] == "stable"


def test_too_few_rows_are_their_own_verdict() -> None:
    assert verdicts(rows(50)) == {"a": "too few rows", "b": "too few rows", "report": "too few rows"}


def test_a_column_without_readings_is_named_and_is_no_drift() -> None:
    assert verdicts(rows().assign(b=np.nan)) == {"a": "stable", "b": "no readings", "report": "no readings"}


def test_a_column_without_a_threshold_is_not_calibrated() -> None:
    assert verdicts(rows(), limits(b=float("nan")))["report"] == "not calibrated"


def test_drift_outranks_what_could_not_be_judged_and_a_fault_of_the_data_outranks_drift() -> None:
    assert overall(["not calibrated", "drift", "stable"]) == "drift"
    assert overall(["stuck", "drift", "stable"]) == "stuck"
    assert overall([]) == "too few rows"


def test_a_report_says_day_model_rows_and_value_and_leaves_a_page(tmp_path: Path) -> None:
    page = tmp_path / "reports" / "a day.html"
    report = compare(rows(2000, 1), rows(), limits(), DAY, 3, page)
    assert report.html == page
    assert "<html" in page.read_text(encoding="utf-8")[:2000].lower()
    first = report.rows.iloc[0]
    assert (first["day"], first["model_version"], first["current_rows"]) == (pd.Timestamp(DAY), 3, 400)
    assert 0 < first["value"] < 0.3


def test_how_many_rows_are_too_few_is_the_use_cases_to_say() -> None:
    assert compare(rows(2000, 1), rows(50), limits(2, 2), DAY, 3, least_rows=50).verdict == "stable"


def test_a_stuck_sensor_and_another_unit_are_named_and_are_no_drift() -> None:
    reference, current = rows(2000, 1) + 60, rows() + 60
    current["a"], current["b"] = 60.2, current["b"] + 273.15
    report = compare(reference, current, limits(), DAY, 3)
    assert list(report.rows["verdict"]) == ["stuck", "unit change"]
    assert report.verdict == "unit change"
    assert report.faults["b"] == (
        "100% of the rows look like the reference in another unit: degrees Celsius and kelvin"
    )


def test_what_began_today_is_seen_today() -> None:
    current = rows().assign(day=np.repeat(pd.date_range(end=DAY, periods=8), 50))
    current.loc[current["day"].eq(pd.Timestamp(DAY)), "b"] = 0.25
    assert verdicts(current) == {"a": "stable", "b": "stuck", "report": "stuck"}


def test_a_window_of_fewer_rows_than_calibrated_for_may_lie_farther_off() -> None:
    current = rows(400)
    current["b"] += 0.4
    assert verdicts(current, limits().assign(window_rows=400))["b"] == "drift"
    assert verdicts(current, limits().assign(window_rows=1600))["b"] == "stable"


def test_a_long_window_is_measured_as_a_whole_though_evidently_gets_a_sketch() -> None:
    current, reference = rows(60_000), rows(2000, 1)
    current["b"] = current["b"] * 1.1 + 0.05
    report = compare(reference, current, limits(), DAY, 3)
    exact = [normed_wasserstein(reference[name], current[name]) for name in ("a", "b")]
    assert report.rows["value"].to_numpy() == pytest.approx(exact, abs=0.001)
    assert report.rows["current_rows"].eq(60_000).all()
