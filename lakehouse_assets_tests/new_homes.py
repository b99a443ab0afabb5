"""Homes of Dagster instances whose databases are made already: making them is most of what an instance costs a test."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import dagster as dg

#: Where an instance keeps runs, events, and the state of schedules and sensors, below its folder.
DATABASES = ("history", "schedules")


@functools.cache
def _empty_home() -> Path:
    """Made once a process, by Dagster itself."""
    home = Path(tempfile.mkdtemp(prefix="empty_home_"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        instance.get_runs(limit=1)
        instance.all_instigator_state()
        instance.all_asset_keys()
    return home


def with_databases(home: Path) -> Path:
    """The folder, with the empty databases of an instance unless it has some."""
    for name in DATABASES:
        if not (home / name).exists():
            shutil.copytree(_empty_home() / name, home / name)
    return home
