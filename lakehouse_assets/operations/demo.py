"""`make demo`: a fresh clone to a materialised graph, a scored fleet and a drift report, with a summary at the end."""

import argparse
import os
import resource
import sys
import time
import warnings
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from lakehouse_assets import settings

#: Days that the simulated fleets fly in the demo.
SIMULATED_DAYS = 200
#: Remembers which input filled the embedded lake, so that another input does not get mixed into it.
SOURCE_MARK = settings.DATA / ".demo_source"


def main() -> int:
    """Run the road for all days, then one night, and print the summary."""
    arguments = argparse.ArgumentParser(prog="demo", description=main.__doc__)
    arguments.add_argument("--days", type=int, default=SIMULATED_DAYS, help="days that the simulated fleets fly")
    simulated_days = arguments.parse_args().days
    warnings.filterwarnings("ignore", module=r"dagster|mlflow|great_expectations|evidently|google|pydantic")
    started = time.monotonic()
    settings.switch_telemetry_off()
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home())
    from lakehouse_assets.operations import embedded

    embedded.set_aside_other_input(SOURCE_MARK, str(settings.landing_root() or "simulated plant"), _say)
    embedded.prepare_dagster_home(settings.dagster_home())
    first, last, night = days_to_run(settings.landing_root(), simulated_days)
    _say(f"Input: {settings.landing_root() or 'simulated plant'}, {first} to {last} on the fleets' declared clock")

    import dagster as dg

    from lakehouse_assets.definitions import defs
    from lakehouse_assets.operations.runs import RunFailedError, run_job
    from lakehouse_assets.operations.summary import summary

    with dg.DagsterInstance.get() as instance:
        try:
            _say("\n1. The whole road, all days in one run: files -> zones -> features -> model -> predictions")
            run_job(defs, instance, "turbofan_road", (first, last if night < last else last - timedelta(days=1)))
            _say(f"\n2. One night, {night}: new files, predictions of every engine in service, drift report")
            run_job(defs, instance, "turbofan_nightly", (night, night))
        except RunFailedError as error:
            _say(f"\n{error}")
            return 1
        _say(summary(instance, night))
    seconds, megabytes = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say(f"Took {seconds:.0f} s and {megabytes:,.0f} MB of memory at most.")
    return 0


def days_to_run(landing: Path | None, simulated_days: int) -> tuple[date, date, date]:
    """First day, last day, and the day whose night the demo shows.

    The simulated fleets' night is their last day's. On the declared clock a cohort dies out engine by engine, so the
    night of real files is the last on which enough engines still fly for a drift report.
    """
    from lakehouse_assets.sources.clock import FIRST_DAY

    if landing is None:
        last = FIRST_DAY + timedelta(days=simulated_days - 1)
        return FIRST_DAY, last, last
    from lakehouse_assets.sources.landing import list_landing
    from lakehouse_assets.sources.turbofan_files import read_delivery

    days = [d for file in list_landing(landing / "turbofan") for d in read_delivery(file).rows.get("day", ())]
    if not days:
        raise SystemExit(
            f"{landing / 'turbofan'} holds no readable sensor file. Expected files as NASA publishes them: "
            "train_FD001.txt, test_FD001.txt, RUL_FD001.txt; unset LANDING to let the simulated plant deliver."
        )
    from lakehouse_assets.monitoring.calibration import MIN_ROWS, WINDOW_DAYS

    flown = Counter(days)
    windows = {day: sum(flown[day - timedelta(days=n)] for n in range(WINDOW_DAYS)) for day in flown}
    return min(days), max(days), max((day for day, rows in windows.items() if rows >= MIN_ROWS), default=max(days))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
