"""A card says what drifts from the version that it is of, not from the one that served before it."""

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
