"""Files of a domain through its own declaration, into raw and out again, in a folder of the test."""

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.csv.raw import new_rows
from lakehouse_assets.sources.csv.source import CsvSource
from lakehouse_assets.sources.landing import list_landing

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def raw_of(folder: Path, source: CsvSource, first: date, last: date) -> pd.DataFrame:
    """What a first run over the days puts into raw, as the IO manager gives it to the next asset."""
    table = new_rows(list_landing(folder), source, Lake(str(folder / "no lake")), (first, last), NOW)
    rows: pd.DataFrame = table.to_pandas()
    return rows
