"""The ledger of deliveries: which files came, what each held, and what of them nobody could read."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.delivered import ReadFile, rejects_of
from lakehouse_assets.sources.landing import LandingFile

if TYPE_CHECKING:
    import pyarrow as pa

LEDGER_COLUMNS = ["file", "sha256", "bytes", "modified", "readable_rows", "rejects", "seen_at"]
REJECT_COLUMNS = ["file", "sha256", "line", "day", "reason", "text", "content", "quarantined_at"]


@dataclass(frozen=True)
class Ledger:
    """The ledger and the quarantine of one domain's landing folder.

    Attributes:
        domain: Second part of both tables' keys.
        read: Reads a delivered file.
    """

    domain: str
    read: Callable[[LandingFile], ReadFile]

    @property
    def deliveries_key(self) -> list[str]:
        """The table of deliveries."""
        return ["raw", self.domain, "deliveries"]

    @property
    def quarantine_key(self) -> list[str]:
        """The table of what could not be read."""
        return ["raw", self.domain, "quarantine"]

    def known(self, lake: Lake) -> pd.DataFrame:
        """The ledger so far: one row per delivery, also for one that came back; empty before the first."""
        if not lake.exists(self.deliveries_key):
            return pd.DataFrame(columns=LEDGER_COLUMNS)
        return lake.read_pandas(self.deliveries_key)

    def examine(
        self, listed: Sequence[LandingFile], known: pd.DataFrame, now: datetime
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Read the files whose last delivery in the ledger is of another size or time of change.

        Returns:
            The new deliveries (`LEDGER_COLUMNS`) and the lines and files that cannot be read (`REJECT_COLUMNS`).
        """
        last = known.sort_values("seen_at", kind="stable").drop_duplicates("file", keep="last")
        seen = set(zip(last["file"], last["bytes"], pd.to_datetime(last["modified"], utc=True), strict=True))
        fresh = [f for f in listed if (f.name, f.size, pd.Timestamp(f.modified)) not in seen]
        deliveries = [self.read(file) for file in fresh]
        ledger = [_ledger_row(file, delivery, now) for file, delivery in zip(fresh, deliveries, strict=True)]
        rejects = rejects_of(deliveries).assign(quarantined_at=pd.Timestamp(now))
        return pd.DataFrame(ledger, columns=LEDGER_COLUMNS), rejects

    def open_rejects(
        self, lake: Lake, listed: Sequence[LandingFile], files: pd.DataFrame, rejects: pd.DataFrame
    ) -> pd.DataFrame:
        """The rejects that still matter: those of the delivery that came last under each name that lies in landing.

        Args:
            lake: Where ledger and quarantine lie; both may not hold the new rows yet.
            listed: The landing folder; a file that was taken away is waited for no longer.
            files: New rows of the ledger.
            rejects: New rows of the quarantine.
        """
        ledger = pd.concat([f for f in (self.known(lake), files) if len(f)] or [files])
        last = ledger.sort_values("seen_at", kind="stable").drop_duplicates("file", keep="last")
        held = lake.read_pandas(self.quarantine_key) if lake.exists(self.quarantine_key) else rejects
        both = pd.concat([f for f in (held, rejects) if len(f)] or [rejects])
        both = both.drop_duplicates(["file", "sha256", "line"])
        still = both[both["file"].isin([file.name for file in listed])]
        return still.merge(last[["file", "sha256"]], on=["file", "sha256"]).reset_index(drop=True)


def deliveries_in_force(
    lake: Lake, domain: str, tables: Iterable[Sequence[str]]
) -> dict[str, tuple[int, datetime, str]]:
    """The delivery under each name that raw holds now, or that has no rows: bytes, time of change (UTC), SHA-256.

    The ledger alone does not say so. Every run notes all files of the folder in it, and takes the rows of its own day.
    Nor does a row in raw of this content: of a file that was corrected and put back as it was, raw holds both contents,
    and that which was taken last is in force. A delivery that the ledger does not know has size -1, which no file has.

    Args:
        lake: Where the tables lie.
        domain: Whose ledger it is.
        tables: The domain's raw tables of rows.
    """
    key = ["raw", domain, "deliveries"]
    if not lake.exists(key):
        return {}
    rows = lake.read_pandas(key, columns=["file", "sha256", "bytes", "modified", "seen_at", "readable_rows"])
    rows = rows.sort_values("seen_at", kind="stable")
    noted = {(row.file, row.sha256): (int(row.bytes), _moment(row.modified), row.sha256) for row in rows.itertuples()}
    taken, found = _taken_last(lake, tables), {}
    for row in rows.drop_duplicates("file", keep="last").itertuples():
        if not row.readable_rows:
            found[row.file] = noted[row.file, row.sha256]
        elif row.file in taken:
            sha = taken[row.file][1]
            found[row.file] = noted.get((row.file, sha), (-1, _moment(row.modified), sha))
    return found


def _taken_last(lake: Lake, tables: Iterable[Sequence[str]]) -> dict[str, tuple[datetime, str]]:
    """By file, when raw last took rows of a delivery of it, and its SHA-256."""
    found: dict[str, tuple[datetime, str]] = {}
    for table in tables:
        wanted = ["file", "sha256", "ingested_at"]
        if lake.exists(table) and {*wanted} <= set(lake.schema(table).names):
            rows = lake.read(table, columns=wanted).group_by(["file", "sha256"]).aggregate([("ingested_at", "max")])
            for one in rows.to_pylist():
                latest = (one["ingested_at_max"], one["sha256"])
                found[one["file"]] = max(latest, found.get(one["file"], latest))
    return found


def _moment(at: Any) -> datetime:
    moment: datetime = pd.Timestamp(at).to_pydatetime()
    return moment


def check_metadata(open_rows: pd.DataFrame) -> dict[str, Any]:
    """What the check shows: how many, and the first ten with file, line and reason."""
    lines = [f"- `{r.file}` line {r.line}: {r.reason}" for r in open_rows.head(10).itertuples()]
    import dagster as dg

    return {
        "open_rejects": len(open_rows),
        "files": int(open_rows["file"].nunique()) if len(open_rows) else 0,
        "examples": dg.MetadataValue.md("\n".join(lines) or "none"),
        "what_to_do": "Put the file right and drop it again under the same name; rename or remove one of unknown name.",
    }


def deliveries_table(files: pd.DataFrame) -> "pa.Table":
    """New ledger rows as an Arrow table."""
    import pyarrow as pa

    moment, text, count = pa.timestamp("us", tz="UTC"), pa.string(), pa.int64()
    types = [text, text, count, moment, count, count, moment]
    schema = pa.schema(list(zip(LEDGER_COLUMNS, types, strict=True)))
    return pa.Table.from_pandas(files, schema=schema, preserve_index=False)


def quarantine_table(rejects: pd.DataFrame) -> "pa.Table":
    """New quarantine rows as an Arrow table."""
    import pyarrow as pa

    types = {
        "line": pa.int64(),
        "day": pa.date32(),
        "content": pa.binary(),
        "quarantined_at": pa.timestamp("us", "UTC"),
    }
    schema = pa.schema([pa.field(name, types.get(name, pa.string())) for name in REJECT_COLUMNS])
    return pa.Table.from_pandas(rejects[REJECT_COLUMNS], schema=schema, preserve_index=False)


def _ledger_row(file: LandingFile, delivery: ReadFile, now: datetime) -> tuple[Any, ...]:
    held, unread = len(delivery.row_values), len(delivery.reject_values)
    return file.name, delivery.sha256, file.size, file.modified, held, unread, now
