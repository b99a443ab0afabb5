"""A lake with what a simulated plant delivered, harmonized as its domain does it, and the features of every day."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from lakehouse_assets.contracts.additions import add_rows
from lakehouse_assets.contracts.conform import conform, to_arrow
from lakehouse_assets.contracts.contract import Contract
from lakehouse_assets.defs.energy import harmonize as energy
from lakehouse_assets.defs.energy.days import SOURCE as ENERGY
from lakehouse_assets.defs.energy.days import contract as energy_contract
from lakehouse_assets.defs.milling import harmonize as milling
from lakehouse_assets.defs.milling.days import SOURCE as MILLING
from lakehouse_assets.defs.milling.days import contract as milling_contract
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.csv.raw import new_rows
from lakehouse_assets.sources.csv.source import CsvSource
from lakehouse_assets.sources.landing import list_landing
from lakehouse_assets.sources.plant.drift import ColumnDrift
from lakehouse_assets.sources.plant.energy import Works
from lakehouse_assets.sources.plant.energy import write_days as write_meters
from lakehouse_assets.sources.plant.milling import Shop
from lakehouse_assets.sources.plant.milling import write_days as write_products
from lakehouse_assets.use_case.feature_rows import feature_rows
from lakehouse_assets.use_case.plan import Plan

Harmonize = Callable[[pd.DataFrame, CsvSource], pd.DataFrame]


def milling_lake(plan: Plan, folder: Path, seed: int, last: date, drifts: Sequence[ColumnDrift]) -> Lake:
    """The products of the shop's machines up to a day."""
    (folder / "milling").mkdir()
    write_products(Shop(seed=seed), folder / "milling", MILLING.first_day, last, drifts)
    tables = [
        (milling.operations, milling_contract("harmonized", "operations")),
        (milling.failures, milling_contract("harmonized", "failures")),
    ]
    return _filled(plan, folder, MILLING, folder / "milling", tables, last)


def energy_lake(plan: Plan, folder: Path, seed: int, last: date, drifts: Sequence[ColumnDrift]) -> Lake:
    """The readings of the works' meters up to a day."""
    (folder / "energy").mkdir()
    write_meters(Works(seed=seed), folder / "energy", ENERGY.first_day, last, drifts)
    return _filled(
        plan, folder, ENERGY, folder / "energy", [(energy.readings, energy_contract("harmonized", "readings"))], last
    )


def days_after(plan: Plan, number: int) -> date:
    """The day after so many days of a use case's past."""
    return plan.declaration.first_day + timedelta(days=number)


def _filled(
    plan: Plan,
    folder: Path,
    source: CsvSource,
    landing: Path,
    tables: Sequence[tuple[Harmonize, Contract]],
    last: date,
) -> Lake:
    lake, days = Lake(str(folder / "lake")), (source.first_day, last)
    with TemporaryDirectory() as empty:
        raw = new_rows(list_landing(landing), source, Lake(empty), days, datetime.now(UTC)).to_pandas()
    for harmonize, promise in tables:
        kept = conform(harmonize(raw, source), promise).rows
        add_rows(lake, promise, to_arrow(kept, promise), promise.primary_key, "")
    (view,) = plan.declaration.features
    rows = feature_rows(view, plan.source(lake), *days, plan.function(view.function or ""))
    promise = plan.contract("delivery", view.name)
    arrow = to_arrow(rows.assign(feature_version=plan.feature_version(view)), promise)
    add_rows(lake, promise, arrow, promise.primary_key, "")
    return lake
