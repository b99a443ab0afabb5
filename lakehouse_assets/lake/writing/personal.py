"""Keeping a table's personal columns out of its log.

Delta writes the least and greatest value of each column of each file into the log, where they outlive the file. A
personal column gets no such statistics, by a property of the table that every writer of the Delta protocol keeps to,
compaction too.
"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
from deltalake import DeltaTable

STATISTICS = "delta.dataSkippingStatsColumns"


def statistics_property(schema: pa.Schema, personal: Collection[str]) -> dict[str, str]:
    """The table property that names the columns with statistics; none where no column is personal."""
    if not personal:
        return {}
    plain = [one.name for one in schema if one.name not in personal and not _has_no_order(one.type)]
    return {STATISTICS: ",".join("`" + name.replace("`", "``") + "`" for name in plain)}


def keep_out_of_statistics(table: DeltaTable, personal: Collection[str]) -> None:
    """Give an existing table the property, where it was made before its columns were called personal."""
    if personal and STATISTICS not in table.metadata().configuration:
        table.alter.set_table_properties(statistics_property(pa.schema(table.schema().to_arrow()), personal))
        table.update_incremental()


def _has_no_order(kind: pa.DataType) -> bool:
    return bool(pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
