"""A process that writes: `python -m lakehouse_assets_tests.lake.writing.writers <lake> <key> <value> <rows>`."""

import sys
import time
from pathlib import Path

import dagster as dg

from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets_tests.lake.makers import daily, daily_frame


def main(lake: str, key: str, value: str, rows: str, mode: str = "overwrite") -> None:
    """Writes one partition, once the file ``go`` lies in the lake's folder."""
    metadata = {"write_mode": mode, "merge_keys": ["day", "id"]} if mode == "merge" else {"write_mode": mode}
    table = daily(lambda context: daily_frame([context.partition_key], int(rows), int(value)), **metadata)
    Path(lake, f"ready-{key}-{value}").touch()
    while not Path(lake, "go").exists():
        time.sleep(0.01)
    dg.materialize([table], partition_key=key, resources={"io_manager": DeltaIOManager(lake_uri=lake)})


if __name__ == "__main__":
    main(*sys.argv[1:])
