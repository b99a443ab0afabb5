"""The tables that a mart reads, by the names that its SQL gives them. Pure functions.

Dagster imports every module below `defs/` when it loads the code location, so what is heavy is imported inside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakehouse_assets.contracts.schema import arrow_types
from lakehouse_assets.lake.table import Lake

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Source:
    """A table that a mart reads.

    Attributes:
        table: Its asset key.
        columns: The columns that are read, each with its type in a contract's words.
        days_before: How many days before the mart's day the rows lie; None reads the whole table.
    """

    table: tuple[str, ...]
    columns: Mapping[str, str]
    days_before: int | None


@dataclass(frozen=True)
class Mart:
    """What a mart reads: its relations by name, and the bounds that its SQL names."""

    relations: Mapping[str, Source]
    bounds: Mapping[str, float]


def load_mart(path: Path) -> Mart:
    """Read what a mart reads.

    Raises:
        ValueError: an entry is of an unknown name, or a column of an unknown type.
    """
    import yaml

    told = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return Mart(
        {name: _source(path, name, entry) for name, entry in told.pop("relations").items()},
        {name: float(bound) for name, bound in told.items()},
    )


def _source(path: Path, name: str, told: Mapping[str, Any]) -> Source:
    if unknown := sorted(set(told) - {"table", "columns", "days_before"}):
        raise ValueError(f"{path}: {name}: {', '.join(unknown)}: expected table, columns and days_before")
    columns, before = dict(told["columns"]), told.get("days_before")
    if wrong := sorted(set(columns.values()) - _TYPES):
        raise ValueError(f"{path}: {name}: type {', '.join(wrong)}: expected one of {', '.join(sorted(_TYPES))}")
    if before is not None and "day" not in columns:
        raise ValueError(f"{path}: {name}: days_before needs the column day, found {', '.join(columns)}")
    return Source(tuple(told["table"].split("/")), columns, before)


_TYPES = {"string", "long", "integer", "double", "float", "boolean", "date", "timestamp"}


def rows_of(lake: Lake, source: Source, first: date, last: date) -> "pa.Table":
    """The rows of a table that the mart needs for its days first to last; none where there is no such table.

    Raises:
        LakeError: the table is there and lacks a column.
    """
    import pyarrow as pa

    if not lake.exists(source.table):
        types = arrow_types()
        return pa.schema([pa.field(name, types[kind]) for name, kind in source.columns.items()]).empty_table()
    if source.days_before is None:
        return lake.read(source.table, columns=list(source.columns))
    back = timedelta(days=source.days_before)
    days = (first - back, last - back + timedelta(days=1))
    return lake.read(source.table, columns=list(source.columns), where={"day": days})
