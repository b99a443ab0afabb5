"""What is told of drift reports: their rows, the check, and what the asset page shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from lakehouse_assets import settings
from lakehouse_assets.monitoring.verdicts import DRIFT, FAULTS

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.monitoring.reports.drift import DriftReport
    from lakehouse_assets.use_case.plan import Plan

#: What the plot of past reports needs, and how many days it goes back.
PLOTTED = ["day", "model_version", "column_name", "value", "threshold"]
DAYS_PLOTTED = 60


def table_of(made: Sequence[DriftReport]) -> pd.DataFrame:
    """All reports' rows."""
    return pd.concat([report.rows for report in made], ignore_index=True)


def drifting(made: Sequence[DriftReport]) -> bool:
    """Whether any report says drift, or that the data are at fault, which hides it."""
    return any(report.verdict in (DRIFT, *FAULTS) for report in made)


def verdicts(made: Sequence[DriftReport]) -> str:
    """Every verdict once, in words."""
    return ", ".join(sorted({report.verdict for report in made}))


def earlier(plan: Plan, lake: Lake, first: date) -> pd.DataFrame:
    """The reports of the days before, as many as a plot shows; empty before the first."""
    key = plan.declaration.key("monitoring", "drift")
    if not lake.exists(key):
        return pd.DataFrame()
    return lake.read_pandas(key, columns=PLOTTED, where={"day": (first - timedelta(days=DAYS_PLOTTED), first)})


def metadata_of(made: Sequence[DriftReport], before: pd.DataFrame) -> dict[str, Any]:
    """What the asset page shows of the last report, and of how it came to that.

    Args:
        made: The reports.
        before: Rows of the drift table of the days before them.
    """
    import dagster as dg

    from lakehouse_assets.lifecycle.drawing.plots import as_markdown
    from lakehouse_assets.monitoring.reports.plots import course, distances

    last = made[-1]
    picture = as_markdown(distances(last.rows), "distance of each column from the reference")
    days = pd.concat([before, table_of(made)], ignore_index=True)
    found: dict[str, Any] = {
        "verdict": last.verdict,
        "distances": dg.MetadataValue.md(picture),
        "course": dg.MetadataValue.md(as_markdown(course(days), "distance of the farthest columns day by day")),
    }
    if last.faults:
        found["faults"] = dg.MetadataValue.md("\n".join(f"- {name}: {words}" for name, words in last.faults.items()))
    if last.predictions:
        found["predictions"] = last.predictions
    if last.html is not None:
        page = last.html.relative_to(settings.reports_root()).as_posix()
        found["report"] = dg.MetadataValue.url(f"{settings.reports_url()}/{page}")
        found["report_file"] = dg.MetadataValue.path(str(last.html))
    return found
