"""Files of maintenance records -> raw rows, append-only: which delivery is in force, and which rows raw lacks.

The rules are those of the sensor files (`raw`): a corrected file is a new delivery of the same name, and the
latest is in force. A file is of one day, so a delivery that holds no record any more leaves one marker row (line 0).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets.lake.table import Lake
from lakehouse_assets.sources.turbofan.maintenance_files import ROW_COLUMNS, MaintenanceDelivery, records_of

if TYPE_CHECKING:
    import pyarrow as pa

RECORDS = ["raw", "turbofan", "maintenance_records"]
RAW_COLUMNS = [*ROW_COLUMNS, "ingested_at"]


def held_deliveries(lake: Lake) -> dict[str, str]:
    """File -> sha256 of the delivery that is in force in raw."""
    if not lake.exists(RECORDS):
        return {}
    held = lake.read_pandas(RECORDS, columns=["file", "sha256", "ingested_at"])
    held = held.sort_values("ingested_at", kind="stable")
    return dict(zip(held["file"], held["sha256"], strict=True))


def rows_to_append(
    deliveries: Iterable[MaintenanceDelivery], held: dict[str, str], ingested_at: datetime
) -> pd.DataFrame:
    """The rows of the deliveries that are not in force yet.

    Args:
        deliveries: The files in the landing folder now.
        held: What `held_deliveries` gives.
        ingested_at: UTC time of this ingestion, the same for all rows of a run.

    Returns:
        Frame of `RAW_COLUMNS`. A file of which nothing is readable withdraws nothing.
    """
    new = [one for one in deliveries if held.get(one.name) != one.sha256]
    emptied = [one for one in new if not one.row_values and not one.reject_values and one.name in held]
    markers = pd.DataFrame(
        {
            "fleet": [one.file.fleet for one in emptied],
            "day": [one.file.day for one in emptied],
            "file": [one.name for one in emptied],
            "sha256": [one.sha256 for one in emptied],
            "line": 0,
        }
    )
    frames = [frame for frame in (records_of(new), markers.reindex(columns=list(ROW_COLUMNS))) if len(frame)]
    rows = pd.concat(frames, ignore_index=True) if frames else records_of([])
    return rows.assign(ingested_at=pd.Timestamp(ingested_at))[RAW_COLUMNS]


def raw_table(rows: pd.DataFrame) -> "pa.Table":
    """Raw records as an Arrow table: every value is text, as delivered."""
    import pyarrow as pa

    types = {"day": pa.date32(), "line": pa.int64(), "ingested_at": pa.timestamp("us", tz="UTC")}
    schema = pa.schema([pa.field(name, types.get(name, pa.string())) for name in RAW_COLUMNS])
    return pa.Table.from_pandas(rows, schema=schema, preserve_index=False)
