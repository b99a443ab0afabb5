"""A job that appends, and that can be told to die as soon as its rows are committed."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from lakehouse_assets.lake.io_manager import DeltaIOManager


class Dying(DeltaIOManager):
    """Does not get beyond its commit: the thread that kills the process may get a core only some time later."""

    def handle_output(self, context: dg.OutputContext, obj: Any) -> Iterator[Any]:
        yield from super().handle_output(context, obj)
        threading.Event().wait()


@dg.asset(metadata={"write_mode": "append"})
def log() -> pa.Table:
    return pa.table({"n": list(range(100))})


def appending_job() -> dg.JobDefinition:
    kind = Dying if os.environ.get("TEST_DIE") else DeltaIOManager
    manager = kind(lake_uri=os.environ["TEST_LAKE"])
    job = dg.define_asset_job("appending", selection=[log], executor_def=dg.in_process_executor)
    return dg.Definitions(assets=[log], jobs=[job], resources={"io_manager": manager}).resolve_job_def("appending")


def _die_at_commit() -> None:
    entry = Path(os.environ["TEST_LAKE"], "log", "_delta_log", f"{0:020d}.json")
    while not entry.exists():
        time.sleep(0.0005)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    if os.environ.get("TEST_DIE"):
        threading.Thread(target=_die_at_commit, daemon=True).start()
    with dg.DagsterInstance.get() as instance:
        dg.execute_job(dg.reconstructable(appending_job), instance)
