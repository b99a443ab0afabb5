"""A process that writes a table of the lake, alone or with others: ``python -m …worker '<json>'``.

It imports, touches ``ready-<number>`` in the folder ``gate``, and writes once ``go`` lies there, so that several start
at one moment and one can be killed at a known time after its start.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import dagster as dg

from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets_tests.lake.makers import daily, daily_frame

MODES: dict[str, dict[str, Any]] = {
    "overwrite": {"write_mode": "overwrite"},
    "append": {"write_mode": "append"},
    "merge": {"write_mode": "merge", "merge_keys": ["day", "id"]},
    "scd2": {"write_mode": "merge", "merge_type": "scd2", "merge_keys": ["day", "id"]},
}


def main(
    lake_uri: str, partition: str, value: int, modes: list[str], gate: str, number: int,
    rows: int = 50, options: dict[str, str] | None = None,
) -> None:  # fmt: skip
    """Materialises one day of a table for each mode, named by it: ``rows`` rows that all hold ``value``."""
    import deltalake  # noqa: F401
    import pandas  # noqa: F401

    tables = [
        daily(lambda context: daily_frame([context.partition_key], rows, value), name=mode, **MODES[mode])
        for mode in modes
    ]
    manager = DeltaIOManager(lake_uri=lake_uri, storage_options=options)
    Path(gate, f"ready-{number}").touch()
    while not Path(gate, "go").exists():
        time.sleep(0.002)
    for table in tables:
        dg.materialize([table], partition_key=partition, resources={"io_manager": manager})


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))
