"""When a row of a delimited file happened: by a time stamp in it, or by its place on a declared clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from lakehouse_assets.sources.lines import NUMBER_LIMIT, positive_whole_number


@dataclass(frozen=True)
class Stamped:
    """The row says its local date in a column, in a `datetime.strptime` format. Measured by the source."""

    column: str
    format: str

    def day(self, text: str, file_day: date | None) -> date | str:
        """The row's local day, or why it has none."""
        day = _stamp(text, self.format)
        if day is None:
            return f"{self.column} is not a time of the form {self.format}: found {text!r}"
        if file_day is not None and day != file_day:
            return f"{self.column} lies on {day}, and the file's name says {file_day}"
        return day


@dataclass(frozen=True)
class Counted:
    """The n-th product, cycle or record happened at a declared time: nothing may be concluded from it.

    Attributes:
        column: The counter n, a whole number from 1.
        every: Time from one n to the next.
        first: The instant of n = 1 in a file that holds a whole history.
        offset: Time from the local midnight of a daily file's day to its n = 1.
        timezone: Of the source.
    """

    column: str
    every: timedelta
    timezone: ZoneInfo
    first: datetime | None = None
    offset: timedelta = timedelta(0)

    def start(self, file_day: date | None) -> datetime:
        """The instant of n = 1, in UTC."""
        if file_day is None:
            if self.first is None:
                raise ValueError(f"the clock that counts {self.column} declares no first instant for whole histories")
            return self.first.astimezone(UTC)
        return datetime(file_day.year, file_day.month, file_day.day, tzinfo=self.timezone).astimezone(UTC) + self.offset

    def instant(self, count: int, file_day: date | None) -> datetime:
        """The instant of n, in UTC."""
        return self.start(file_day) + (count - 1) * self.every

    def day(self, text: str, file_day: date | None) -> date | str:
        """The row's local day, or why it has none."""
        count = positive_whole_number(text)
        if count is None:
            return f"{self.column} is not a whole number from 1 to {NUMBER_LIMIT}: found {text!r}"
        day = self.instant(count, file_day).astimezone(self.timezone).date()
        if file_day is not None and day != file_day:
            return f"{self.column} {count} lies after the end of {file_day} on the declared clock"
        return day


Clock = Stamped | Counted


# Several files of a domain have the same stamps, and a stamp costs 8 µs.
@lru_cache(maxsize=65_536)
def _stamp(text: str, pattern: str) -> date | None:
    try:
        return datetime.strptime(text, pattern).date()
    except ValueError:
        return None
