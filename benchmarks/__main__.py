"""`make bench`: run every benchmark, each in a process of its own, and write what it measured as JSON."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = (
    "load_definitions",
    "content_version",
    "write_tables",
    "read_day",
    "stream",
    "sql_views",
    "point_in_time",
    "milling_figures",
    "energy_figures",
    "drift_false_alarms",
    "drift_report",
    "energy_replay",
    "gradual_drift",
    "recovery",
    "nights",
    "night_of_all",
)
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    RESULTS.mkdir(exist_ok=True)
    for name in BENCHMARKS:
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], capture_output=True, text=True, check=False)
        if done.returncode:
            print(done.stderr)
            return done.returncode
        measured = json.loads(done.stdout.splitlines()[-1])
        (RESULTS / f"{name}.json").write_text(json.dumps(measured, indent=2) + "\n")
        print(f"\n{name}")
        for what, value in measured.items():
            print(f"  {what:<60}{value:>12}")
    print(f"\nWritten to {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
