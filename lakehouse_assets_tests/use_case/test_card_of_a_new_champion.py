"""A card says what is known of the version that it is of, and of which day that is."""

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.lifecycle.judging.evaluation import EVALUATION_COLUMNS
from lakehouse_assets.lifecycle.judging.model_card import ModelCard
from lakehouse_assets.lifecycle.judging.promotion import audit_frame
from lakehouse_assets.use_case.judging import carded
from lakehouse_assets_tests.use_case.serving_shop import LAST, learned_rows, plan_of, registry_of, with_a_champion
from lakehouse_assets_tests.use_case.shop import Shop, write


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, empty_registry: Path) -> Path:
    """The shop, where version 1 serves."""
    return with_a_champion(tmp_path_factory.mktemp("card"), empty_registry)


def card(home: Path, *reports: tuple[date, int, str]) -> ModelCard:
    """The champion's, after reports of these days, against the references of these versions."""
    told = pd.DataFrame(reports, columns=["day", "model_version", "verdict"]).assign(column_name="load")
    write(Shop(home).lake, "monitoring/wear/drift", told)
    version = registry_of(home).champion("wear")
    assert version is not None
    scores, rows = pd.DataFrame(columns=list(EVALUATION_COLUMNS)), learned_rows(home)
    return carded.gather(
        plan_of(home), registry_of(home), Shop(home).lake, version, scores, audit_frame([]), rows.iloc[:50]
    )


def test_what_drifted_from_its_predecessor_is_not_said_of_a_champion(home: Path) -> None:
    found = card(home, (LAST, 7, "drift"))
    assert (found.drift, found.drift_day, found.drifting) == (None, None, [])


def test_the_newest_report_against_its_own_reference_is_said_of_a_champion(home: Path) -> None:
    yesterday = LAST - timedelta(days=1)
    found = card(home, (yesterday - timedelta(days=1), 1, "stable"), (yesterday, 1, "drift"), (LAST, 7, "stable"))
    assert (found.drift, found.drift_day, found.drifting) == ("drift", yesterday, ["load"])


def test_a_card_says_of_which_day_the_newest_figures_of_what_came_are(home: Path) -> None:
    """Where outcomes stopped coming, they are old."""
    told = pd.DataFrame(
        {
            "day": [LAST - timedelta(days=30), LAST],
            "model_version": 1,
            "slice": "all",
            "metric": "mae",
            "value": [1.0, float("nan")],
            "low": [0.9, float("nan")],
            "high": [1.1, float("nan")],
            "rows": [80, 0],
            "expected_low": 0.8,
            "expected_high": 1.2,
            "verdict": ["as expected", "no outcomes yet"],
        }
    )
    write(Shop(home).lake, "monitoring/wear/performance", told)
    assert card(home, (LAST, 1, "stable")).performance == f"as expected ({LAST - timedelta(days=30)})"
