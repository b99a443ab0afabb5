"""Writing rows into a table: overwrite, append and merge, each as one commit that is whole or not there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from lakehouse_assets.lake.commit import Provenance, commit_properties, retried
from lakehouse_assets.lake.errors import SchemaChangedError
from lakehouse_assets.lake.layout import writer_properties
from lakehouse_assets.lake.merge import check_keys, first_rows, merge_rows
from lakehouse_assets.lake.partitions import PartitionScope
from lakehouse_assets.lake.personal import keep_out_of_statistics, statistics_property
from lakehouse_assets.lake.rows import Rows
from lakehouse_assets.lake.settings import SchemaMode, WriteMode, WriteSettings
from lakehouse_assets.lake.storage import StorageOptions, exists, open_table, prepared_location


@dataclass(frozen=True)
class Target:
    """The table to write, and the partitions of it that a run may change (``None``: the whole table)."""

    uri: str
    options: StorageOptions
    layout: Sequence[str] = ()
    scope: PartitionScope | None = None
    description: str | None = None


@dataclass(frozen=True)
class Written:
    """What a write did.

    ``version`` is the table's version with this write in it; ``skipped`` says that an earlier attempt of the same
    step had already written it; ``metrics`` are the engine's own counts.
    """

    version: int
    created: bool = False
    skipped: bool = False
    metrics: dict[str, int] = field(default_factory=dict)


def write_rows(
    rows: Rows, target: Target, settings: WriteSettings, provenance: Provenance, extra: dict[str, str]
) -> Written:
    """Writes rows that have been cast to the table's schema and checked to lie in the target's scope.

    Args:
        rows: what to write; read again when the write has to be repeated.
        target: where.
        settings: how.
        provenance: who, for the commit and for errors.
        extra: further entries for the commit, such as the content version.
    """
    if settings.merge_keys:
        check_keys(rows, settings.merge_keys, provenance)

    def attempt() -> Written:
        tagged = {**extra, "write_id": uuid.uuid4().hex, "write_mode": settings.write_mode.value}
        if not exists(target.uri, target.options):
            return _create(rows, target, settings, provenance, tagged)
        table = open_table(target.uri, target.options)
        keep_out_of_statistics(table, settings.personal_columns)
        if settings.write_mode == WriteMode.OVERWRITE:
            return _overwrite(table, rows, target, settings, provenance, tagged)
        if settings.merge_keys:
            return _merge(table, rows, target, settings, provenance, tagged)
        return _append(table, rows, settings, provenance, tagged)

    return retried(attempt, provenance, target.uri)


def _create(
    rows: Rows, target: Target, settings: WriteSettings, provenance: Provenance, tagged: dict[str, str]
) -> Written:
    """The first write makes the table and its rows in one commit. Whoever comes second writes to the winner's table."""
    try:
        write_deltalake(
            prepared_location(target.uri),
            first_rows(rows, settings).reader(),
            mode="error",
            partition_by=list(target.layout) or None,
            description=target.description,
            configuration=statistics_property(rows.schema, settings.personal_columns) or None,
            storage_options=target.options,
            writer_properties=writer_properties(rows.schema),
            commit_properties=commit_properties(provenance, tagged, once=_appends_once(settings), creates=True),
        )
    except DeltaError as error:
        if exists(target.uri, target.options):
            raise CommitFailedError(f"another writer created the table at the same time: {error}") from error
        raise
    return Written(version=0, created=True)


def _overwrite(
    table: DeltaTable,
    rows: Rows,
    target: Target,
    settings: WriteSettings,
    provenance: Provenance,
    tagged: dict[str, str],
) -> Written:
    if target.scope is not None and settings.schema_mode == SchemaMode.OVERWRITE:
        _refuse_new_schema_for_some_partitions(table, rows, provenance, target.uri)
    write_deltalake(
        table,
        rows.reader(),
        mode="overwrite",
        predicate=target.scope.predicate() if target.scope is not None else None,
        schema_mode=_engine_schema_mode(settings, target),
        writer_properties=writer_properties(rows.schema),
        commit_properties=commit_properties(provenance, tagged),
    )
    return Written(version=table.version())


def _append(
    table: DeltaTable, rows: Rows, settings: WriteSettings, provenance: Provenance, tagged: dict[str, str]
) -> Written:
    if provenance.step and table.transaction_version(provenance.step) is not None:
        return Written(version=table.version(), skipped=True)
    write_deltalake(
        table,
        rows.reader(),
        mode="append",
        schema_mode="merge" if settings.schema_mode != SchemaMode.STRICT else None,
        writer_properties=writer_properties(rows.schema),
        commit_properties=commit_properties(provenance, tagged, once=True),
    )
    return Written(version=table.version())


def _merge(
    table: DeltaTable,
    rows: Rows,
    target: Target,
    settings: WriteSettings,
    provenance: Provenance,
    tagged: dict[str, str],
) -> Written:
    metrics = merge_rows(table, rows, settings, target.scope, commit_properties(provenance, tagged))
    return Written(version=table.version(), metrics=metrics)


def _appends_once(settings: WriteSettings) -> bool:
    return settings.write_mode == WriteMode.APPEND and not settings.merge_keys


def _engine_schema_mode(settings: WriteSettings, target: Target) -> Literal["merge", "overwrite"] | None:
    if settings.schema_mode == SchemaMode.STRICT:
        return None
    if settings.schema_mode == SchemaMode.OVERWRITE and target.scope is None:
        return "overwrite"
    return "merge"


def _refuse_new_schema_for_some_partitions(table: DeltaTable, rows: Rows, provenance: Provenance, uri: str) -> None:
    current = pa.schema(table.schema().to_arrow())
    if {(field.name, str(field.type)) for field in current} != {(one.name, str(one.type)) for one in rows.schema}:
        raise SchemaChangedError(
            f"{provenance.who()}: schema_mode overwrite would change the columns of table {uri} under its other "
            f"partitions. Table: {', '.join(current.names)}. Rows: {', '.join(rows.schema.names)}. "
            "Nothing was written. "
            "To add columns use schema_mode merge; to change or drop columns, rewrite all partitions in one run, or "
            "remove the table and backfill it."
        )
