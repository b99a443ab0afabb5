"""An environment for dagster-deltalake, which needs pandas<3 and so cannot live in ours.

Built once below ``benchmarks/.rivals`` from ``rivals.txt``; delete that folder to build it again.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
HOME = HERE / ".rivals" / "venv"
PINNED = HERE / "rivals.txt"

#: The same asset and frame for either IO manager, `ours` or `theirs`; prints CPU-s of the runs alone.
DAY_BY_DAY = """
import sys, time, datetime as dt
import dagster as dg, numpy as np, pandas as pd
kind, folder, days, rows = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
if kind == "ours":
    from lakehouse_assets.lake.io_manager import DeltaIOManager
    manager = DeltaIOManager(lake_uri=folder)
else:
    from dagster_deltalake import LocalConfig
    from dagster_deltalake_pandas import DeltaLakePandasIOManager
    manager = DeltaLakePandasIOManager(root_uri=folder, storage_options=LocalConfig(), schema="lake")
FIRST = dt.date(2024, 1, 1)
random = np.random.default_rng(1)
FRAME = pd.DataFrame({"engine": random.integers(0, 500, rows).astype(str), "cycle": random.integers(0, 400, rows),
                      **{f"x{n}": random.normal(size=rows) for n in range(9)}})

@dg.asset(partitions_def=dg.DailyPartitionsDefinition(FIRST.isoformat()), metadata={"partition_expr": "day"})
def readings(context: dg.AssetExecutionContext) -> pd.DataFrame:
    # The type that each stores as a date column: dagster-deltalake overwrites the whole table with other ones.
    return FRAME.assign(day=dt.date.fromisoformat(context.partition_key))

quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
start = time.process_time()
for place in range(days):
    key = (FIRST + dt.timedelta(days=place)).isoformat()
    dg.materialize([readings], partition_key=key, resources={"io_manager": manager}, run_config=quiet)
print(time.process_time() - start)
"""


def dagster_deltalake(scratch: Path, days: int, rows: int) -> tuple[float | None, str]:
    """CPU-s of writing some days, a run each (best of two), or why that could not be measured."""
    python = HOME / "bin" / "python"
    if not python.exists():
        problem = _build()
        if problem:
            return None, f"skipped: its environment could not be built ({problem})"
    measured = []
    for attempt in range(2):
        command = [str(python), "-W", "ignore", "-c", DAY_BY_DAY, "theirs", str(scratch / f"theirs{attempt}")]
        done = subprocess.run([*command, str(days), str(rows)], capture_output=True, text=True, check=False)
        if done.returncode:
            return None, f"failed: {done.stderr.strip().splitlines()[-1]}"
        measured.append(float(done.stdout.splitlines()[-1]))
    return min(measured), ""


def _build() -> str:
    uv = str(Path(sys.executable).parent / "uv")
    for command in (
        [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(HOME)],
        [uv, "pip", "install", "--quiet", "--no-deps", "--python", str(HOME / "bin" / "python"), "-r", str(PINNED)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"
    return ""


if __name__ == "__main__":
    print(_build() or f"built {HOME}")
