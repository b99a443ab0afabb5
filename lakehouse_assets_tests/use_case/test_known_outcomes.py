"""An outcome counts in the window in which it became known, and one that was corrected counts once, as it is now."""

from datetime import date, time, timedelta
from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.lifecycle.judging.expected import keep_expected
from lakehouse_assets.lifecycle.serving.prediction_time import PredictionTime
from lakehouse_assets.use_case.judging import judged
from lakehouse_assets.use_case.serving import known_outcomes
from lakehouse_assets.use_case.serving.realised import performance
from lakehouse_assets.use_case.watching import watched
from lakehouse_assets_tests.use_case.serving_shop import (
    LAST,
    LEARNED,
    SERVED,
    learned_rows,
    plan_of,
    registry_of,
    serve,
    with_a_champion,
)
from lakehouse_assets_tests.use_case.shop import FIRST, Shop, readings, write

OUTCOMES = "delivery/wear/outcomes"
#: Of six machines; what came of the last day's predictions is not known yet.
ALL = 6 * (SERVED - 1)
NOON = pd.Timedelta(hours=12)


@pytest.fixture
def home(tmp_path: Path, empty_registry: Path) -> Path:
    """The shop with a champion of which its evaluation promised something, and its outcomes."""
    made = with_a_champion(tmp_path, empty_registry)
    plan, registry, rows = plan_of(made), registry_of(made), learned_rows(made)
    version = registry.champion("wear")
    assert version is not None
    ours = judged.Judged(version.version, registry.load(version))
    data = judged.data_to_measure_on(plan, plan.source(Shop(made).lake), rows)
    keep_expected(registry, version, judged.evaluation(plan, rows, data, ours, ours))
    serve(made, readings(LEARNED + SERVED))
    return made


def outcomes(home: Path) -> pd.DataFrame:
    rows: pd.DataFrame = Shop(home).lake.read_pandas(OUTCOMES.split("/"))
    return rows.assign(day=pd.to_datetime(rows["day"]).dt.date)


def measured(home: Path, day: date) -> pd.Series:
    """Of the mean absolute error over all."""
    rows = performance(plan_of(home), Shop(home).lake, registry_of(home), day, day).rows
    return rows[rows["slice"].eq("all") & rows["metric"].eq("mae")].iloc[0]


def compared(home: Path, day: date) -> int:
    """Outcomes in the drift report of a day."""
    lake = Shop(home).lake
    made = watched.reference(plan_of(home), lake, registry_of(home))
    (report,) = watched.reports(plan_of(home), lake, made.sample, made.thresholds, day, day, lambda _: None)
    return int(report.rows.set_index("column_name").loc["label", "current_rows"])


def corrected(rows: pd.DataFrame, by: float, days: int) -> pd.DataFrame:
    """Outcomes that rows of so many days later tell anew."""
    later = pd.Timedelta(days=days)
    return rows.assign(
        day=(pd.to_datetime(rows["day"]) + later).dt.date,
        label=rows["label"] + by,
        label_known_at=rows["label_known_at"] + later,
    )


def test_an_outcome_that_was_corrected_by_a_later_row_counts_once_and_as_it_is_now(home: Path) -> None:
    rows = outcomes(home)
    right = measured(home, LAST)
    assert right["rows"] == ALL
    wrong = rows.assign(label=rows["label"] + 50.0)
    before_last = wrong[wrong["day"] < LAST]
    write(Shop(home).lake, OUTCOMES, pd.concat([wrong, corrected(before_last, -50.0, 1)], ignore_index=True))
    found = measured(home, LAST)
    assert found["rows"] == ALL
    # Only those of the last day are wrong still, by 50: one of the thirteen days that count.
    assert found["value"] - right["value"] < 50 / 13 + 1e-6
    assert compared(home, LAST) == ALL


def test_before_it_is_corrected_an_outcome_counts_as_it_was(home: Path) -> None:
    rows, day = outcomes(home), FIRST + timedelta(LEARNED + 3)
    before = [measured(home, one)["value"] for one in (day, day + timedelta(days=1))]
    write(Shop(home).lake, OUTCOMES, pd.concat([rows, corrected(rows, 50.0, 3)], ignore_index=True))
    assert measured(home, day)["value"] == before[0]
    # Those of the first of four days are another by now.
    assert measured(home, day + timedelta(days=1))["rows"] == 24
    assert measured(home, day + timedelta(days=1))["value"] > before[1] + 5


