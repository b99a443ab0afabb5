"""What every harmonized table of a delimited source begins with, and the rows that break its contract."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from lakehouse_assets.sources.csv_source import CsvSource
from lakehouse_assets.sources.raw_rows import in_force_since

if TYPE_CHECKING:
    import pyarrow as pa

_MISSING = ("", "nan", "none", "null", "<na>")


def rows_in_force(raw: pd.DataFrame, source: CsvSource) -> pd.DataFrame:
    """The rows in force, values as delivered, with ``held_since`` and ``is_first_delivery`` for `known.known_at`."""
    return in_force_since(raw, source.value_columns)


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


def in_unit(values: pd.Series, factor: float) -> pd.Series:
    """Numbers times the factor; what is neither a number nor a missing value stays as delivered, for its contract."""
    numbers = pd.to_numeric(values, errors="coerce") * factor
    text = values.notna() & numbers.isna() & ~values.astype(str).str.strip().str.lower().isin(_MISSING)
    return numbers if not text.any() else numbers.astype("object").mask(text, values)


def quarantine_table(broken: pd.DataFrame, raw: pd.DataFrame, source: CsvSource) -> "pa.Table":
    """Rows that break a contract, as an Arrow table: whose and from where, the rule, and the source row as JSON."""
    import pyarrow as pa

    columns = [source.entity_name, "day", "source_file", "source_sha256", "source_line", "rule", "row"]
    types = {"day": pa.date32(), "source_line": pa.int64()}
    schema = pa.schema([pa.field(name, types.get(name, pa.string())) for name in columns])
    place = ["file", "sha256", "line"]
    told = raw.drop_duplicates(place, keep="last").set_index(place)[source.value_columns]
    wanted = pd.MultiIndex.from_frame(broken[["source_file", "source_sha256", "source_line"]])
    rows = [json.dumps({name: _text(value) for name, value in row.items()}) for row in _records(told.loc[wanted])]
    return pa.Table.from_pandas(broken.assign(row=rows)[columns], schema=schema, preserve_index=False)


def quarantine_metadata(broken: pd.DataFrame) -> dict[str, Any]:
    """What the check on a quarantine shows: how many rows, and the first ten with file, line and rule."""
    examples = [f"{row.source_file} line {row.source_line}: {row.rule}" for row in broken.head(10).itertuples()]
    return {
        "rows_set_aside": len(broken),
        "examples": "; ".join(examples) or "none",
        "what_to_do": "Put the file right, drop it into the landing folder again and materialise these days.",
    }


def _records(frame: pd.DataFrame) -> Sequence[dict[str, Any]]:
    records: list[dict[str, Any]] = frame.to_dict("records")
    return records


def _text(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)
