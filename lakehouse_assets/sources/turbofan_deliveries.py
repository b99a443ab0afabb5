"""The ledger of turbofan deliveries (`deliveries`) over the domain's landing folder."""

from datetime import datetime
from pathlib import Path

import pandas as pd

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.deliveries import Ledger, check_metadata, deliveries_table, quarantine_table
from lakehouse_assets.sources.landing import list_landing
from lakehouse_assets.sources.turbofan_files import read_delivery

__all__ = ["check_metadata", "deliveries_table", "examine", "known_deliveries", "open_rejects", "quarantine_table"]

_LEDGER = Ledger("turbofan", read_delivery)
DELIVERIES = _LEDGER.deliveries_key
QUARANTINE = _LEDGER.quarantine_key


def known_deliveries(lake: Lake) -> pd.DataFrame:
    """The ledger so far (`Ledger.known`)."""
    return _LEDGER.known(lake)


def examine(folder: Path, known: pd.DataFrame, now: datetime) -> tuple[pd.DataFrame, pd.DataFrame]:
    """New deliveries and what of them cannot be read (`Ledger.examine`)."""
    return _LEDGER.examine(list_landing(folder), known, now)


def open_rejects(lake: Lake, folder: Path, files: pd.DataFrame, rejects: pd.DataFrame) -> pd.DataFrame:
    """The rejects that still matter (`Ledger.open_rejects`)."""
    return _LEDGER.open_rejects(lake, list_landing(folder), files, rejects)
