"""The first nights of a champion: the days before it in the window have readings, and nobody predicted on them."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets_tests.use_case.serving_shop import (
    LAST,
    PREDICTIONS,
    SERVED,
)
from lakehouse_assets_tests.use_case.shop import Shop, write
from lakehouse_assets_tests.use_case.watched_shop import page_of, report, told, watched_shop


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, empty_registry: Path) -> tuple[Path, pd.DataFrame]:
    """A shop whose readings are watched, not the rows that are predicted; its predictions of fourteen days."""
    return watched_shop(tmp_path_factory.mktemp("first"), empty_registry)


@pytest.fixture(autouse=True)
def _as_they_were(served: tuple[Path, pd.DataFrame]) -> Iterator[None]:
    yield
    write(Shop(served[0]).lake, PREDICTIONS, served[1])


def test_days_before_the_first_champion_lack_no_prediction(served: tuple[Path, pd.DataFrame]) -> None:
    home, rows = served
    whole = told(report(home, rows), "predicted_wear")
    found = report(home, rows[rows["day"] > LAST - timedelta(days=10)])
    one = told(found, "predicted_wear")
    assert (found.verdict, found.faults) == ("stable", {})
    assert (whole["current_rows"], one["current_rows"], one["verdict"]) == (84, 60, "stable")
    assert one["threshold"] == pytest.approx(whole["threshold"] * (84 / 60) ** 0.5), "fewer rows lie farther off"
    assert (told(found, "load")["current_rows"], told(found, "load")["verdict"]) == (84, "stable")
    page = page_of(found)
    assert "Drift in column 'predicted_wear'" in page
    words = "60 of the window's rows. Nobody predicted the 24 before 2024-06-03"
    assert f"Predictions (predicted_wear) are judged by {words}." in page
    assert list(found.rows["column_name"]) == ["load", "predicted_wear", "label"]


def test_predictions_of_too_few_rows_since_are_said_to_be_and_hide_nothing(served: tuple[Path, pd.DataFrame]) -> None:
    home, rows = served
    found = report(home, rows[rows["day"] > LAST - timedelta(days=5)])
    assert told(found, "predicted_wear")["verdict"] == "predictions not judged"
    assert (found.verdict, told(found, "load")["verdict"]) == ("stable", "stable")
    page = page_of(found)
    assert "Drift in column 'load'" in page
    assert "Drift in column 'predicted_wear'" not in page
    assert "Predictions (predicted_wear) are not judged: only 30 of the window's rows are left, and fewer than" in page


@pytest.mark.parametrize("missing", [range(2), range(4, 6)], ids=["the newest days", "days between"])
def test_days_without_a_prediction_that_follow_the_first_lack_them(
    served: tuple[Path, pd.DataFrame], missing: range
) -> None:
    home, rows = served
    gone = [LAST - timedelta(days=n) for n in missing]
    found = report(home, rows[~rows["day"].isin(gone)])
    assert (found.verdict, set(found.faults)) == ("nulls", {"predicted_wear"})


def test_a_window_without_any_prediction_says_so(served: tuple[Path, pd.DataFrame]) -> None:
    home, rows = served
    found = report(home, rows[rows["day"] <= LAST - timedelta(days=SERVED)])
    assert told(found, "predicted_wear")["verdict"] == "no readings"
