"""Small assets and frames that many tests use."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg
import pandas as pd

DAYS = dg.DailyPartitionsDefinition(start_date="2024-01-01", end_date="2024-02-01")
ONE_RUN = dg.BackfillPolicy.single_run()


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def daily_frame(keys: Sequence[str], rows: int = 2, value: int = 0) -> pd.DataFrame:
    """``rows`` rows a day, told apart by ``id``."""
    return pd.DataFrame(
        [(day(key), place, value) for key in keys for place in range(rows)], columns=["day", "id", "value"]
    )


def asset_of(
    make: Callable[[Any], Any], partitions: dg.PartitionsDefinition | None = None, name: str = "table", **metadata: Any
) -> dg.AssetsDefinition:
    """An asset ``name`` that returns what ``make(context)`` gives."""

    @dg.asset(name=name, partitions_def=partitions, metadata=metadata, backfill_policy=ONE_RUN if partitions else None)
    def made(context: dg.AssetExecutionContext):
        return make(context)

    return made


def daily(make: Callable[[Any], Any], name: str = "table", **metadata: Any) -> dg.AssetsDefinition:
    """An asset by day, whose column ``day`` holds its partition."""
    return asset_of(make, DAYS, name, **{"partition_expr": "day", **metadata})


def rows_of(table: Any, *columns: str) -> list[tuple[Any, ...]]:
    """An Arrow table's rows as sorted tuples of the columns."""
    names = columns or tuple(table.schema.names)
    return sorted((tuple(row[name] for name in names) for row in table.to_pylist()), key=repr)
