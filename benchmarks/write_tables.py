"""CPU time of writing 5M x 12 rows through the IO manager, content version and events included, against its rivals.

As one table and as 20 daily partitions, against `pyarrow.parquet` and `write_deltalake`, all compressed with Snappy
(the engine's own choice); then ten days of 250,000 rows, one run a day, against dagster-deltalake. That one needs
pandas<3, so `benchmarks/dagster_deltalake.py` builds it an environment of its own; where it cannot, the line says so.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import write_deltalake

from benchmarks import dagster_deltalake as rivals
from lakehouse_assets.lake.io_manager import DeltaIOManager

ROWS, DAYS, ATTEMPTS = 5_000_000, 20, 3
TEN_DAYS, ROWS_A_DAY = 10, 250_000
FIRST = date(2024, 1, 1)
PARTITIONS = dg.DailyPartitionsDefinition(start_date=FIRST.isoformat())
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def made(rows: int = ROWS, days: int = DAYS) -> pa.Table:
    """The rows: 12 columns, of which 9 are readings."""
    random = np.random.default_rng(1)
    numbers = {f"x{n}": random.normal(size=rows) for n in range(9)}
    return pa.table(
        {
            "day": pa.array(np.datetime64(FIRST) + np.repeat(np.arange(days), rows // days)),
            "engine": pa.array(random.integers(0, 500, rows)).cast(pa.string()),
            "cycle": random.integers(0, 400, rows),
            **numbers,
        }
    )


def through_io_manager(folder: Path, rows: pa.Table, partitioned: bool) -> None:
    """One run of one asset, over all days or without partitions."""

    @dg.asset
    def readings() -> pa.Table:
        return rows

    @dg.asset(
        partitions_def=PARTITIONS, backfill_policy=dg.BackfillPolicy.single_run(), metadata={"partition_expr": "day"}
    )
    def readings_by_day() -> pa.Table:
        return rows

    last = FIRST + timedelta(days=DAYS - 1)
    span = {"dagster/asset_partition_range_start": str(FIRST), "dagster/asset_partition_range_end": str(last)}
    io_manager = DeltaIOManager(lake_uri=str(folder))
    asset, tags = (readings_by_day, span) if partitioned else (readings, {})
    assert dg.materialize([asset], resources={"io_manager": io_manager}, tags=tags, run_config=QUIET).success


def day_by_day(folder: Path) -> float:
    """CPU-s of ten runs of a day each, from pandas, as in `dagster_deltalake.DAY_BY_DAY` for the rival."""
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        rivals.DAY_BY_DAY,
        "ours",
        str(folder),
        str(TEN_DAYS),
        str(ROWS_A_DAY),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def cpu(function: Callable[..., object], *arguments: object, **options: object) -> float:
    """CPU-s of a call, all threads together."""
    start = time.process_time()
    function(*arguments, **options)
    return time.process_time() - start


def main() -> None:
    rows = made()
    measured: dict[str, object] = {"rows": ROWS, "columns": rows.num_columns, "daily partitions": DAYS}
    with tempfile.TemporaryDirectory() as scratch:
        for layout, by in (("one table", None), ("20 days", ["day"])):
            ours, delta, parquet = [], [], []
            for attempt in range(ATTEMPTS):
                place = Path(scratch, f"{attempt}-{layout[:2]}")
                ours.append(cpu(through_io_manager, place / "ours", rows, partitioned=by is not None))
                delta.append(cpu(write_deltalake, place / "delta", rows, partition_by=by))
                parquet.append(
                    cpu(pq.write_to_dataset, rows, place / "parquet", partition_cols=by, compression="snappy")
                )
            measured |= {
                f"{layout}: IO manager, CPU-s": round(min(ours), 2),
                f"{layout}: write_deltalake, CPU-s": round(min(delta), 2),
                f"{layout}: pyarrow.parquet, CPU-s": round(min(parquet), 2),
                f"{layout}: ratio to write_deltalake (target 1.35)": round(min(ours) / min(delta), 2),
                f"{layout}: ratio to pyarrow.parquet": round(min(ours) / min(parquet), 2),
            }
        measured["peak memory, MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        mine = min(day_by_day(Path(scratch, f"ours{attempt}")) for attempt in range(2))
        theirs, why_not = rivals.dagster_deltalake(Path(scratch), TEN_DAYS, ROWS_A_DAY)
        measured["ten daily runs: IO manager, CPU-s"] = round(mine, 2)
        measured["ten daily runs: dagster-deltalake, CPU-s"] = why_not if theirs is None else round(theirs, 2)
        if theirs is not None:
            measured["ten daily runs: ratio (target below 1)"] = round(mine / theirs, 2)
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
