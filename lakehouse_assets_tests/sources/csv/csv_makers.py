"""A small source of delimited files for the tests, and ingestion of its landing folder into a real table."""

from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
from deltalake import write_deltalake

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.csv.raw import new_rows
from lakehouse_assets.sources.csv.source import CsvSource, load_source
from lakehouse_assets.sources.landing import list_landing

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY1, DAY9 = date(2024, 1, 1), date(2024, 1, 9)
HEADER = "When;Serial no.;Width [mm];Verdict"

DECLARATION = """
domain: sawing
table: planks
timezone: Europe/Berlin
first_day: 2024-01-01
clock: {kind: measured, why: for tests}
known: {days_after: 1, at: "06:00", connected_on: null}
delimiter: ";"
columns: {When: at, Serial no.: serial, "Width [mm]": width_mm, Verdict: verdict}
entity: {name: saw_id, prefix: saw-}
key: [serial]
last_values: [good, bad]
files:
  - {name: history.csv, entity: S0, stamp: {column: at, format: "%Y-%m-%d %H:%M"}}
  - {name: "saw_{entity}_{day}.csv", stamp: {column: at, format: "%Y-%m-%d %H:%M"}}
  - {name: "old_{entity}.csv", count: {column: serial, every_seconds: 28800, first: "2024-01-01T00:00:00+01:00"}}
  - {name: "count_{entity}_{day}.csv", count: {column: serial, every_seconds: 28800}}
  - {name: "mixed_{day}.csv", entity_column: verdict, stamp: {column: at, format: "%Y-%m-%d %H:%M"}}
"""


def sawing(folder: Path, **changes: str) -> CsvSource:
    """The source, with texts of its declaration replaced."""
    text = DECLARATION
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "source.yaml"
    path.write_text(text)
    load_source.cache_clear()
    return load_source(path)


class Mill:
    """A landing folder that is ingested into a real table, run after run."""

    def __init__(self, folder: Path, source: CsvSource) -> None:
        self.landing, self.lake, self.source = folder / "landing", Lake(str(folder / "lake")), source
        self.landing.mkdir()

    def drop(self, name: str, *lines: str, header: str = HEADER) -> None:
        (self.landing / name).write_text("".join(f"{line}\n" for line in (header, *lines)))

    def ingest(self, when: datetime = NOW, days: tuple[date, date] = (DAY1, DAY9)) -> pd.DataFrame:
        """One run over the days: what raw holds afterwards."""
        table = new_rows(list_landing(self.landing), self.source, self.lake, days, when)
        write_deltalake(self.lake.table_uri(self.source.raw_key), table, mode="append")
        return self.lake.read_pandas(self.source.raw_key)
