"""What all turbofan assets share: daily partitions on the fleets' declared clock, and the domain's contracts."""

from pathlib import Path

import dagster as dg

from lakehouse_assets.contracts.contract import Contract
from lakehouse_assets.contracts.odcs.reading import load_contract
from lakehouse_assets.sources.turbofan.clock import FIRST_DAY

#: One partition a day of the declared clock. A range of days runs as one backfill run.
DAYS = dg.DailyPartitionsDefinition(start_date=FIRST_DAY.isoformat())

_CONTRACTS = Path(__file__).parent / "contracts"


def contract(zone: str, table: str) -> Contract:
    """The contract of one of the domain's tables, by its zone and name."""
    return load_contract(_CONTRACTS / zone / f"{table}.yaml", False)
