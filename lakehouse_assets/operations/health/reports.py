"""The page of health and the runbooks that it links to, below the folder of reports."""

from __future__ import annotations

from html import escape
from pathlib import Path

from lakehouse_assets import settings
from lakehouse_assets.operations.alerts.messages import Places
from lakehouse_assets.operations.health.model import Health
from lakehouse_assets.operations.health.page import as_page

RUNBOOKS = settings.PROJECT_ROOT / "docs" / "runbooks"


def write_reports(health: Health, places: Places, folder: Path) -> Path:
    """Write the page, and the runbooks as pages, so that links to them open without a repository.

    Returns:
        The page's file. It is put in place whole: who reads it never sees half of one.
    """
    page = folder / "health" / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    beside = page.with_suffix(".new")
    beside.write_text(as_page(health, places), encoding="utf-8")
    beside.replace(page)
    for source in sorted(RUNBOOKS.glob("*.md")):
        made = folder / "runbooks" / f"{source.stem}.html"
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(_runbook(source), encoding="utf-8")
    return page


def _runbook(source: Path) -> str:
    """A runbook as a page: its own text, which is written to be read as it is."""
    text = escape(source.read_text(encoding="utf-8"))
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(source.stem)}</title></head>"
        f"<body style='max-width:50em;margin:2em auto;font:15px/1.5 monospace'>"
        f"<pre style='white-space:pre-wrap'>{text}</pre></body></html>"
    )
