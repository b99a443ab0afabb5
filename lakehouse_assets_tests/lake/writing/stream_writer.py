"""A process that writes many bytes batch by batch: ``python -m … <lake> reader|duckdb <bytes> [by-day]``.

Prints as JSON what it wrote and how much memory it took at most.
"""

import datetime as dt
import json
import resource
import sys
import time
from collections.abc import Iterator

import dagster as dg
import duckdb
import numpy as np
import pyarrow as pa

from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets_tests.lake.makers import DAYS, asset_of

ROWS = 50_000
DAYS_WRITTEN = 20
FIRST = dt.date(2024, 1, 1)
SCHEMA = pa.schema([("day", pa.date32()), ("engine", pa.string()), *[(f"x{n}", pa.float64()) for n in range(10)]])


def batch(number: int) -> pa.RecordBatch:
    """Rows of all days, so that every batch touches every partition."""
    random = np.random.default_rng(number)
    days = np.datetime64(FIRST) + np.arange(ROWS) % DAYS_WRITTEN
    texts = pa.array(random.integers(0, 500, ROWS)).cast(pa.string())
    return pa.record_batch([pa.array(days), texts, *[pa.array(random.normal(size=ROWS)) for _ in range(10)]], SCHEMA)


def stream(size: int) -> Iterator[pa.RecordBatch]:
    """Batches of together at least ``size`` bytes."""
    made = 0
    while made < size:
        one = batch(made % 97)
        made += one.nbytes
        yield one


def relation(size: int) -> duckdb.DuckDBPyRelation:
    """As many bytes from a lazy query: 10 columns of 8 bytes a row."""
    columns = ", ".join(f"hash(n + {place}) / 1e19 AS x{place}" for place in range(9))
    return duckdb.sql(f"SELECT n, {columns} FROM range({size // 80}) AS rows(n)")


def main(lake: str, kind: str, size: str, layout: str = "whole") -> None:
    def make(_: object) -> object:
        if kind == "duckdb":
            return relation(int(size))
        return pa.RecordBatchReader.from_batches(SCHEMA, stream(int(size)))

    by_day = layout == "by-day"
    table = asset_of(make, DAYS if by_day else None, **({"partition_expr": "day"} if by_day else {}))
    last = FIRST + dt.timedelta(days=DAYS_WRITTEN - 1)
    span = {"dagster/asset_partition_range_start": str(FIRST), "dagster/asset_partition_range_end": str(last)}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    start = time.process_time()
    result = dg.materialize(
        [table], resources={"io_manager": DeltaIOManager(lake_uri=lake)}, tags=span if by_day else None
    )
    events = result.get_asset_materialization_events()
    sys.stdout.write(
        json.dumps(
            {
                "rows": sum(int(event.materialization.metadata["dagster/row_count"].value) for event in events),
                "CPU-s": round(time.process_time() - start, 1),
                "peak, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "before the write, MB": before,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
