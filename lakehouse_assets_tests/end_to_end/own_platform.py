"""The platform in a folder of its own, used from a test as from a command line: jobs over days, and its instance."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from unittest import mock

import dagster as dg

from lakehouse_assets import definitions
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.embedded import prepare_dagster_home
from lakehouse_assets_tests.conftest import Road, state_in
from lakehouse_assets_tests.new_homes import with_databases


@contextmanager
def platform_in(environment: dict[str, str]) -> Iterator[tuple[dg.Definitions, dg.DagsterInstance]]:
    """The code location and its instance, as a process with this environment has them.

    In this process: a process of its own would spend half a minute on importing mlflow, evidently and the like again.
    """
    with mock.patch.dict(os.environ, environment, clear=True):
        prepare_dagster_home(Path(environment["DAGSTER_HOME"]))
        with_databases(Path(environment["DAGSTER_HOME"]))
        with dg.DagsterInstance.get() as instance:
            yield definitions.load(), instance


def run_days(
    environment: dict[str, str],
    job: str,
    first: str,
    last: str,
    only: Sequence[dg.AssetKey] | None = None,
    *,
    raise_on_error: bool = True,
) -> dg.ExecuteInProcessResult:
    """Run a job for the days first to last, both included; of its assets those in `only`, if given.

    What a step raises is raised here, unless somebody says otherwise.
    """
    span = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
    with platform_in(environment) as (defs, instance):
        resolved = defs.resolve_job_def(job)
        return resolved.execute_in_process(
            instance=instance, tags=span, asset_selection=only, raise_on_error=raise_on_error
        )


def copy_of(road: Road, folder: Path) -> dict[str, str]:
    """The environment of a copy of the road's state, which a test may change.

    Its MLflow still names the road's folder as the place of artifacts: the champion is read from there.
    """
    shutil.copytree(road.home, folder, symlinks=True)
    return state_in(folder)


def delta_tables(lake: Lake, *zones: str) -> list[list[str]]:
    """The keys of all Delta tables in these zones."""
    logs = [log for zone in zones for log in (Path(lake.uri) / zone).rglob("_delta_log")]
    return sorted(list(log.parent.relative_to(lake.uri).parts) for log in logs)


def days_between(first: str, last: str) -> int:
    """The number of days from first to last, both included."""
    return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
