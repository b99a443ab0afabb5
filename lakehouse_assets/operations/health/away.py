"""What can be said where not even Dagster's records are reached: that, whose it is, and whether the lake is there."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from lakehouse_assets.operations.alerts.graph import HEALTH
from lakehouse_assets.operations.asset_graph import graph_of
from lakehouse_assets.operations.health.states import RUNBOOKS, State
from lakehouse_assets.operations.unreadable import ReadingNow, in_words

if TYPE_CHECKING:
    from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph

    from lakehouse_assets.lake.table import Lake


def unreached(error: BaseException) -> str | None:
    """In words without secrets, that a database, server, folder or disk cannot be reached; None: it is another error.

    What PostgreSQL says Dagster wraps in an exception of no family. Its own errors (a wrong setting, a fault in code)
    and a statement that a database refuses are other ones.
    """
    from sqlalchemy import exc

    # By its module, since the package is there with real servers only.
    found = (error.__cause__ or error) if type(error).__module__.startswith("dagster_postgres") else error
    refused = isinstance(found, exc.ProgrammingError | exc.IntegrityError | exc.DataError | exc.NotSupportedError)
    if refused or not isinstance(found, OSError | exc.DBAPIError | exc.TimeoutError):
        return None
    return f"{type(found).__name__}: {in_words(found)}"


def as_text_without_records(
    why: str,
    lake: Lake,
    assets: BaseAssetGraph,  # type: ignore[type-arg]
    now: datetime,
) -> str:
    """The text of health where nothing but this is known.

    Args:
        why: What cannot be reached, in words.
        lake: Whose store is looked for.
        assets: Who owns the page of health.
        now: When this is, in UTC.
    """
    reading, graph = ReadingNow(), graph_of(assets)
    reading.reach(lake)
    owner = graph.assets[HEALTH].owner if HEALTH in graph.assets else ""
    return "\n".join(
        [
            f"Health at {now:%Y-%m-%d %H:%M} UTC: not known, since records cannot be reached",
            "",
            f"RECORDS AWAY {HEALTH}: {why}; what runs, ticks and checks say is not known",
            f"{State.AWAY.upper()} {HEALTH}: {reading.away}" if reading.away else f"The lake {lake.uri} is there.",
            f"    owner {owner or 'nobody'}; docs/runbooks/{RUNBOOKS[State.AWAY]}.md",
        ]
    )
