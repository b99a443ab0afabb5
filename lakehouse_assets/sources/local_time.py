"""Local wall-clock stamps of intervals -> UTC, through the days on which a zone's clock jumps."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd


def interval_ends(raw: pd.DataFrame, stamp: str, pattern: str, zone: ZoneInfo) -> pd.Series:
    """When the intervals ended whose end a meter stamped in local time, in UTC.

    Two things that a stamp alone does not say: 00:00 ends the day that it names (24:00 is meant, as meters that stamp
    the end of an interval write it), and a wall-clock time that comes twice in autumn is summer time the first time, in
    the order of the file's lines. A time that the clock skips in spring has no instant: NaT.

    Args:
        raw: ``file``, ``line`` and the column ``stamp``.
        stamp: Name of the column with the text of the stamp.
        pattern: Its `datetime.strptime` format.
        zone: Where the meter's clock runs.
    """
    wall = pd.to_datetime(raw[stamp], format=pattern)
    wall = wall.mask(wall.eq(wall.dt.normalize()), wall + pd.Timedelta(days=1))
    in_order = pd.DataFrame({"file": raw["file"], "wall": wall, "line": raw["line"]}).sort_values("line", kind="stable")
    first = in_order.groupby(["file", "wall"]).cumcount().eq(0).reindex(raw.index)
    local = wall.dt.tz_localize(zone, ambiguous=first.to_numpy(dtype=bool), nonexistent="NaT")
    return local.dt.tz_convert(UTC).astype("datetime64[us, UTC]")


def intervals_in(day: date, zone: ZoneInfo, length: timedelta) -> int:
    """How many intervals a local day has: of quarter hours 96, and 92 or 100 where the clock jumps an hour."""
    return (day_begins(day + timedelta(days=1), zone) - day_begins(day, zone)) // length


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a local day begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
