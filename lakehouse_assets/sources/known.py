"""Since when a row is known: what a model that predicts at some past time may have seen of it.

A history that is loaded years later was ingested *now*; by that, nothing of it was known when it happened, and no model
could be trained on it. So each source declares how long after the day of a row its file arrives, and a row of a
back-filled history counts as known from then on. That is declared, not measured, and it holds for the first delivery
only. Whatever came later, a correction or a row of a source that is connected by now, is known since it truly came.
A row that somebody repaired is known since then.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Availability:
    """When the rows of a local day are there.

    Attributes:
        timezone: Of the source: its days begin and end there.
        days_after: Days from the row's own day to the one on which it is declared to arrive.
        at: Local time of that arrival.
        connected_on: The first day whose rows come in as they happen, so that their true ingestion time counts. None:
            the source is not connected; all that it delivers is a history loaded later.
    """

    timezone: ZoneInfo
    days_after: int
    at: time
    connected_on: date | None = None

    def __post_init__(self) -> None:
        """Refuse rows that are known before their day has ended."""
        if self.days_after < 1:
            raise ValueError(
                f"a day's rows are whole when the day has ended: expected days_after of 1 or more, found "
                f"{self.days_after}"
            )

    def declared(self, day: date) -> datetime:
        """When the rows of a day are declared to arrive, in UTC."""
        local = datetime.combine(day + timedelta(days=self.days_after), self.at, self.timezone)
        return local.astimezone(UTC)


def known_at(rows: "pd.DataFrame", availability: Availability) -> "pd.Series":
    """Since when each row is known, in UTC.

    Args:
        rows: ``day`` (the row's local day), ``held_since`` (UTC: when a row with these very values first came) and
            ``is_first_delivery`` (whether it came with the first delivery of its file for that day); see
            `raw_rows.in_force_since`. Where rows were repaired, ``repaired_at`` too.
        availability: What the source declares.

    Returns:
        The declared arrival for a row of a back-filled history in its first delivery; else ``held_since``. Never before
        the row was repaired: until then its values were nobody's.
    """
    # Here, since the definitions load declarations and may not import pandas.
    import pandas as pd

    days = pd.to_datetime(rows["day"]).dt.date
    backfilled = rows["is_first_delivery"].astype(bool)
    if availability.connected_on is not None:
        backfilled &= days.lt(availability.connected_on) if len(rows) else backfilled
    declared = {day: pd.Timestamp(availability.declared(day)) for day in days.unique()}
    arrivals = pd.Series([declared[day] for day in days], index=rows.index, dtype="datetime64[us, UTC]")
    known = arrivals.where(backfilled, rows["held_since"].astype("datetime64[us, UTC]"))
    return known.mask(rows["repaired_at"] > known, rows["repaired_at"]) if "repaired_at" in rows else known
