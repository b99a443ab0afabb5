"""Turbofan files -> raw rows: which delivery of a file is in force, and which rows raw does not hold yet.

Raw is append-only. A file that is corrected and dropped again is a new *delivery* of the same name: its rows are
appended, and from then on it is the one in force. Where an earlier delivery had rows on a day on which the new one has
none, a marker row (line 0, no values) says so; without it the withdrawn rows would stay in force for ever.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.landing import LandingFile, list_landing
from lakehouse_assets.sources.names import Kind, parse_name
from lakehouse_assets.sources.turbofan_files import VALUE_COLUMNS, read_delivery, readings_of, rejects_of

if TYPE_CHECKING:
    import pyarrow as pa

#: Columns of a raw table of sensor rows: the values as delivered, and where and when each row came in.
RAW_COLUMNS = ["engine_id", "fleet", "kind", "day", *VALUE_COLUMNS, "is_last", "file", "sha256", "line", "ingested_at"]
LIVES_COLUMNS = ["engine_id", "fleet", "unit", "remaining_cycles", "file", "sha256", "line", "ingested_at"]


def files_for(folder: Path, kind: Kind, days: tuple[date, date] | None) -> list[LandingFile]:
    """The files of a kind that can hold rows of the days (both included): cohort files, and those of these days."""
    chosen = []
    for file in list_landing(folder):
        name = parse_name(file.name)
        if name is None or name.kind != kind:
            continue
        if days is None or name.day is None or days[0] <= name.day <= days[1]:
            chosen.append(file)
    return chosen


def held_deliveries(lake: Lake, key: Sequence[str], first: date, last: date) -> pd.DataFrame:
    """Which delivery of which file raw holds on each of the days: file, day, sha256, ingested_at, one row each."""
    columns = ["file", "day", "sha256", "ingested_at"]
    if not lake.exists(key):
        return pd.DataFrame(columns=columns)
    held = lake.read_pandas(key, columns=columns, where={"day": (first, last + timedelta(days=1))}).drop_duplicates()
    return held.assign(day=pd.to_datetime(held["day"]).dt.date)


def delivered_rows(files: Iterable[LandingFile]) -> pd.DataFrame:
    """All readable rows of sensor files, each with `is_last`: whether it is the last of its engine in its file.

    Where lines that could not be read follow an engine's last readable row, that row is not its last: a torn file must
    not invent a failure.
    """
    deliveries = [read_delivery(file) for file in files]
    rows = readings_of(deliveries)
    if rows.empty:
        return rows.assign(is_last=pd.Series(dtype="bool"))
    cycle = rows["cycle"].astype("int64")
    last = cycle.eq(cycle.groupby([rows["file"], rows["engine_id"]]).transform("max"))
    last &= ~rows.assign(cycle=cycle)[last].duplicated(["file", "engine_id"]).reindex(rows.index, fill_value=False)
    return rows.assign(is_last=last & ~_cut_short(rows, rejects_of(deliveries)))


def _cut_short(rows: pd.DataFrame, rejects: pd.DataFrame) -> pd.Series:
    """Whether a row's engine goes on, in its file, in lines that nobody could read.

    An unreadable line is about the unit that it names. Where it names none, it is about the engine of the readable row
    before it, unless that engine's rows go on after it; but in a daily file, of one row an engine, about none of these.
    """
    lines = rejects[rejects["line"].gt(0)][["file", "line", "text"]].astype({"line": "int64"}).sort_values("line")
    if lines.empty:
        return pd.Series(False, index=rows.index)
    named = lines["text"].astype(str).str.extract(r"^\s*0*(\d+)\s", expand=False)
    known = rows.assign(named=rows["unit"].astype(str).str.lstrip("0"))[["file", "line", "engine_id", "named"]]
    ends = known.groupby(["file", "engine_id", "named"], as_index=False)["line"].max()
    own = lines.assign(named=named)[named.notna()].merge(ends, on=["file", "named"], suffixes=("", "_last"))
    own = own[own["line"] > own["line_last"]]
    nameless = lines[named.isna() & lines["file"].map(_is_cohort)]
    known = known.sort_values("line")
    before = pd.merge_asof(nameless, known, on="line", by="file")
    after = pd.merge_asof(nameless, known, on="line", by="file", direction="forward")
    cut = pd.concat([own, before[before["engine_id"].notna() & before["engine_id"].ne(after["engine_id"])]])
    return pd.Series(
        pd.MultiIndex.from_frame(rows[["file", "engine_id"]]).isin(
            pd.MultiIndex.from_frame(cut[["file", "engine_id"]])
        ),
        index=rows.index,
    )


def _is_cohort(file: str) -> bool:
    name = parse_name(file)
    return name is not None and name.is_cohort


def in_force(raw: pd.DataFrame) -> pd.DataFrame:
    """The rows of the latest delivery of each file and day, markers left out."""
    if raw.empty:
        return raw
    newest = raw.groupby(["file", "day"])["ingested_at"].transform("max")
    return raw[raw["ingested_at"].eq(newest) & raw["line"].gt(0)]


def rows_to_append(
    delivered: pd.DataFrame, held: pd.DataFrame, days: tuple[date, date], ingested_at: datetime
) -> pd.DataFrame:
    """The rows that raw lacks: those of deliveries that are not in force yet on a day, and markers for withdrawn days.

    Args:
        delivered: Rows of the files in the landing folder now (`delivered_rows`).
        held: What raw holds of these days; at least file, sha256, day, ingested_at.
        days: First and last day of the run; rows of other days are left for their own runs.
        ingested_at: UTC time of this ingestion, the same for all rows of a run.

    Returns:
        Frame of `RAW_COLUMNS`; empty where everything is held already.
    """
    wanted = delivered[delivered["day"].between(*days)]
    current = _delivery_in_force(held)
    known = pd.MultiIndex.from_frame(wanted[["file", "day", "sha256"]]).isin(
        pd.MultiIndex.from_frame(current[["file", "day", "sha256"]])
    )
    new = pd.concat([wanted[~known], _withdrawn(delivered, wanted, current)], ignore_index=True)
    return new.assign(ingested_at=pd.Timestamp(ingested_at))[RAW_COLUMNS]


def _delivery_in_force(held: pd.DataFrame) -> pd.DataFrame:
    """Per file and day the delivery that was ingested last."""
    newest_last = held.sort_values("ingested_at", kind="stable")
    return newest_last.drop_duplicates(["file", "day"], keep="last")


def _withdrawn(delivered: pd.DataFrame, wanted: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    """A marker row for each file and day that an earlier delivery had and the one in the landing folder has not."""
    sha_of = delivered.drop_duplicates("file").set_index("file")["sha256"]
    gone = current[current["file"].isin(sha_of.index)]
    has_rows = pd.MultiIndex.from_frame(gone[["file", "day"]]).isin(pd.MultiIndex.from_frame(wanted[["file", "day"]]))
    gone = gone[~has_rows & gone["sha256"].ne(gone["file"].map(sha_of))]
    markers = pd.DataFrame({"file": gone["file"], "day": gone["day"], "sha256": gone["file"].map(sha_of)})
    return markers.assign(line=0, is_last=False).reindex(columns=[c for c in RAW_COLUMNS if c != "ingested_at"])


def raw_table(rows: pd.DataFrame) -> "pa.Table":
    """Raw sensor rows as an Arrow table of the raw zone's schema: every value is text, as delivered."""
    import pyarrow as pa

    types = {"day": pa.date32(), "is_last": pa.bool_(), "line": pa.int64(), "ingested_at": pa.timestamp("us", tz="UTC")}
    schema = pa.schema([pa.field(name, types.get(name, pa.string())) for name in RAW_COLUMNS])
    return pa.Table.from_pandas(rows, schema=schema, preserve_index=False)


