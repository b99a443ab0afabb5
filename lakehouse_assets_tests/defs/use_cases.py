"""A use case's own files, used as its declaration says: queries over named relations, and what a prediction may see."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd
import pyarrow as pa
import yaml

from lakehouse_assets import definitions
from lakehouse_assets.contracts.odcs.reading import load_contract
from lakehouse_assets.features.feature_view import FeatureView
from lakehouse_assets.features.point_in_time import point_in_time_join

KEYS = {
    "turbofan_rul": ["engine_id"],
    "milling_failure": ["machine_id", "product_id", "product_number"],
    "energy_demand": ["meter_id", "target_at"],
}


def folder_of(use_case: str) -> Path:
    (found,) = definitions.DEFS.glob(f"*/{use_case}")
    return found


def declared(use_case: str) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((folder_of(use_case) / "defs.yaml").read_text())["attributes"]
    return told


def feature_columns(use_case: str) -> list[str]:
    """The features as the declaration lists them, or the contract where there are too many for it."""
    columns = declared(use_case)["features"][0].get("columns")
    if columns:
        return list(columns)
    promise = load_contract(folder_of(use_case) / "contracts" / "delivery" / "features.yaml", False)
    others = [*KEYS[use_case], "day", "event_time", "known_at", "feature_version"]
    return [name for name in promise.column_names if name not in others]


def query(use_case: str, name: str, relations: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for relation, rows in relations.items():
            connection.register(relation, rows)
        found: pd.DataFrame = connection.sql((folder_of(use_case) / name).read_text()).df()
    return found


def predicted_at(use_case: str, observations: pd.DataFrame) -> pd.Series:
    """The nominal time of each observation's prediction, or later where the observation was known later."""
    told = declared(use_case)
    zone, when = ZoneInfo(told["timezone"]), told["predicted_at"]
    hours, minutes = map(int, when["at"].split(":"))

    def nominal(day: pd.Timestamp) -> datetime:
        local = day.to_pydatetime().date() + timedelta(days=when["days_after"])
        return datetime(local.year, local.month, local.day, hours, minutes, tzinfo=zone)

    days = pd.to_datetime(observations["day"])
    made = {day: pd.Timestamp(nominal(day)).tz_convert("UTC") for day in days.unique()}
    at = days.map(made).astype("datetime64[us, UTC]")
    known = observations["known_at"].astype("datetime64[us, UTC]")
    return at.where(at >= known, known)


def seen(use_case: str, observations: pd.DataFrame, features: pd.DataFrame) -> pd.DataFrame:
    """Each observation with the features that were known of its entity when its prediction was made."""
    told = declared(use_case)["features"][0]
    view = FeatureView(
        name=use_case,
        rows=pa.Table.from_pandas(features, preserve_index=False),
        keys=tuple(KEYS[use_case]),
        event_time="event_time",
        known_at="known_at",
        features=tuple(feature_columns(use_case)),
        limit=timedelta(days=told["limit_days"]),
    )
    narrow = observations[KEYS[use_case]].assign(t=predicted_at(use_case, observations))
    joined: pd.DataFrame = point_in_time_join(
        pa.Table.from_pandas(narrow, preserve_index=False), "t", [view]
    ).to_pandas()
    return joined
