"""A drift report over a million rows of 20 columns and as many outcomes, with its page: CPU seconds, memory, and that
its distances are those of all rows.

`python -m benchmarks.drift_report`; about a quarter of a minute.
"""

import json
import resource
import time
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from lakehouse_assets.monitoring.calibration import normed_wasserstein
from lakehouse_assets.monitoring.reports.compared import Compared
from lakehouse_assets.monitoring.reports.drift import compare_with_outcomes

ROWS, COLUMNS, REFERENCE = 1_000_000, 20, 5000


def main() -> None:
    random = np.random.default_rng(1)
    names = [f"f{number:02}" for number in range(COLUMNS)]
    reference = pd.DataFrame({name: random.standard_normal(REFERENCE) for name in names})
    # Every second column is shifted or stretched a little, skewed ones are among them.
    current = pd.DataFrame({name: random.standard_normal(ROWS) for name in names})
    for number, name in enumerate(names[::2]):
        current[name] = current[name] * (1 + 0.01 * number) + 0.02 * number
    for frame in (reference, current):
        frame[names[-5:]] = np.exp(frame[names[-5:]])
    before, came = (pd.DataFrame({"label": random.standard_normal(rows)}) for rows in (REFERENCE, ROWS))
    features, outcomes = (
        Compared(ours, theirs, pd.DataFrame({"column_name": list(ours.columns), "threshold": 0.1}))
        for ours, theirs in ((reference, current), (before, came))
    )
    with TemporaryDirectory() as folder:
        begun = time.process_time()
        report = compare_with_outcomes(features, outcomes, date(2024, 5, 1), 1, Path(folder) / "page.html")
        seconds = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    told = report.rows.set_index("column_name")
    exact = pd.Series({name: normed_wasserstein(reference[name], current[name]) for name in names})
    same = (told["verdict"][names].eq("drift") == (exact > 0.1)).sum()
    found = {
        f"{ROWS:,} x {COLUMNS} current rows and as many outcomes, imports and page included: CPU-s": round(seconds, 1),
        "peak memory, the data included: GB": round(peak, 2),
        "largest difference from the distance over all rows": f"{(told['value'][names] - exact).abs().max():.5f}",
        "verdicts as over all rows": f"{same} of {COLUMNS}, {int((exact > 0.1).sum())} of them drift",
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
