"""What every harmonized table of a delimited source begins and ends with."""

import pandas as pd

from lakehouse_assets.sources.csv.source import CsvSource
from lakehouse_assets.sources.raw_rows import in_force_repaired


def rows_in_force(raw: pd.DataFrame, source: CsvSource, repairs: pd.DataFrame | None = None) -> pd.DataFrame:
    """The rows in force, values as delivered or repaired, with what `known.known_at` decides by.

    Args:
        raw: Raw rows of whole days, superseded deliveries included.
        source: What their source declares.
        repairs: The repairs of the table that the rows are for.
    """
    return in_force_repaired(raw, source.value_columns, repairs)


def identity(rows: pd.DataFrame, source: CsvSource, event_time: pd.Series, known_at: pd.Series) -> dict[str, pd.Series]:
    """Whose, when, and known since when: the columns that every harmonized table begins with."""
    return {
        source.entity_name: rows[source.entity_name],
        "day": pd.to_datetime(rows["day"]),
        "event_time": event_time,
        "ingested_at": rows["ingested_at"],
        "known_at": known_at,
    }


def origin(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """The file and line that a row came from: the columns that every harmonized table ends with."""
    return {"source_file": rows["file"], "source_sha256": rows["sha256"], "source_line": rows["line"]}
