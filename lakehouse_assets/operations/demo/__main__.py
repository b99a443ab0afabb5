"""`make demo`: a fresh clone to a materialised graph with a model of every use case, and a summary at the end."""

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from lakehouse_assets import settings
from lakehouse_assets.operations.demo.days import DEFS, demo_domains, shared_days

#: Remembers which input filled the embedded lake, so that another input does not get mixed into it.
SOURCE_MARK = settings.DATA / ".demo_source"
#: Domains that run at once, each in a process of its own.
AT_ONCE = 2


def main() -> int:
    """Run every domain's road and one night of it, then what all domains share, and print the summary."""
    arguments = argparse.ArgumentParser(prog="demo", description=main.__doc__)
    arguments.add_argument("--days", type=int, help="days that simulated sources deliver at most")
    arguments.add_argument("--domains", nargs="*", help="only these domains")
    asked = arguments.parse_args()
    started = time.monotonic()
    settings.switch_telemetry_off()
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home())
    from lakehouse_assets.operations import embedded

    source = str(settings.landing_root() or "simulated plant")
    embedded.set_aside_other_input(SOURCE_MARK, source, say)
    embedded.prepare_dagster_home(settings.dagster_home())
    embedded.make_event_log()
    say(f"Input: {source}")
    domains = asked.domains or demo_domains(DEFS)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        failed = [
            name for name, code in zip(domains, pool.map(lambda n: _run(n, asked.days), domains), strict=True) if code
        ]
    if failed:
        say(f"\nThe demo of {', '.join(failed)} failed; what went wrong stands above. `make ui` shows the runs' logs.")
        return 1
    return _share_and_tell(domains, asked.days, started)


def _share_and_tell(domains: Sequence[str], asked_days: int | None, started: float) -> int:
    import dagster as dg

    from lakehouse_assets.definitions import defs
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.operations.demo.summary import summary
    from lakehouse_assets.operations.runs import RunFailedError, run_job
    from lakehouse_assets.use_case.component import declared_use_cases

    lake = Lake(settings.lake_uri(), settings.storage_options())
    with dg.DagsterInstance.get() as instance:
        for days in shared_days(domains, asked_days):
            say(f"\nWhat the domains share, {days[0]} to {days[1]}: equipment, the plants' days, SQL views")
            try:
                run_job(defs, instance, "shared_nightly", days)
            except RunFailedError as error:
                say(f"\n{error}")
                return 1
        told = [one for one in declared_use_cases(DEFS) if one.domain in domains]
        say(summary(instance, lake, [one for one in told if lake.exists(one.key("models", "champion"))]))
    seconds = time.monotonic() - started
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    say(f"Took {seconds:.0f} s; the largest process took {most:,.0f} MB of memory at most.")
    return 0


def _run(domain: str, days: int | None) -> int:
    """A domain's part in a process of its own; its lines come with its name before them."""
    command = [sys.executable, "-m", "lakehouse_assets.operations.demo.domain", domain]
    command += ["--days", str(days)] if days else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout or ():
            say(f"[{domain}] {line.rstrip()}")
    return process.returncode


def say(text: str) -> None:
    """A line for the person who waits."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
