"""When the predictions of a day are made: the instant that decides what they may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PredictionTime:
    """From the rows of day d, on d + ``days_after``, at a local time."""

    days_after: int
    at: time
    timezone: str = "UTC"

    def instant(self, day: date) -> datetime:
        """The instant in UTC at which the predictions of a day are made."""
        local = datetime.combine(day + timedelta(days=self.days_after), self.at, ZoneInfo(self.timezone))
        return local.astimezone(UTC)

    def instants(self, days: pd.Series, known_at: pd.Series | None = None) -> pd.Series:
        """The instant for each row: that of its day, or since when the row is known if that is later.

        Args:
            days: n days, as dates or as timestamps; null where it is not known.
            known_at: n instants in UTC, null where nothing is known of it.

        Returns:
            n instants in UTC with the days' index; null for a null day.
        """
        import pandas as pd

        dates = pd.to_datetime(days).dt.date
        nominal = {day: self.instant(day) for day in dates.dropna().unique()}
        made = pd.Series([nominal.get(day) for day in dates], index=days.index).astype("datetime64[us, UTC]")
        if known_at is None:
            return made
        known = pd.Series(known_at.to_numpy(), index=days.index).astype("datetime64[us, UTC]")
        return made.where(made.isna() | known.isna() | (made >= known), known)

    def to_json(self) -> dict[str, Any]:
        """As plain data: what :meth:`from_json` takes."""
        return {"days_after": self.days_after, "at": self.at.isoformat(), "timezone": self.timezone}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> PredictionTime:
        """The rule that :meth:`to_json` gave."""
        return cls(document["days_after"], time.fromisoformat(document["at"]), document["timezone"])