def test_an_outcome_that_comes_weeks_after_the_row_that_tells_it_counts_when_it_comes(home: Path) -> None:
    late = outcomes(home).assign(label_known_at=pd.Timestamp(LAST + timedelta(days=40), tz="UTC"))
    write(Shop(home).lake, OUTCOMES, late)
    came = LAST + timedelta(days=37)
    assert [measured(home, day)["rows"] for day in (came, came + timedelta(days=1))] == [0, ALL]
    assert measured(home, came)["verdict"] == "no outcomes yet"
    assert [compared(home, day) for day in (came, came + timedelta(days=1))] == [0, ALL]


def test_a_report_made_again_after_a_file_was_put_right_is_as_if_it_had_been_right_from_the_start(home: Path) -> None:
    right, counted = measured(home, LAST), compared(home, LAST)
    again = outcomes(home).assign(label_known_at=pd.Timestamp(LAST + timedelta(days=700), tz="UTC"))
    write(Shop(home).lake, OUTCOMES, again)
    found = measured(home, LAST)
    assert (found["rows"], compared(home, LAST)) == (right["rows"], counted)
    assert found["value"] == pytest.approx(right["value"])


def test_outcomes_of_many_days_that_came_at_once_are_as_many_groups_as_days_were_predicted(home: Path) -> None:
    """As of the evaluation's rows those of a day hang together: by the day of the prediction, whenever they came."""
    Shop(home).change({"slices: [hall]}": "slices: [hall], resample_by: day}"})
    right = measured(home, LAST)
    assert right["verdict"] == "as expected"
    rows = outcomes(home)
    at_once = rows["label_known_at"].mask(rows["day"] < LAST, pd.Timestamp(LAST + timedelta(1), tz="UTC") + NOON)
    write(Shop(home).lake, OUTCOMES, rows.assign(label_known_at=at_once))
    found = measured(home, LAST)
    assert (found["rows"], found["verdict"]) == (ALL, "as expected")
    assert (found["low"], found["high"]) == pytest.approx((right["low"], right["high"]), abs=0.3)


def test_figures_are_the_same_in_whatever_order_a_table_holds_its_outcomes(home: Path) -> None:
    """A table that was compacted, or restored, is read in another."""
    before = measured(home, LAST)
    write(Shop(home).lake, OUTCOMES, outcomes(home).sample(frac=1.0, random_state=1))
    assert measured(home, LAST)[["value", "low", "high"]].tolist() == before[["value", "low", "high"]].tolist()


@pytest.mark.parametrize(
    ("known", "day"),
    [
        ("2024-05-02T00:30Z", "2024-05-01"),  # before the night of its own day
        ("2024-05-02T12:00Z", "2024-05-01"),  # before the next one
        ("2024-05-03T01:59Z", "2024-05-01"),
        ("2024-05-03T02:00Z", "2024-05-02"),
        ("2024-06-20T12:00Z", "2024-06-19"),
    ],
)
def test_a_day_counts_what_was_known_before_the_next_night(known: str, day: str) -> None:
    nights = PredictionTime(1, time(2))
    found = known_outcomes.known_on(nights, pd.Series([date(2024, 5, 1)]), pd.Series([pd.Timestamp(known)]))
    assert found.tolist() == [pd.Timestamp(day)]


def test_a_day_by_a_clock_that_jumps_ends_with_its_own_night() -> None:
    nights = PredictionTime(1, time(2), "Europe/Berlin")
    known = pd.Series(pd.to_datetime(["2024-04-01T00:00Z", "2024-03-31T23:59Z"]))
    found = known_outcomes.known_on(nights, pd.Series([date(2024, 3, 1)] * 2), known)
    # On 31 March clocks jump from two to three: the night of the 30th begins at one, UTC, that of the 31st at midnight.
    assert found.tolist() == [pd.Timestamp("2024-03-31"), pd.Timestamp("2024-03-30")]
