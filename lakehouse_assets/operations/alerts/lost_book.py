"""While the table of incidents cannot be read: that is told, remembered in the sensor's cursor, and nothing else is.

Without the table nobody knows what was told, and everything would be told again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.scheduler.instigation import SensorInstigatorData

from lakehouse_assets.lake.errors import LakeError, MissingTableError
from lakehouse_assets.lake.passing import may_pass
from lakehouse_assets.operations.alerts.book import INCIDENTS, Book, book, note
from lakehouse_assets.operations.alerts.channels import NotToldError
from lakehouse_assets.operations.alerts.cursor import Cursor
from lakehouse_assets.operations.alerts.facts import Kind
from lakehouse_assets.operations.alerts.incidents import Incident
from lakehouse_assets.operations.alerts.messages import Message, Places, message
from lakehouse_assets.operations.alerts.patience import Patience
from lakehouse_assets.operations.alerts.telling import BEGAN, Telling
from lakehouse_assets.operations.ticks import ALERTS, Ticking
from lakehouse_assets.operations.unreadable import in_words

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.operations.alerts.graph import Graph

SUBJECT = "/".join(INCIDENTS)


def opened(lake: Lake, cursor: Cursor, own: Ticking | None, now: datetime) -> Book | None:
    """What the table holds; None where it cannot be read, which ``cursor`` then says.

    Once it can be read again it holds that people were told so, and the look that follows tells that it is over.

    Args:
        lake: Where it lies.
        cursor: What is remembered; it is moved on.
        own: How the ticks of the sensor of alerts did so far.
        now: When this is, in UTC.

    Raises:
        LakeError: the store does not answer, and ticks did not fail of it for long.
    """
    at = lake.table_uri(INCIDENTS)
    try:
        there, known = _seen_book(lake, {cursor.book_at})
    except LakeError as error:
        long = own is not None and own.fails(now)
        if may_pass(error) and not long and not cursor.lost_since:
            raise
        begun = own.failing_since if own is not None and own.failing_since and long else now
        cursor.lost_since, cursor.lost_why = cursor.lost_since or begun.isoformat(), cursor.lost_why or in_words(error)
        return None
    cursor.book_at = at if there else ""
    if cursor.lost_since:
        note(lake, [Telling(lost(cursor), BEGAN, channel) for channel in cursor.lost_told])
        cursor.lost_since, cursor.lost_why, cursor.lost_told = "", "", []
        return book(lake)
    return known


def lost(cursor: Cursor) -> Incident:
    """The incident that nobody can read the table; named as one that a look would have found."""
    since = datetime.fromisoformat(cursor.lost_since)
    name = "/".join([Kind.UNREADABLE, SUBJECT, since.isoformat()])
    untold = "nobody is told of anything else until it can be read again"
    return Incident(name, Kind.UNREADABLE, SUBJECT, since, f"{cursor.lost_why}; {untold}", (SUBJECT,))


def tell_of_it(
    cursor: Cursor,
    graph: Graph,
    places: Places,
    channels: Mapping[str, Callable[[Message], None]],
    clock: Callable[[], float] = monotonic,
) -> list[str]:
    """Tell each channel that was not told yet; ``cursor`` is moved on.

    Returns:
        What could not be told, in words; it stays to be told.
    """
    patience, said, failed = Patience(clock), message(lost(cursor), graph, places), list[str]()
    for channel in sorted(channels.keys() - {*cursor.lost_told}):
        if not patience.asks(channel):
            continue
        try:
            channels[channel](said)
        except NotToldError as error:
            failed.append(str(error))
            patience.took_nothing(channel)
        else:
            cursor.lost_told.append(channel)
    return failed


def untold_since(instance: dg.DagsterInstance, failing: Iterable[Ticking]) -> datetime | None:
    """Since when the sensor cannot read the table, by its cursor, or by its ticks that fail of the store."""
    for cursor in _cursors(instance):
        if cursor.lost_since:
            return datetime.fromisoformat(cursor.lost_since)
    return next((one.failing_since for one in failing if one.name == ALERTS and "StorageError" in one.why), None)


def book_of(instance: dg.DagsterInstance, lake: Lake) -> Book:
    """What the table holds, for others than the sensor.

    Raises:
        LakeError: it cannot be read, or the sensor has seen one where there is none any more.
    """
    _, known = _seen_book(lake, {cursor.book_at for cursor in _cursors(instance)})
    return known


def _seen_book(lake: Lake, seen_at: Collection[str]) -> tuple[bool, Book]:
    """Whether there is a table, and what it holds."""
    # In this order: a table that goes away between the two is missed, not taken for an empty one.
    at, known, there = lake.table_uri(INCIDENTS), book(lake), lake.exists(INCIDENTS)
    if at in seen_at and not there:
        raise MissingTableError(f"There is no table at {at} any more.")
    return there, known


def _cursors(instance: dg.DagsterInstance) -> list[Cursor]:
    """What the sensor remembers, also under another address of its code location."""
    states = [one for one in instance.all_instigator_state() if one.instigator_name == ALERTS]
    told = [one.instigator_data.cursor for one in states if isinstance(one.instigator_data, SensorInstigatorData)]
    return [Cursor.read(cursor, datetime.now(UTC)) for cursor in told if cursor]
