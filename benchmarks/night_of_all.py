"""What one night of all three domains and their use cases costs: CPU time and memory of its own process.

Simulated plants deliver, the night's own files within the night. Each domain's road makes the days before it and a
champion; one night is made for what is made once, and the next one is measured: with the process's start, and all that
the models themselves do. `python -m benchmarks.night_of_all`.
"""

import json
import tempfile
from datetime import date, timedelta
from pathlib import Path

from benchmarks.nights import run

#: The last day of each road, and the first: as many days as the domain's demo has, where they are not many more than a
#: champion needs.
LAST = date(2024, 4, 29)
ROADS = {"turbofan": date(2024, 1, 1), "milling": date(2024, 4, 1), "energy": date(2024, 1, 1)}
#: What the platform promises of such a night beyond the models' own work.
ALLOWED = 60


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for domain, first in ROADS.items():
            run(home, f"{domain}_road", first, LAST)
        first, night = (LAST + timedelta(days=n) for n in (1, 2))
        run(home, "nightly", first, first, ())
        cpu, memory = run(home, "nightly", night, night, ())
    measured = {
        "a night of three use cases, CPU-s": round(cpu, 1),
        "allowed beyond the models' own work, CPU-s": ALLOWED,
    }
    print(json.dumps({**measured, "a night of three use cases, MB": round(memory)}))


if __name__ == "__main__":
    main()
