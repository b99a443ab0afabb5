"""After a promotion or a roll back the window still holds predictions that another version made."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.use_case.watching import shown, watched
from lakehouse_assets_tests.use_case.serving_shop import (
    LAST,
    LEARNED,
    PREDICTIONS,
    SERVED,
    plan_of,
    registry_of,
    serve,
)
from lakehouse_assets_tests.use_case.shop import READINGS, Shop, readings, write
from lakehouse_assets_tests.use_case.watched_shop import page_of, report, told, watched_shop

#: Rows of a day.
EACH_DAY = 6


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, empty_registry: Path) -> tuple[Path, pd.DataFrame]:
    """A shop whose readings are watched, with the predictions of version 1 on all days of the window."""
    return watched_shop(tmp_path_factory.mktemp("another"), empty_registry)


@pytest.fixture(autouse=True)
def _as_they_were(served: tuple[Path, pd.DataFrame]) -> Iterator[None]:
    yield
    serve(served[0], readings(LEARNED + SERVED))


def ago(days: int) -> date:
    return LAST - timedelta(days=days)


def by_another(rows: pd.DataFrame, first: date, last: date, version: int = 2) -> pd.DataFrame:
    """The predictions, if another version that says quite other numbers had served on some days."""
    theirs = rows["day"].between(first, last)
    return rows.assign(
        model_version=rows["model_version"].mask(theirs, version),
        predicted_wear=rows["predicted_wear"] + np.where(theirs, 500.0, 0.0),
    )


@pytest.mark.parametrize(
    ("first", "last"), [(ago(SERVED - 1), ago(10)), (ago(9), ago(6))], ids=["a promotion", "a roll back"]
)
def test_what_another_version_predicted_is_no_drift_of_the_prediction(
    served: tuple[Path, pd.DataFrame], first: date, last: date
) -> None:
    home, rows = served
    found = report(home, by_another(rows, first, last))
    one = told(found, "predicted_wear")
    assert (found.verdict, found.faults) == ("stable", {})
    assert (one["verdict"], one["current_rows"]) == ("stable", (SERVED - 4) * EACH_DAY)
    assert told(found, "load")["current_rows"] == SERVED * EACH_DAY
    words = f"60 of the window's rows. Of {4 * EACH_DAY} others, version 2 made the predictions or served, not 1."
    assert f"Predictions (predicted_wear) are judged by {words}" in page_of(found)


def test_too_few_predictions_of_a_new_champion_are_said_to_be_and_leave_the_verdict_to_the_features(
    served: tuple[Path, pd.DataFrame],
) -> None:
    home, rows = served
    found = report(home, by_another(rows, ago(SERVED), ago(1)))
    one = told(found, "predicted_wear")
    assert (one["verdict"], one["current_rows"]) == ("predictions not judged", EACH_DAY)
    assert (found.verdict, found.faults, told(found, "load")["verdict"]) == ("stable", {}, "stable")
    words = "Predictions (predicted_wear) are not judged: only 6 of the window's rows are left, and fewer"
    assert shown.metadata_of([found], pd.DataFrame())["predictions"].startswith(words)
    assert words in page_of(found)
    assert "Drift in column 'predicted_wear'" not in page_of(found)


def test_before_a_new_champion_has_predicted_at_all_its_prediction_is_not_judged(
    served: tuple[Path, pd.DataFrame],
) -> None:
    home, rows = served
    found = report(home, by_another(rows, ago(SERVED), LAST))
    assert told(found, "predicted_wear")[["verdict", "current_rows"]].tolist() == ["predictions not judged", 0]
    assert found.verdict == "stable"


def test_a_new_champion_hides_no_drift_of_features(served: tuple[Path, pd.DataFrame]) -> None:
    home, rows = served
    read = readings(LEARNED + SERVED)
    later = pd.to_datetime(read["day"]).gt(pd.Timestamp(ago(SERVED)))
    write(Shop(home).lake, READINGS, read.assign(load=read["load"] + 20.0 * later))
    plan, lake = plan_of(home), Shop(home).lake
    # The reference is of before: the shift lies behind what was learned.
    made = watched.reference(plan, lake, registry_of(home))
    write(lake, PREDICTIONS, by_another(rows, ago(SERVED), ago(1)))
    (found,) = watched.reports(plan, lake, made.sample, made.thresholds, LAST, LAST, lambda _: None)
    assert (found.verdict, told(found, "load")["verdict"]) == ("drift", "drift")
    assert "are not judged" in shown.metadata_of([found], pd.DataFrame())["predictions"]


def test_a_new_champion_that_stops_predicting_lacks_its_predictions(served: tuple[Path, pd.DataFrame]) -> None:
    home, rows = served
    changed = by_another(rows, ago(SERVED), ago(11))
    found = report(home, changed[changed["day"] <= ago(2)])
    assert (found.verdict, set(found.faults)) == ("nulls", {"predicted_wear"})


def test_rows_that_the_version_before_failed_to_predict_are_not_the_new_ones_fault(
    served: tuple[Path, pd.DataFrame],
) -> None:
    home, rows = served
    changed = by_another(rows, ago(SERVED), ago(9))
    found = report(home, changed[(changed["day"] > ago(9)) | changed["machine"].isin(["m0", "m1"])])
    assert (found.verdict, told(found, "predicted_wear")["current_rows"]) == ("stable", 9 * EACH_DAY)


def test_a_day_on_which_the_version_before_predicted_nothing_is_not_the_new_ones_fault(
    served: tuple[Path, pd.DataFrame],
) -> None:
    """One of fourteen days it was, too few to be a fault; of the new one's few days it would be a large part."""
    home, rows = served
    changed = by_another(rows, ago(SERVED), ago(4))
    found = report(home, changed[~changed["day"].isin([ago(9), ago(4)])])
    assert (found.faults, told(found, "predicted_wear")["current_rows"]) == ({}, 4 * EACH_DAY)
