"""What a night costs after a year of nights, against one of the first: CPU time and memory of its own process.

One domain delivers into a landing folder. Its road makes the days before the first night and a champion; the days
between the two measured stretches are made in ranges, as a backfill makes them.
`python -m benchmarks.nights [last night] [nights a stretch]`.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

BEGINS, DAYS_BEFORE = date(2024, 1, 1), 14
DOMAIN = "milling"
EARLY = 10
#: Days that a backfill makes at once.
STRETCH = 60

MEASURED = """
import json, resource, sys
import dagster as dg
from lakehouse_assets.definitions import defs
job, first, last, *left_out = sys.argv[1:]
span = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
day = {"dagster/partition": first, "night": first, "night/part": "whole"} if first == last else span
graph = defs.resolve_asset_graph()
resolved = defs.resolve_job_def(job)
keys = resolved.asset_layer.executable_asset_keys
if job == "nightly":
    keys = [key for key in keys if graph.get(key).tags.get("domain") not in left_out]
else:
    keys = [key for key in keys if first == last or graph.get(key).tags.get("cadence") != "report"]
with dg.DagsterInstance.get() as instance:
    done = resolved.execute_in_process(instance=instance, tags=day, asset_selection=list(keys))
used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
took = sum(one.ru_utime + one.ru_stime for one in used)
print(json.dumps([took, max(one.ru_maxrss for one in used) / 1024, done.success]))
"""


def main() -> None:
    late, several = (int(given) for given in (*sys.argv[1:], *("365", "1")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        deliver(home, late)
        run(home, f"{DOMAIN}_road", BEGINS, night(0))
        run(home, f"{DOMAIN}_nightly", night(1), night(EARLY - several))
        early = [run(home, "nightly", night(n), night(n)) for n in range(EARLY - several + 1, EARLY + 1)]
        first = EARLY + 1
        while first <= late - several:
            last = min(first + STRETCH - 1, late - several)
            run(home, f"{DOMAIN}_nightly", night(first), night(last))
            first = last + 1
        lately = [run(home, "nightly", night(n), night(n)) for n in range(late - several + 1, late + 1)]
    cpu = [statistics.median(one[0] for one in measured) for measured in (early, lately)]
    memory = [statistics.median(one[1] for one in measured) for measured in (early, lately)]
    print(
        json.dumps(
            {
                f"night {EARLY}, CPU-s": round(cpu[0], 1),
                f"night {late}, CPU-s": round(cpu[1], 1),
                "CPU time, ratio": round(cpu[1] / cpu[0], 2),
                f"night {EARLY}, MB": round(memory[0]),
                f"night {late}, MB": round(memory[1]),
                "memory, ratio": round(memory[1] / memory[0], 2),
            }
        )
    )


def night(number: int) -> date:
    """The day that a night is about, counted from 1."""
    return BEGINS + timedelta(days=DAYS_BEFORE + number - 1)


def deliver(home: Path, nights: int) -> None:
    """All files that the machines ever drop."""
    from lakehouse_assets.sources.plant.milling import Shop, write_days

    folder = home / "landing" / DOMAIN
    folder.mkdir(parents=True)
    write_days(Shop(), folder, BEGINS, night(nights))


def run(
    home: Path, job: str, first: date, last: date, left_out: Sequence[str] = ("turbofan", "energy")
) -> tuple[float, float]:
    """One run in a process of its own: CPU seconds and MB. Without files in `landing`, simulated plants deliver."""
    environment = {
        **os.environ,
        "LAKE_URI": str(home / "lake"),
        **(
            {"LANDING": str(home / "landing")}
            if (home / "landing").is_dir()
            else {"PLANT_LANDING": str(home / "plant")}
        ),
        "MLFLOW_TRACKING_URI": f"sqlite:///{home / 'mlflow' / 'mlflow.db'}",
        "REPORTS": str(home / "reports"),
        "DAGSTER_HOME": str(home / "dagster"),
        "PSEUDONYM_KEY_FILE": str(home / "pseudonym.key"),
    }
    (home / "dagster").mkdir(exist_ok=True)
    settings = home / "dagster" / "dagster.yaml"
    if not settings.exists():
        settings.symlink_to(Path(__file__).parents[1] / "dagster.yaml")
    command = [sys.executable, "-c", MEASURED, job, first.isoformat(), last.isoformat(), *left_out]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{job} {first} to {last} failed:\n{done.stderr[-4000:]}")
    took, memory, _ = json.loads(done.stdout.splitlines()[-1])
    sys.stderr.write(f"{job} {first} to {last}: {took:.1f} CPU-s, {memory:.0f} MB\n")
    return float(took), float(memory)


if __name__ == "__main__":
    main()
