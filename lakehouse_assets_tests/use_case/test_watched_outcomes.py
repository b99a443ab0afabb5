"""What came of predictions is watched for drift beside the features, once it is known."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.contracts.catalogue import catalogue
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.monitoring.drift import DriftReport
from lakehouse_assets.use_case import watched
from lakehouse_assets.use_case.candidate import ingredients, settings_of, trained
from lakehouse_assets.use_case.labelled import training_set
from lakehouse_assets.use_case.observations import Days
from lakehouse_assets.use_case.plan import Plan
from lakehouse_assets.use_case.scored import outcomes, scored, scoring_rows
from lakehouse_assets_tests.use_case.shop import FIRST, READINGS, Shop, readings, shop_in, write

#: Days that are learned from, and days after them.
LEARNED, SERVED = 150, 14
LAST = FIRST + timedelta(days=LEARNED + SERVED - 1)
PREDICTIONS = "delivery/wear/predictions"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, empty_registry: Path) -> Path:
    """The shop with a champion that learned from the first days."""
    home = tmp_path_factory.mktemp("watched")
    shop = shop_in(home, readings(LEARNED + SERVED))
    shop.change({"  gate:": "  monitoring: {columns: [load], least_rows: 50}\n  gate:"})
    shop.make_features(LEARNED + SERVED)
    shutil.copy(empty_registry, home / "mlflow.db")
    rows = training_set(
        shop.plan.declaration, shop.folder, shop.source, shop.views, pd.Timestamp(FIRST + timedelta(LEARNED), tz="UTC")
    )
    made_of = ingredients(shop.plan, rows, settings_of(shop.plan.declaration))
    versions = {READINGS: shop.lake.version(READINGS.split("/")), "delivery/wear/features": 0}
    model = registry_of(home).register(trained(shop.plan, made_of, versions, "a-run", lambda _: None))
    registry_of(home).promote(model)
    return home


def registry_of(home: Path) -> ModelRegistry:
    return ModelRegistry(tracking_uri=f"sqlite:///{home / 'mlflow.db'}", artifact_root=(home / "artifacts").as_uri())


def report(home: Path, served: pd.DataFrame, day: date = LAST) -> DriftReport:
    """The report of a day, if the shop's days after the training had been these."""
    shop, registry = Shop(home), registry_of(home)
    declared = shop.plan.declaration
    compared_with = watched.reference(plan_of(home), shop.lake, registry)
    write(shop.lake, READINGS, served)
    shop.make_features(LEARNED + SERVED)
    version = registry.champion("wear")
    assert version is not None
    days = Days(FIRST + timedelta(LEARNED), LAST)
    rows = scoring_rows(declared, shop.folder, shop.source, shop.views, days)
    made = scored(declared, rows, registry.load(version), version).assign(day=lambda r: r["day"].dt.date)
    write(shop.lake, PREDICTIONS, made)
    came = outcomes(declared, shop.folder, shop.source, PREDICTIONS, Days(FIRST + timedelta(LEARNED), day))
    write(shop.lake, "delivery/wear/outcomes", came.assign(day=pd.to_datetime(came["day"]).dt.date))
    (found,) = watched.reports(
        plan_of(home), shop.lake, compared_with.sample, compared_with.thresholds, day, day, lambda _: None
    )
    return found


def plan_of(home: Path) -> Plan:
    shop = Shop(home)
    return Plan(shop.plan.declaration, shop.folder, catalogue(home / "defs"))


def verdicts(found: DriftReport) -> dict[str, str]:
    return dict(zip(found.rows["column_name"], found.rows["verdict"], strict=True))


def test_outcomes_like_those_learned_from_are_stable(home: Path) -> None:
    found = report(home, readings(LEARNED + SERVED))
    assert verdicts(found) == {"load": "stable", "predicted_wear": "stable", "label": "stable"}
    (label,) = found.rows[found.rows["column_name"].eq("label")].to_dict("records")
    assert label["current_rows"] == 13 * 6, "what came of the last day's predictions is not known yet"


def test_outcomes_that_came_otherwise_drift_though_the_features_do_not(home: Path) -> None:
    rows = readings(LEARNED + SERVED)
    later = pd.to_datetime(rows["day"]).ge(pd.Timestamp(FIRST) + pd.Timedelta(days=LEARNED))
    found = report(home, rows.assign(wear=rows["wear"] + 25.0 * later))
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
