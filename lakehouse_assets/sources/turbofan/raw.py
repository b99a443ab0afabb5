"""Turbofan files -> raw rows. Which delivery is in force, and which rows raw lacks, is in `raw_rows`."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources import raw_rows
from lakehouse_assets.sources.delivered import rejects_of
from lakehouse_assets.sources.landing import LandingFile, list_landing
from lakehouse_assets.sources.raw_rows import held_deliveries, in_force
from lakehouse_assets.sources.turbofan.files import VALUE_COLUMNS, read_delivery, readings_of
from lakehouse_assets.sources.turbofan.names import Kind, parse_name

__all__ = [
    "delivered_rows",
    "files_for",
    "held_deliveries",
    "in_force",
    "lives_in_force",
    "lives_table",
    "raw_table",
    "rows_to_append",
]

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


def rows_to_append(
    delivered: pd.DataFrame, held: pd.DataFrame, days: tuple[date, date], ingested_at: datetime
) -> pd.DataFrame:
    """The rows of `RAW_COLUMNS` that raw lacks (`raw_rows.rows_to_append`); a marker is no engine's last row.

    A file without a readable row withdraws nothing.
    """
    files = dict(zip(delivered["file"], delivered["sha256"], strict=True))
    new = raw_rows.rows_to_append(delivered, files, held, days, ingested_at, RAW_COLUMNS)
    return new.assign(is_last=new["is_last"].eq(True))


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
