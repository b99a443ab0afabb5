"""A shop whose readings are watched, and the drift report of its last day, had something else been predicted."""

from pathlib import Path

import pandas as pd

from lakehouse_assets.monitoring.reports.drift import DriftReport
from lakehouse_assets.use_case.watching import watched
from lakehouse_assets_tests.use_case.serving_shop import (
    LAST,
    LEARNED,
    PREDICTIONS,
    SERVED,
    plan_of,
    registry_of,
    serve,
    with_a_champion,
)
from lakehouse_assets_tests.use_case.shop import Shop, readings, write


def watched_shop(folder: Path, empty_registry: Path) -> tuple[Path, pd.DataFrame]:
    """Its home, and what version 1 predicted on all days of the window; not the predicted rows are watched."""
    home = with_a_champion(folder, empty_registry)
    Shop(home).change({"{columns: [load], least": "{table: harmonized/shop/readings, columns: [load], least"})
    serve(home, readings(LEARNED + SERVED))
    rows = Shop(home).lake.read_pandas(PREDICTIONS.split("/"))
    return home, rows.assign(day=pd.to_datetime(rows["day"]).dt.date)


def report(home: Path, predictions: pd.DataFrame) -> DriftReport:
    """The last day's, about version 1, if this had been predicted."""
    write(Shop(home).lake, PREDICTIONS, predictions)
    plan, lake = plan_of(home), Shop(home).lake
    made = watched.reference(plan, lake, registry_of(home))
    (found,) = watched.reports(plan, lake, made.sample, made.thresholds, LAST, LAST, lambda _: None)
    return found


def told(found: DriftReport, column: str) -> pd.Series:
    """What a report says of a column."""
    return found.rows.set_index("column_name").loc[column]


def page_of(found: DriftReport) -> str:
    """A report's page."""
    assert found.html is not None
    return found.html.read_text(encoding="utf-8")
