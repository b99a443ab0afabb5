"""Day-ahead demand: which quarter hours are forecast, and what is known of their meters when the forecast is made."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from lakehouse_assets.defs.energy.energy_demand.day_ahead import (
    day_ahead_features,
    day_type,
    feature_names,
    quarters_of,
)
from lakehouse_assets.sources.csv.source import load_source
from lakehouse_assets.sources.holidays import is_public_holiday

DAY_TYPES = ("working", "saturday", "rest")
ONE_DAY = timedelta(days=1)


def observations(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every quarter hour of the next local day, of each meter that told anything of a day.

    Args:
        tables: ``readings``, harmonized.

    Returns:
        ``meter_id``, ``target_at`` (end of the quarter hour, UTC), ``day`` (the one before it), ``known_at`` (of the
        meter's first reading of that day), ``target_quarter``, ``target_day_type`` (`DAY_TYPES`), ``week`` (ISO).
    """
    told = tables["readings"].groupby(["meter_id", "day"], as_index=False)["known_at"].min()
    told["day"] = pd.to_datetime(told["day"]).astype("datetime64[us]")
    columns = ["day", "target_at", "target_quarter", "target_day_type", "week"]
    days = [_targets(day.date()) for day in told["day"].unique()]
    targets = pd.concat(days) if days else pd.DataFrame(columns=columns).astype({"day": "datetime64[us]"})
    return told.merge(targets[columns], on="day")


def features(inputs: Mapping[str, pd.DataFrame], first: date, last: date) -> pd.DataFrame:
    """The features of the forecasts made from the days first to last, both included.

    Args:
        inputs: ``readings``, harmonized, of these days and the 27 before them.

    Returns:
        ``meter_id``, ``target_at``, ``day``, ``event_time`` and ``known_at`` (both when the forecast is made: the row
        sees nothing that came later), then `day_ahead.feature_names`.
    """
    found = [day_ahead_features(inputs["readings"].iloc[:0], [], _zone(), is_public_holiday).assign(meter_id="")]
    for meter, rows in inputs["readings"].groupby("meter_id"):
        told = [day for day in pd.to_datetime(rows["day"]).dt.date.unique() if first <= day <= last]
        days = [day + ONE_DAY for day in told]
        found.append(day_ahead_features(rows, days, _zone(), is_public_holiday).assign(meter_id=meter))
    rows = pd.concat(found, ignore_index=True)
    rows = rows.assign(day=rows["day"] - ONE_DAY, event_time=rows["made_at"], known_at=rows["made_at"])
    return rows[["meter_id", "target_at", "day", "event_time", "known_at", *feature_names()]]


def _targets(day: date) -> pd.DataFrame:
    target = day + ONE_DAY
    kind, week = DAY_TYPES[day_type(target, is_public_holiday)], f"{target:%G-W%V}"
    quarters = quarters_of(target, _zone()).rename(columns={"quarter": "target_quarter"})
    return quarters.assign(day=pd.Timestamp(day).as_unit("us"), target_day_type=kind, week=week)


def _zone() -> ZoneInfo:
    """Where the meters' days begin and end, as their source declares."""
    return load_source(Path(__file__).parents[1] / "source.yaml").timezone
