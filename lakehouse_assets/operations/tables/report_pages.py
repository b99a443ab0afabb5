"""The HTML pages of reports, kept for as long as the contract of their table says (`retention`); the rows stay.

A page lies at ``<REPORTS>/<use case>/<table>/<day>.html``. Its age is counted in the days that reports are about, back
from the newest one: a use case that stands still, or whose calendar is a simulated plant's, loses nothing by the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import dagster as dg

from lakehouse_assets.contracts.schema import RETENTION_DAYS

#: What a report's materialisation calls its page.
PAGE = "report_file"


@dataclass(frozen=True)
class OldPages:
    """Pages that may go, and how much they hold."""

    pages: tuple[Path, ...]
    bytes: int


def old_pages(folder: Path, kept_days: int, shown: Path | None) -> OldPages:
    """The pages in a folder that are older than the newest by more than so many days.

    Args:
        folder: One page a day, each named by its day; what is named otherwise is no page.
        kept_days: How many days before the newest stay, beside the newest itself.
        shown: The page that the asset's latest materialisation links to. It stays, however old: people see it first.
    """
    days = {day: page for page in folder.glob("*.html") if (day := _day(page)) is not None}
    first = max(days, default=date.max) - timedelta(days=kept_days)
    found = tuple(page for day, page in sorted(days.items()) if day < first and page != shown)
    return OldPages(found, sum(page.stat().st_size for page in found))


def remove_old_pages(
    specs: Iterable[dg.AssetSpec],
    instance: dg.DagsterInstance,
    folder: Path,
    dry_run: bool,
    tell: Callable[[str], None],
) -> OldPages:
    """Remove the old pages of all tables whose contract says how long they are kept; of a dry run only tell.

    Returns:
        All that were removed, or would be.
    """
    found: list[Path] = []
    size = 0
    for spec in specs:
        kept_days = spec.metadata.get(RETENTION_DAYS)
        if kept_days is None:
            continue
        days = int(getattr(kept_days, "value", kept_days))
        old = old_pages(folder.joinpath(*spec.key.path[1:]), days, shown_page(instance, spec.key))
        if old.pages:
            done = "would be removed" if dry_run else "removed"
            tell(f"{'/'.join(spec.key.path)}: {len(old.pages)} pages {done}, the last {days} days stay")
        for page in () if dry_run else old.pages:
            page.unlink()
        found += old.pages
        size += old.bytes
    return OldPages(tuple(found), size)


def shown_page(instance: dg.DagsterInstance, key: dg.AssetKey) -> Path | None:
    """The page that the asset's page shows first: that of its latest materialisation."""
    event = instance.get_latest_materialization_event(key)
    made = event.asset_materialization if event is not None else None
    value = made.metadata[PAGE].value if made is not None and PAGE in made.metadata else None
    return None if value is None else Path(str(value))


def _day(page: Path) -> date | None:
    try:
        return date.fromisoformat(page.stem)
    except ValueError:
        return None
