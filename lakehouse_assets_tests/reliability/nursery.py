"""Forks writers as a line on its standard input says, and says their process ids and then how they ended.

It imports everything and calls nothing of the engine, whose threads would not survive a fork.
"""

import json
import os
import sys
import traceback
from typing import Any

import deltalake  # noqa: F401
import pandas  # noqa: F401

from lakehouse_assets.lake.columns.delta_types import delta_schema
from lakehouse_assets.lake.columns.schema import cast_batch
from lakehouse_assets.lake.partitioning.partitions import resolve
from lakehouse_assets.lake.settings import write_settings
from lakehouse_assets.lake.writing import (
    merge,  # noqa: F401
    scd2,  # noqa: F401
    store,  # noqa: F401
)
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lake.writing.rows import rows_of
from lakehouse_assets.lake.writing.write import Target, write_rows
from lakehouse_assets_tests.lake.makers import DAYS, daily_frame

MODES: dict[str, dict[str, Any]] = {
    "overwrite": {"write_mode": "overwrite"},
    "append": {"write_mode": "append"},
    "merge": {"write_mode": "merge", "merge_keys": ["day", "id"]},
    "scd2": {"write_mode": "merge", "merge_type": "scd2", "merge_keys": ["day", "id"]},
}


def write(lake_uri: str, options: dict[str, str] | None, mode: str, key: str, value: int, rows: int) -> None:
    """One day's rows that all hold ``value``; the same step each time, as a re-execution is."""
    given = rows_of(daily_frame([key], rows, value), mode)
    schema = delta_schema(given.schema)
    with given.mapped(schema, lambda batch: cast_batch(batch, schema, mode, lake_uri)) as fitted:
        scope = resolve([key], DAYS, {"": "day"}, schema, mode)
        settings = write_settings({"partition_expr": "day", **MODES[mode]}, {}, mode)
        who = Provenance(mode, partitions=(key,), step=f"step-{key}-{value}")
        write_rows(fitted, Target(f"{lake_uri}/{mode}", options, ["day"], scope), settings, who, {})


def forked(writes: list[dict[str, Any]]) -> int:
    """A process that does one write after the other."""
    pid = os.fork()
    if pid:
        return pid
    try:
        for one in writes:
            write(**one)
        os._exit(0)
    except BaseException:  # noqa: BLE001 - the parent hears of it by the status
        traceback.print_exc()
        os._exit(1)


def say(numbers: list[int]) -> None:
    sys.stdout.write(json.dumps(numbers) + "\n")
    sys.stdout.flush()


def main() -> None:
    for line in sys.stdin:
        pids = [forked(writes) for writes in json.loads(line)]
        say(pids)
        say([os.waitpid(pid, 0)[1] for pid in pids])


if __name__ == "__main__":
    main()
