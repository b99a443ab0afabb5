"""Delimited files -> rows of a raw table, every value the text it was. Which of them raw lacks is in `raw_rows`."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources import raw_rows
from lakehouse_assets.sources.csv.clock import Counted
from lakehouse_assets.sources.csv.files import read_csv_file, rows_of
from lakehouse_assets.sources.csv.source import CsvSource, FileName
from lakehouse_assets.sources.landing import LandingFile

if TYPE_CHECKING:
    import pyarrow as pa


def files_of(listed: Sequence[LandingFile], source: CsvSource, days: tuple[date, date]) -> list[LandingFile]:
    """The files that can hold rows of the days (both included): whole histories, and the daily files of these days."""
    parsed = ((file, source.parse_name(file.name)) for file in listed)
    return [file for file, name in parsed if name and (name.day is None or days[0] <= name.day <= days[1])]


def new_rows(
    listed: Sequence[LandingFile], source: CsvSource, lake: Lake, days: tuple[date, date], now: datetime
) -> "pa.Table":
    """What the raw table lacks of the days, as it is to be appended.

    Args:
        listed: The domain's landing folder.
        source: What the source declares.
        lake: Where the raw table lies.
        days: First and last day of the run, both included.
        now: UTC time of this ingestion.
    """
    read = [read_csv_file(file, source) for file in files_of(listed, source, days)]
    files = {one.name: one.sha256 for one in read if one.is_readable}
    held = raw_rows.held_deliveries(lake, source.raw_key, *days)
    return raw_table(raw_rows.rows_to_append(rows_of(read, source), files, held, days, now, source.raw_columns), source)


def raw_table(rows: pd.DataFrame, source: CsvSource) -> "pa.Table":
    """Raw rows as an Arrow table of the raw zone's schema."""
    import pyarrow as pa

    types = {"day": pa.date32(), "line": pa.int64(), "ingested_at": pa.timestamp("us", tz="UTC")}
    schema = pa.schema([pa.field(name, types.get(name, pa.string())) for name in source.raw_columns])
    return pa.Table.from_pandas(rows, schema=schema, preserve_index=False)


def counted_instants(raw: pd.DataFrame, source: CsvSource) -> pd.Series:
    """When rows on a declared clock happened, in UTC.

    Raises:
        ValueError: a row's file has no counted clock.
    """
    names = {file: source.parse_name(file) for file in raw["file"].unique()}
    clocks = {file: _counted(file, name) for file, name in names.items()}
    days = {file: name.day if name else None for file, name in names.items()}
    if raw.empty:
        return pd.Series([], dtype="datetime64[us, UTC]")
    start = pd.to_datetime(raw["file"].map({file: clock.start(days[file]) for file, clock in clocks.items()}), utc=True)
    every = raw["file"].map({file: pd.Timedelta(clock.every) for file, clock in clocks.items()})
    counts = pd.Series(0, index=raw.index)
    for column in {clock.column for clock in clocks.values()}:
        uses = raw["file"].map({file: clock.column == column for file, clock in clocks.items()}).astype(bool)
        counts = counts.mask(uses, pd.to_numeric(raw[column].where(uses, "1")).astype("int64"))
    return (start + every * (counts - 1)).astype("datetime64[us, UTC]")


def _counted(file: str, name: FileName | None) -> Counted:
    if name is None or not isinstance(name.form.clock, Counted):
        raise ValueError(
            f"rows of {file} do not happen on a counted clock: expected `count` in its source's declaration"
        )
    return name.form.clock
