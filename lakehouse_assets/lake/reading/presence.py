"""Whether the partitions that an input maps to have ever been written.

A table cannot tell a partition that was written empty from one that was never written. Dagster's event log can; where
it does not know (another instance wrote the table), the table's own commits can.
"""

from __future__ import annotations

import json

import dagster as dg
from deltalake import DeltaTable

from lakehouse_assets.lake.errors import MissingTableError
from lakehouse_assets.lake.partitioning.predicate import Condition
from lakehouse_assets.lake.reading.selection import selected_files


def check_partitions_exist(context: dg.InputContext, table: DeltaTable, condition: Condition) -> None:
    """Refuses an input none of whose partitions was ever written. Costs nothing when any of them has a file.

    Raises:
        MissingTableError: naming the asset, its partitions and its table.
    """
    keys = list(context.asset_partition_keys)
    if not keys or _may_hold_rows(table, condition):
        return
    wanted = set(keys)
    if wanted & set(context.instance.get_materialized_partitions(context.asset_key)):
        return
    if wanted & _committed_partitions(table):
        return
    upstream = context.asset_key.to_user_string()
    shown = keys[0] if len(keys) == 1 else f"{keys[0]} … {keys[-1]}"
    raise MissingTableError(
        f"Asset {upstream} has not been materialised for partition {shown}: its table {table.table_uri} (version "
        f"{table.version()}) holds no rows of it and no commit of it. Materialise that partition of {upstream} first."
    )


def _may_hold_rows(table: DeltaTable, condition: Condition) -> bool:
    files = selected_files(table, condition)
    return bool(files.num_rows if files is not None else table.file_uris(file_pruning_predicate=condition.sql()))


def _committed_partitions(table: DeltaTable) -> set[str]:
    found: set[str] = set()
    for commit in table.history():
        found.update(json.loads(commit.get("lakehouse.partitions", "[]")))
    return found
