"""The ledger of deliveries: which files came, what each held, and what of them nobody could read."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.landing import LandingFile, list_landing, read_bytes
from lakehouse_assets.sources.maintenance_files import MaintenanceDelivery, Redaction, read_maintenance
from lakehouse_assets.sources.names import parse_maintenance_name, parse_name
from lakehouse_assets.sources.turbofan_files import Delivery, read_content, read_delivery, rejects_of

if TYPE_CHECKING:
    import pyarrow as pa

DELIVERIES = ["raw", "turbofan", "deliveries"]
QUARANTINE = ["raw", "turbofan", "quarantine"]
LEDGER_COLUMNS = ["file", "sha256", "bytes", "modified", "readable_rows", "rejects", "seen_at"]
REJECT_COLUMNS = ["file", "sha256", "line", "day", "reason", "text", "content", "quarantined_at"]


def known_deliveries(lake: Lake) -> pd.DataFrame:
    """The ledger so far: one row per delivery, also for one that came back; empty before the first."""
    if not lake.exists(DELIVERIES):
        return pd.DataFrame(columns=LEDGER_COLUMNS)
    return lake.read_pandas(DELIVERIES)


def examine(
    folder: Path, known: pd.DataFrame, now: datetime, redact: Redaction = bytes
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the files whose last delivery in the ledger is of another size or time of change.

    Args:
        folder: The landing folder.
        known: The ledger so far.
        now: UTC time of this look.
        redact: Takes erased persons out of what is kept of a file; without it the bytes stay as they are.

    Returns:
        The new deliveries (`LEDGER_COLUMNS`) and the lines and files that cannot be read (`REJECT_COLUMNS`).
    """
    last = known.sort_values("seen_at", kind="stable").drop_duplicates("file", keep="last")
    seen = set(zip(last["file"], last["bytes"], pd.to_datetime(last["modified"], utc=True), strict=True))
    fresh = [f for f in list_landing(folder) if (f.name, f.size, pd.Timestamp(f.modified)) not in seen]
    deliveries = [_read(file, redact) for file in fresh]
    ledger = [_ledger_row(file, delivery, now) for file, delivery in zip(fresh, deliveries, strict=True)]
    rejects = rejects_of(deliveries).assign(quarantined_at=pd.Timestamp(now))
    return pd.DataFrame(ledger, columns=LEDGER_COLUMNS), rejects


def open_rejects(lake: Lake, folder: Path, files: pd.DataFrame, rejects: pd.DataFrame) -> pd.DataFrame:
    """The rejects that still matter: those of the delivery that came last under each name that lies in landing.

    Args:
        lake: Where ledger and quarantine lie; both may not hold the new rows yet.
        folder: The landing folder; a file that was taken away is waited for no longer.
        files: New rows of the ledger.
        rejects: New rows of the quarantine.
    """
    ledger = pd.concat([f for f in (known_deliveries(lake), files) if len(f)] or [files])
    last = ledger.sort_values("seen_at", kind="stable").drop_duplicates("file", keep="last")
    held = lake.read_pandas(QUARANTINE) if lake.exists(QUARANTINE) else rejects
    both = pd.concat([f for f in (held, rejects) if len(f)] or [rejects])
    both = both.drop_duplicates(["file", "sha256", "line"])
    still = both[both["file"].isin([file.name for file in list_landing(folder)])]
    return still.merge(last[["file", "sha256"]], on=["file", "sha256"]).reset_index(drop=True)


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


def _read(file: LandingFile, redact: Redaction) -> Delivery | MaintenanceDelivery:
    """A file as what its name says it is. Sensor files hold numbers only, and need no redaction."""
    if parse_maintenance_name(file.name) is not None:
        return read_maintenance(file, redact)
    if parse_name(file.name) is None:
        return read_content(file.name, redact(read_bytes(file.path)))
    return read_delivery(file)


def _ledger_row(file: LandingFile, delivery: Delivery | MaintenanceDelivery, now: datetime) -> tuple[Any, ...]:
    held, unread = len(delivery.row_values), len(delivery.reject_values)
    return file.name, delivery.sha256, file.size, file.modified, held, unread, now
