"""The shop with a champion that learned from its first days, and the days after them on which it serves."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from lakehouse_assets.contracts.catalogue import catalogue
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.use_case.observations import Days
from lakehouse_assets.use_case.plan import Plan
from lakehouse_assets.use_case.serving.scored import outcomes, scored, scoring_rows
from lakehouse_assets.use_case.training.candidate import ingredients, settings_of, trained
from lakehouse_assets.use_case.training.labelled import training_set
from lakehouse_assets_tests.use_case.shop import FIRST, READINGS, Shop, readings, shop_in, write

#: Days that are learned from, and days after them.
LEARNED, SERVED = 150, 14
LAST = FIRST + timedelta(days=LEARNED + SERVED - 1)
PREDICTIONS = "delivery/wear/predictions"


def with_a_champion(home: Path, empty_registry: Path) -> Path:
    """The shop in a folder."""
    shop = shop_in(home, readings(LEARNED + SERVED))
    shop.change({"  gate:": "  monitoring: {columns: [load], least_rows: 50}\n  gate:"})
    shop.make_features(LEARNED + SERVED)
    shutil.copy(empty_registry, home / "mlflow.db")
    rows = learned_rows(home)
    made_of = ingredients(shop.plan, rows, settings_of(shop.plan.declaration))
    versions = {READINGS: shop.lake.version(READINGS.split("/")), "delivery/wear/features": 0}
    model = registry_of(home).register(trained(shop.plan, made_of, versions, "a-run", lambda _: None))
    registry_of(home).promote(model)
    return home


def learned_rows(home: Path, days: int = LEARNED) -> pd.DataFrame:
    """The training set after so many days."""
    shop = Shop(home)
    as_of = pd.Timestamp(FIRST + timedelta(days), tz="UTC")
    return training_set(shop.plan.declaration, shop.folder, shop.source, shop.views, as_of)


def registry_of(home: Path) -> ModelRegistry:
    return ModelRegistry(tracking_uri=f"sqlite:///{home / 'mlflow.db'}", artifact_root=(home / "artifacts").as_uri())


def plan_of(home: Path) -> Plan:
    shop = Shop(home)
    return Plan(shop.plan.declaration, shop.folder, catalogue(home / "defs"))


def serve(home: Path, served: pd.DataFrame, day: date = LAST) -> None:
    """Predictions of the days after the training, if the shop's had been these, and what had come of them by a day."""
    shop, registry = Shop(home), registry_of(home)
    declared = shop.plan.declaration
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


def with_more_wear(by: float) -> pd.DataFrame:
    """Readings after whose first days everything wears so much more than the load tells."""
    rows = readings(LEARNED + SERVED)
    later = pd.to_datetime(rows["day"]).ge(pd.Timestamp(FIRST) + pd.Timedelta(days=LEARNED))
    return rows.assign(wear=rows["wear"] + by * later)
