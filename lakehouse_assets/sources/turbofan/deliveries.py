"""The ledger of turbofan deliveries (`deliveries`) over the domain's landing folder."""

from datetime import datetime
from pathlib import Path

import pandas as pd

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.delivered import ReadFile
from lakehouse_assets.sources.deliveries import Ledger, check_metadata, deliveries_table, quarantine_table
from lakehouse_assets.sources.landing import LandingFile, Redaction, list_landing, read_bytes
from lakehouse_assets.sources.turbofan.files import read_content, read_delivery
from lakehouse_assets.sources.turbofan.maintenance_files import read_maintenance
from lakehouse_assets.sources.turbofan.names import parse_maintenance_name, parse_name

__all__ = ["check_metadata", "deliveries_table", "examine", "known_deliveries", "open_rejects", "quarantine_table"]


def _ledger(redact: Redaction = bytes) -> Ledger:
    def read(file: LandingFile) -> ReadFile:
        """A file as what its name says it is. Sensor files hold numbers only, and need no redaction."""
        if parse_maintenance_name(file.name) is not None:
            return read_maintenance(file, redact)
        if parse_name(file.name) is None:
            return read_content(file.name, redact(read_bytes(file.path)))
        return read_delivery(file)

    return Ledger("turbofan", read)


_LEDGER = _ledger()
DELIVERIES = _LEDGER.deliveries_key
QUARANTINE = _LEDGER.quarantine_key


def known_deliveries(lake: Lake) -> pd.DataFrame:
    """The ledger so far (`Ledger.known`)."""
    return _LEDGER.known(lake)


def examine(
    folder: Path, known: pd.DataFrame, now: datetime, redact: Redaction = bytes
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """New deliveries and what of them cannot be read (`Ledger.examine`).

    Args:
        folder: The landing folder.
        known: The ledger so far.
        now: UTC time of this look.
        redact: Takes erased persons out of what is kept of a file; without it the bytes stay as they are.
    """
    return _ledger(redact).examine(list_landing(folder), known, now)


def open_rejects(lake: Lake, folder: Path, files: pd.DataFrame, rejects: pd.DataFrame) -> pd.DataFrame:
    """The rejects that still matter (`Ledger.open_rejects`)."""
    return _LEDGER.open_rejects(lake, list_landing(folder), files, rejects)
