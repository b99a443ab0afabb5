"""One domain's part of the demo: its road over many days, then a night. `python -m … demo.domain <domain>`."""

import argparse
import sys
import warnings

from lakehouse_assets import settings
from lakehouse_assets.operations.demo.days import DEFS, demo_days


def main() -> int:
    """Run the domain's days and its night."""
    arguments = argparse.ArgumentParser(prog="demo.domain", description=main.__doc__)
    arguments.add_argument("domain")
    arguments.add_argument("--days", type=int, help="days that the simulated source delivers at most")
    asked = arguments.parse_args()
    warnings.filterwarnings("ignore", module=r"dagster|mlflow|great_expectations|evidently|google|pydantic")
    settings.switch_telemetry_off()
    days = demo_days(DEFS, asked.domain, settings.landing_root(), asked.days)
    if days is None:
        sys.stdout.write(f"LANDING={settings.landing_root()} has no folder {asked.domain}: nothing to do.\n")
        return 0
    import dagster as dg

    from lakehouse_assets.definitions import defs
    from lakehouse_assets.operations.runs import RunFailedError, run_job

    with dg.DagsterInstance.get() as instance:
        try:
            sys.stdout.write(f"1. The whole road, {days.first} to {days.last} in one run\n")
            run_job(defs, instance, f"{asked.domain}_road", (days.first, days.last))
            sys.stdout.write(f"2. One night, {days.night}: new files, predictions, outcomes, drift report\n")
            run_job(defs, instance, f"{asked.domain}_nightly", (days.night, days.night))
        except RunFailedError as error:
            sys.stdout.write(f"{error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
