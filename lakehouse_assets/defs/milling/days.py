"""What all milling assets share: the source's declaration, daily partitions on its clock, and the contracts."""

from pathlib import Path

import dagster as dg

from lakehouse_assets.contracts.contract import Contract
from lakehouse_assets.contracts.odcs.reading import load_contract
from lakehouse_assets.sources.csv.source import load_source

_HERE = Path(__file__).parent

#: What the source declares of itself: its files, its clock, when its rows are known.
SOURCE = load_source(_HERE / "source.yaml")

#: One partition a day of the declared clock. A range of days runs as one backfill run.
DAYS = dg.DailyPartitionsDefinition(start_date=SOURCE.first_day.isoformat())


def contract(zone: str, table: str) -> Contract:
    """The contract of one of the domain's tables, by its zone and name."""
    return load_contract(_HERE / "contracts" / zone / f"{table}.yaml", False)