def lives_in_force(lake: Lake, key: Sequence[str]) -> dict[str, str]:
    """File -> sha256 of the delivery of each RUL file that raw took last."""
    if not lake.exists(key):
        return {}
    held = lake.read_pandas(key, columns=["file", "sha256", "ingested_at"]).sort_values("ingested_at", kind="stable")
    return dict(zip(held["file"], held["sha256"], strict=True))


def lives_table(files: Iterable[LandingFile], in_force: Mapping[str, str], ingested_at: datetime) -> "pa.Table":
    """Rows of the RUL files whose delivery is not in force yet, one per test engine; values as delivered."""
    import pyarrow as pa

    deliveries = [read_delivery(file) for file in files]
    frames = [delivery.rows for delivery in deliveries if in_force.get(delivery.name) != delivery.sha256]
    rows = pd.concat([f for f in frames if len(f)], ignore_index=True) if any(len(f) for f in frames) else None
    schema = pa.schema(
        [
            pa.field(name, {"line": pa.int64(), "ingested_at": pa.timestamp("us", tz="UTC")}.get(name, pa.string()))
            for name in LIVES_COLUMNS
        ]
    )
    if rows is None:
        return schema.empty_table()
    frame = rows.assign(ingested_at=pd.Timestamp(ingested_at), unit=rows["unit"].astype(str))
    return pa.Table.from_pandas(frame.reindex(columns=LIVES_COLUMNS), schema=schema, preserve_index=False)
