"""The page of health and the runbooks that it and every message link to, below the folder of reports."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from lakehouse_assets import settings
from lakehouse_assets.operations.alerts.messages import Places
from lakehouse_assets.operations.health.model import Health
from lakehouse_assets.operations.health.page import as_page

_STYLE = Path(__file__).with_name("page.css")
RUNBOOKS = settings.PROJECT_ROOT / "docs" / "runbooks"


def write_reports(health: Health, places: Places, folder: Path) -> Path:
    """Write the page, and the runbooks.

    Returns:
        The page's file.
    """
    write_runbooks(folder)
    page = folder / "health" / "index.html"
    _put(page, as_page(health, places))
    return page


def write_runbooks(folder: Path) -> None:
    """Write the runbooks as pages, so that links to them open without a repository, before anything was ever wrong."""
    for source in sorted(RUNBOOKS.glob("*.md")):
        _put(folder / "runbooks" / f"{source.stem}.html", _runbook(source))


def _put(file: Path, text: str) -> None:
    """Put a page in place whole: who reads it never sees half of one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(file)


def _runbook(source: Path) -> str:
    """A runbook as a page, with its links to other runbooks."""
    from markdown_it import MarkdownIt

    text = re.sub(r"\]\((\w+)\.md\)", r"](\1.html)", source.read_text(encoding="utf-8"))
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    style = _STYLE.read_text(encoding="utf-8")
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Runbook: {escape(source.stem)}</title>"
        f"<meta name='viewport' content='width=device-width, initial-scale=1'><style>{style}</style></head>"
        f"<body><main class='runbook'>{body}</main></body></html>"
    )
