"""Processes that write, forked from one that has everything imported: a writer costs no interpreter of its own.

The process that they are forked from imports and calls nothing of the engine, whose threads would not survive a fork.
"""

import multiprocessing
import time
from pathlib import Path

import dagster as dg

from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets.lake.writing import merge, store  # noqa: F401
from lakehouse_assets_tests.lake.makers import daily, daily_frame

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


def write(lake: str, key: str, value: int, rows: int, mode: str) -> None:
    """Writes one partition, once the file ``go`` lies in the lake's folder."""
    metadata = {"write_mode": mode, "merge_keys": ["day", "id"]} if mode == "merge" else {"write_mode": mode}
    table = daily(lambda context: daily_frame([context.partition_key], rows, value), **metadata)
    Path(lake, f"ready-{key}-{value}").touch()
    while not Path(lake, "go").exists():
        time.sleep(0.01)
    dg.materialize([table], partition_key=key, resources={"io_manager": DeltaIOManager(lake_uri=lake)})
