"""What the Delta log says about a table's rows without reading them."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from lakehouse_assets.lake.reading.protocol import check_readable


def counted_rows(table: DeltaTable) -> int | None:
    """The number of rows as the log has it, or ``None`` when only reading tells.

    ``DeltaTable.count`` is not used: it counts rows that are marked as deleted, and none of a file without statistics.
    """
    check_readable(table)
    if "deletionVectors" in (table.protocol().reader_features or ()):
        return None
    counts = pa.table(table.get_add_actions(flatten=True))["num_records"]
    return None if counts.null_count else int(pc.sum(counts).as_py() or 0)
