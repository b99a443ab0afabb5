"""CPU time of a write through the IO manager, content version and events included, against `write_deltalake`."""

import json
import resource
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import numpy as np
import pyarrow as pa
from deltalake import write_deltalake

from lakehouse_assets.lake.io_manager import DeltaIOManager

ROWS, DAYS = 2_000_000, 20
FIRST = date(2024, 1, 1)
PARTITIONS = dg.DailyPartitionsDefinition(start_date=FIRST.isoformat())


def table() -> pa.Table:
    random = np.random.default_rng(1)
    days = np.repeat(np.arange(DAYS), ROWS // DAYS)
    numbers = {f"x{n}": random.normal(size=ROWS) for n in range(9)}
    return pa.table(
        {
            "day": pa.array(np.datetime64(FIRST) + days),
            "engine": pa.array(random.integers(0, 500, ROWS)).cast(pa.string()),
            "cycle": random.integers(0, 400, ROWS),
            **numbers,
        }
    )


GIVEN = table()


@dg.asset(
    partitions_def=PARTITIONS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    metadata={"partition_expr": "day"},
)
def readings() -> pa.Table:
    return GIVEN


def through_io_manager(folder: Path) -> None:
    last = FIRST + timedelta(days=DAYS - 1)
    span = {"dagster/asset_partition_range_start": str(FIRST), "dagster/asset_partition_range_end": str(last)}
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    io_manager = DeltaIOManager(lake_uri=str(folder))
    assert dg.materialize([readings], resources={"io_manager": io_manager}, tags=span, run_config=quiet).success


def cpu(function: object, *arguments: object, **options: object) -> float:
    start = time.process_time()
    function(*arguments, **options)  # type: ignore[operator]
    return time.process_time() - start


with tempfile.TemporaryDirectory() as scratch:
    ours, plain = [], []
    for attempt in range(3):
        ours.append(cpu(through_io_manager, Path(scratch, f"ours{attempt}")))
        plain.append(cpu(write_deltalake, Path(scratch, f"plain{attempt}"), GIVEN, partition_by=["day"]))
print(
    json.dumps(
        {
            "rows": ROWS,
            "daily partitions": DAYS,
            "IO manager, CPU-s (best of 3)": round(min(ours), 2),
            "write_deltalake alone, CPU-s (best of 3)": round(min(plain), 2),
            "ratio": round(min(ours) / min(plain), 2),
            "peak memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
    )
)
