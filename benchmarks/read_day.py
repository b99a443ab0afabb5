"""CPU time of loading one day and two columns out of 20 days, against DuckDB reading just that day's files.

Ours is `Lake.read`, what an input costs in a process that has read the table before: seeing that nobody has committed,
finding the files, and the rows as an Arrow table. The first time the log is opened too, whose cost is told beside.
DuckDB gets the list of files for nothing.
"""

import json
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb

from benchmarks.write_tables import FIRST, made, through_io_manager
from lakehouse_assets.lake.table import Lake

ROUNDS, TIMES = 20, 10
DAY = FIRST + timedelta(days=11)
COLUMNS = ["day", "x3"]


def cpu(function: Callable[[], object]) -> float:
    """CPU-s of one call, the mean of a few; all threads count."""
    start = time.process_time()
    for _ in range(TIMES):
        function()
    return (time.process_time() - start) / TIMES


with tempfile.TemporaryDirectory() as scratch:
    through_io_manager(Path(scratch), made(), partitioned=True)
    lake = Lake(scratch)
    files = [uri for uri in lake.open(["readings_by_day"]).file_uris() if f"day={DAY}" in uri]
    connection = duckdb.connect()

    def ours() -> object:
        return lake.read(["readings_by_day"], columns=COLUMNS, where={"day": DAY})

    def lazily() -> object:
        return lake.read_duckdb(["readings_by_day"], columns=COLUMNS, where={"day": DAY}).to_arrow_table()

    def plain() -> object:
        return connection.sql(
            "SELECT day, x3 FROM read_parquet(?, hive_partitioning = true)", params=[files]
        ).to_arrow_table()

    assert ours().num_rows == lazily().num_rows == plain().num_rows  # type: ignore[attr-defined]

    def opened() -> object:
        return lake.open(["readings_by_day"])

    ways = {"Lake.read": ours, "Lake.read_duckdb": lazily, "DuckDB over the files": plain, "opening the log": opened}
    rounds = [{name: cpu(way) for name, way in ways.items()} for _ in range(ROUNDS)]  # in turns: others share the cores
    best = {name: min(one[name] for one in rounds) for name in ways}

duck = best["DuckDB over the files"]
print(
    json.dumps(
        {f"{name}, CPU-ms": round(1000 * seconds, 1) for name, seconds in best.items()}
        | {
            "Lake.read / DuckDB (target 1.3)": round(best["Lake.read"] / duck, 2),
            "Lake.read and opening the log / DuckDB": round((best["Lake.read"] + best["opening the log"]) / duck, 2),
            "Lake.read_duckdb / DuckDB (target 1.3)": round(best["Lake.read_duckdb"] / duck, 2),
        }
    )
)
