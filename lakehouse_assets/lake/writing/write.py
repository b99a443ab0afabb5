"""Writing rows into a table: overwrite, append and merge, each as one commit that is whole or not there."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

from lakehouse_assets.lake.columns.schema import SchemaChange
from lakehouse_assets.lake.errors import SchemaChangedError
from lakehouse_assets.lake.layout import writer_properties
from lakehouse_assets.lake.partitioning.partitions import PartitionScope
from lakehouse_assets.lake.reading.read import read_stream, table_schema
from lakehouse_assets.lake.settings import SchemaMode, WriteMode, WriteSettings
from lakehouse_assets.lake.storage import StorageOptions, exists, open_table, prepared_location
from lakehouse_assets.lake.writing.appended import holds_append_of
from lakehouse_assets.lake.writing.commit import Provenance, commit_properties, retried
from lakehouse_assets.lake.writing.merge import check_keys, first_rows, merge_rows
from lakehouse_assets.lake.writing.personal import keep_out_of_statistics, statistics_property
from lakehouse_assets.lake.writing.properties import TABLE_PROPERTIES
from lakehouse_assets.lake.writing.rows import Rows


@dataclass(frozen=True)
class Target:
    """The table to write, and the partitions of it that a run may change (``None``: the whole table)."""

    uri: str
    options: StorageOptions = field(repr=False)
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
        return _append(table, rows, target, settings, provenance, tagged)

    return retried(attempt, provenance, target.uri, target.options)


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
            configuration=TABLE_PROPERTIES | statistics_property(rows.schema, settings.personal_columns),
            storage_options=target.options,
            writer_properties=writer_properties(rows.schema, _open_files(target)),
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
    whole = target.scope is None or refuse_rows_of_other_partitions(table, rows, target, settings, provenance)
    write_deltalake(
        table,
        rows.reader(),
        mode="overwrite",
        predicate=None if whole or target.scope is None else target.scope.predicate(),
        schema_mode=_engine_schema_mode(settings, whole),
        writer_properties=writer_properties(rows.schema, _open_files(target)),
        commit_properties=commit_properties(provenance, tagged),
    )
    return Written(version=table.version())


def _append(
    table: DeltaTable,
    rows: Rows,
    target: Target,
    settings: WriteSettings,
    provenance: Provenance,
    tagged: dict[str, str],
) -> Written:
    if holds_append_of(table, provenance):
        return Written(version=table.version(), skipped=True)
    write_deltalake(
        table,
        rows.reader(),
        mode="append",
        schema_mode="merge" if settings.schema_mode != SchemaMode.STRICT else None,
        writer_properties=writer_properties(rows.schema, _open_files(target)),
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


def _open_files(target: Target) -> int:
    return len(target.scope.keys) if target.layout and target.scope is not None else 1


def _appends_once(settings: WriteSettings) -> bool:
    return settings.write_mode == WriteMode.APPEND and not settings.merge_keys


def _engine_schema_mode(settings: WriteSettings, whole: bool) -> Literal["merge", "overwrite"] | None:
    if settings.schema_mode == SchemaMode.STRICT:
        return None
    return "overwrite" if settings.schema_mode == SchemaMode.OVERWRITE and whole else "merge"


def _only_adds(table: DeltaTable, rows: Rows) -> bool:
    """Whether every column of the table stays as it is, so that other partitions lose nothing."""
    current = table_schema(table)
    return all(one.name in rows.schema.names and rows.schema.field(one.name).type == one.type for one in current)


def refuse_rows_of_other_partitions(
    table: DeltaTable, rows: Rows, target: Target, settings: WriteSettings, provenance: Provenance
) -> bool:
    """Whether a run over some partitions replaces the whole table, since its schema overwrites the table's.

    Raises:
        SchemaChangedError: when rows of other partitions would lose a column or its type.
    """
    scope, uri = target.scope, target.uri
    overwrites = settings.write_mode == WriteMode.OVERWRITE and settings.schema_mode == SchemaMode.OVERWRITE
    if scope is None or not overwrites or _only_adds(table, rows):
        return False
    # IS NOT TRUE, since a row whose partition is null is one of no partition of the run.
    others = read_stream(table, scope.columns, f"({scope.predicate()}) IS NOT TRUE")
    number = sum(batch.num_rows for batch in others)
    if number:
        raise SchemaChangedError(
            f"{provenance.who()}: schema_mode overwrite would change or drop columns of table {uri} under the "
            f"{number} rows of its other partitions. Table: {_columns(table_schema(table))}. "
            f"Rows: {_columns(rows.schema)}. Nothing was written. Rewrite all partitions in one run (a single-run "
            "backfill over all that are materialised), or keep the columns; new columns alone are added."
        )
    return True


def refuse_overwrite_beside_rows(
    change: SchemaChange, settings: WriteSettings, provenance: Provenance, uri: str
) -> None:
    """Appended or merged rows join rows that stay, whose columns cannot be replaced.

    Raises:
        SchemaChangedError: when columns would be dropped or retyped.
    """
    if settings.write_mode != WriteMode.OVERWRITE and (change.dropped or change.retyped):
        raise SchemaChangedError(
            f"{provenance.who()}: schema_mode overwrite with write_mode {settings.write_mode.value} would change "
            f"columns of table {uri} under rows that stay: {change.describe()}. Nothing was written. "
            "Use schema_mode merge, or write_mode overwrite for one run (run tag lakehouse/write_mode) with all rows."
        )


def _columns(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)
