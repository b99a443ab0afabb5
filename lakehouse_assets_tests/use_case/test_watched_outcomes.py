"""What came of predictions is watched for drift beside the features, once it is known."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.monitoring.reports.drift import DriftReport
from lakehouse_assets.use_case.watching import watched
from lakehouse_assets_tests.use_case.serving_shop import (
    LAST,
    LEARNED,
    SERVED,
    plan_of,
    registry_of,
    serve,
    with_a_champion,
    with_more_wear,
)
from lakehouse_assets_tests.use_case.shop import FIRST, Shop, readings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, empty_registry: Path) -> Path:
    """The shop with a champion."""
    return with_a_champion(tmp_path_factory.mktemp("watched"), empty_registry)


def report(home: Path, served: pd.DataFrame, day: date = LAST) -> DriftReport:
    """The report of a day, if the shop's days after the training had been these."""
    shop = Shop(home)
    compared_with = watched.reference(plan_of(home), shop.lake, registry_of(home))
    serve(home, served, day)
    (found,) = watched.reports(
        plan_of(home), shop.lake, compared_with.sample, compared_with.thresholds, day, day, lambda _: None
    )
    return found


def page_of(found: DriftReport) -> str:
    assert found.html is not None
    return found.html.read_text(encoding="utf-8")


def verdicts(found: DriftReport) -> dict[str, str]:
    return dict(zip(found.rows["column_name"], found.rows["verdict"], strict=True))


def test_outcomes_like_those_learned_from_are_stable(home: Path) -> None:
    found = report(home, readings(LEARNED + SERVED))
    assert verdicts(found) == {"load": "stable", "predicted_wear": "stable", "label": "stable"}
    (label,) = found.rows[found.rows["column_name"].eq("label")].to_dict("records")
    assert label["current_rows"] == 13 * 6, "what came of the last day's predictions is not known yet"
    page = page_of(found)
    assert "Outcomes (label) stand last: the 78 that became known on the days of this window." in page
    assert "Drift in column 'label'" in page


def test_outcomes_that_came_otherwise_drift_though_the_features_do_not(home: Path) -> None:
    found = report(home, with_more_wear(25.0))
    assert verdicts(found) == {"load": "stable", "predicted_wear": "stable", "label": "drift"}
    assert found.verdict == "drift"


def test_as_long_as_too_few_came_that_is_said_and_the_report_is_that_of_the_rest(home: Path) -> None:
    found = report(home, readings(LEARNED + SERVED), FIRST + timedelta(LEARNED + 4))
    assert verdicts(found)["label"] == "outcomes not judged"
    assert found.rows.loc[found.rows["column_name"].eq("label"), "current_rows"].item() == 24
    assert found.verdict != "outcomes not judged"


def test_the_reference_ends_where_the_champion_stopped_learning(home: Path) -> None:
    """Its held-out rows are behind that: were they in, a change within them would pass for what it knows."""
    made = watched.reference(plan_of(home), Shop(home).lake, registry_of(home))
    champion = registry_of(home).champion("wear")
    assert champion is not None
    until = pd.Timestamp(champion.tags["learned_until"]).tz_localize(None)
    assert made.sample["day"].max() <= until
    assert until < pd.Timestamp(FIRST) + pd.Timedelta(days=LEARNED * 0.8), "a quarter was held out"
    assert made.sample["day"].max() > until - pd.Timedelta(days=4)
