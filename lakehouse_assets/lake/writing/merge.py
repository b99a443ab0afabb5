"""Merging rows by key, inside the run's partitions only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable

from lakehouse_assets.lake.errors import MergeKeyError
from lakehouse_assets.lake.layout import writer_properties
from lakehouse_assets.lake.partitioning.partitions import PartitionScope
from lakehouse_assets.lake.partitioning.predicate import quoted
from lakehouse_assets.lake.settings import MergeType, SchemaMode, WriteMode, WriteSettings
from lakehouse_assets.lake.writing import scd2
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lake.writing.rows import Rows

SHOWN_KEYS = 5


def check_keys(rows: Rows, keys: Sequence[str], provenance: Provenance) -> None:
    """Keys must be there, not null, and unique among the rows: else which row wins would be chance.

    Raises:
        MergeKeyError: with the offending keys, or for a column that cannot be merged.
    """
    absent = [key for key in keys if key not in rows.schema.names]
    if absent:
        raise MergeKeyError(
            f"{provenance.who()}: merge key {', '.join(absent)} is not a column of its rows, which have "
            f"{', '.join(rows.schema.names)}. Nothing was written. Correct merge_keys in the asset's metadata."
        )
    ticked = [name for name in rows.schema.names if "`" in name]
    if ticked:
        raise MergeKeyError(
            f"{provenance.who()}: column {', '.join(ticked)} has a backtick in its name, which the engine cannot merge "
            "(deltalake 1.6.6). Nothing was written. Rename it."
        )
    columns = pa.Table.from_batches(
        [batch.select(list(keys)) for batch in rows.batches()],
        schema=pa.schema([rows.schema.field(key) for key in keys]),
    )
    for key in keys:
        if columns[key].null_count:
            raise MergeKeyError(
                f"{provenance.who()}: {columns[key].null_count} rows have no value in merge key {key!r}, so they "
                "match nothing and would be added on every run. Nothing was written. Fill or drop them."
            )
    counts = columns.group_by(list(keys)).aggregate([([], "count_all")])
    repeated = counts.filter(pc.greater(counts["count_all"], 1))
    if repeated.num_rows:
        shown = repeated.drop_columns(["count_all"]).slice(0, SHOWN_KEYS).to_pylist()
        raise MergeKeyError(
            f"{provenance.who()}: {repeated.num_rows} keys ({', '.join(keys)}) stand in more than one row, for example "
            f"{shown}. Nothing was written. Keep one row a key, or add the column that tells them apart to merge_keys."
        )


def merge_rows(
    table: DeltaTable,
    rows: Rows,
    settings: WriteSettings,
    scope: PartitionScope | None,
    properties: CommitProperties,
) -> dict[str, int]:
    """Merges rows into a table in one commit; returns the engine's counts of rows and files.

    The partitions stand in the predicate, so that only their files are read, matched and rewritten.
    """
    if settings.merge_type == MergeType.SCD2 and settings.write_mode == WriteMode.MERGE:
        return scd2.merge(table, rows, settings.merge_keys, scope, properties)
    merger = table.merge(
        rows.reader(),
        predicate=_match(settings.merge_keys, scope),
        source_alias="source",
        target_alias="target",
        merge_schema=settings.schema_mode != SchemaMode.STRICT,
        writer_properties=writer_properties(rows.schema),
        commit_properties=properties,
    ).when_not_matched_insert_all()
    if not settings.inserts_by_key:
        merger = merger.when_matched_update_all()
    if settings.merge_type == MergeType.UPSERT_DELETE_UNMATCHED and settings.write_mode == WriteMode.MERGE:
        merger = merger.when_not_matched_by_source_delete(scope.predicate("target") if scope is not None else None)
    return _counts(merger.execute())


def first_rows(rows: Rows, settings: WriteSettings) -> Rows:
    """The rows as the first write of a table stores them: a history (scd2) carries its validity columns."""
    if settings.merge_type == MergeType.SCD2 and settings.write_mode == WriteMode.MERGE:
        return scd2.first_history(rows)
    return rows


def _match(keys: Sequence[str], scope: PartitionScope | None) -> str:
    conditions = [f"{quoted(key, 'target')} = {quoted(key, 'source')}" for key in keys]
    if scope is not None:
        conditions.append(scope.predicate("target"))
    return " AND ".join(conditions)


def _counts(metrics: dict[str, Any]) -> dict[str, int]:
    return {name: int(value) for name, value in metrics.items() if isinstance(value, int)}
