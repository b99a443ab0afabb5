"""Where the real files are, harmonized as the domains do it, and a clear skip where they are not."""

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from lakehouse_assets.contracts.conform import conform
from lakehouse_assets.contracts.contract import Contract
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.csv.raw import new_rows
from lakehouse_assets.sources.csv.source import CsvSource
from lakehouse_assets.sources.landing import list_landing


def real_file(*parts: str) -> Path:
    """A file of the real input. Without it the script ends here, saying so, and that is no failure."""
    root = Path(os.environ.get("LAKEHOUSE_REAL_DATA", Path(__file__).parents[2] / "shared" / "data"))
    path = root.joinpath(*parts)
    if not path.exists():
        print(json.dumps({"skipped": f"{path} is not there; set LAKEHOUSE_REAL_DATA to the folder with the real data"}))
        sys.exit(0)
    return path


def harmonized(
    file: Path, source: CsvSource, harmonize: Callable[[pd.DataFrame, CsvSource], pd.DataFrame], promise: Contract
) -> pd.DataFrame:
    """The rows of a published file that keep a harmonized table's contract."""
    days = source.first_day, date(source.first_day.year, 12, 31)
    with TemporaryDirectory() as empty:
        raw = new_rows(list_landing(file.parent), source, Lake(empty), days, datetime.now(UTC)).to_pandas()
    split = conform(harmonize(raw, source), promise)
    assert split.broken.empty, split.broken["rule"].head()
    return split.rows
