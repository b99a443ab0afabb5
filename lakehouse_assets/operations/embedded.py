"""The embedded state below `data/`: the Dagster home, and what an earlier demo on another input left there."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from lakehouse_assets import settings

#: What one demo leaves below `data/`.
STATE = ("lake", "lake.duckdb", "mlflow", "reports", "dagster")
#: Settings that say that somebody keeps the state elsewhere on purpose.
PLACED_ELSEWHERE = ("LAKE_URI", "MLFLOW_TRACKING_URI")


def prepare_dagster_home(home: Path) -> None:
    """Make DAGSTER_HOME and let it use the project's dagster.yaml, unless it has one of its own."""
    home.mkdir(parents=True, exist_ok=True)
    link = home / "dagster.yaml"
    if not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(settings.PROJECT_ROOT / "dagster.yaml")


def make_event_log() -> None:
    """Make Dagster's databases before several processes want them at once, each of which would make them."""
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        instance.get_runs(limit=1)


def set_aside_other_input(mark: Path, source: str, tell: Callable[[str], None]) -> None:
    """Keep inputs apart: move the embedded state of a demo on another input into `data/set_aside/`.

    A lake that holds the simulated fleets beside the real ones would train one model on both. Nothing is deleted, and a
    lake that was placed elsewhere by the environment is left as it is.
    """
    if any(os.environ.get(name) for name in PLACED_ELSEWHERE):
        return
    before = mark.read_text(encoding="utf-8").strip() if mark.exists() else None
    if before is not None and before != source:
        aside = settings.DATA / "set_aside" / f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
        aside.mkdir(parents=True)
        for name in STATE:
            if (settings.DATA / name).exists():
                (settings.DATA / name).rename(aside / name)
        tell(f"The lake held an earlier demo on {before}; it lies in {aside} now, and this demo starts afresh.")
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(source + "\n", encoding="utf-8")
