"""Storing what an asset returned: from its value to a commit and what Dagster is told about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import dagster as dg
import pyarrow as pa
from dagster import DagsterEvent

from lakehouse_assets.lake.columns.schema import SchemaChange, cast_batch, new_table_schema, of_no_rows, reconciled
from lakehouse_assets.lake.errors import PromiseBrokenError, SchemaChangedError
from lakehouse_assets.lake.partitioning.partitions import partition_columns, physical_columns, resolve
from lakehouse_assets.lake.reading.read import table_schema
from lakehouse_assets.lake.settings import MergeType, SchemaMode, WriteMode, WriteSettings, write_settings
from lakehouse_assets.lake.storage import StorageOptions, exists, open_table, table_uri
from lakehouse_assets.lake.versions.data_version import parents
from lakehouse_assets.lake.writing import scd2
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lake.writing.constraints import loosen, tighten
from lakehouse_assets.lake.writing.inspection import inspect
from lakehouse_assets.lake.writing.metadata import column_comments, table_schema_metadata
from lakehouse_assets.lake.writing.promise import TablePromise, hold_to, promised_schema
from lakehouse_assets.lake.writing.reporting import report_write
from lakehouse_assets.lake.writing.rows import Rows, rows_of
from lakehouse_assets.lake.writing.write import (
    Target,
    refuse_overwrite_beside_rows,
    refuse_rows_of_other_partitions,
    write_rows,
)


@dataclass(frozen=True)
class Place:
    """Where an asset's table lies."""

    lake_uri: str
    options: StorageOptions
    key: Sequence[str]

    @property
    def uri(self) -> str:
        """The table's address."""
        return table_uri(self.lake_uri, self.key)


def store(
    context: dg.OutputContext,
    value: Any,
    place: Place,
    inputs: Mapping[str, str],
    defaults: Mapping[str, Any],
    promise: TablePromise | None = None,
) -> Iterator[DagsterEvent]:
    """Writes an asset's value to its table and reports it.

    Args:
        context: the output's.
        value: what the asset returned.
        place: where its table lies.
        inputs: table versions that the step read, by asset.
        defaults: settings that hold where neither the run nor the asset says otherwise.
        promise: what the table is held to; ``None``: it takes whatever rows come.

    Yields:
        The materialisation events, for a run over several partitions. For one, Dagster builds the event itself.
    """
    uri, options = place.uri, place.options
    asset = context.asset_key.to_user_string()
    config = context.config if isinstance(context.config, Mapping) else {}
    settings = write_settings(context.definition_metadata, _run_tags(context), asset, config, defaults)
    provenance = _provenance(context, inputs, _newest_deps(context, place, inputs))
    with rows_of(value, provenance.asset) as given:
        fitted, change = _fitted(given, settings, provenance, uri, options, promise)
        with fitted as rows:
            if promise is not None:
                hold_to(promise, rows.batches(), provenance, uri)
                settings = _with_new_columns(settings, change)
            target = _target(context, settings, rows.schema, uri, options, promise)
            inspection = inspect(rows.batches(), target.scope, provenance, uri)
            extra = {"rows_version": inspection.total.version()}
            if promise is not None and exists(uri, options):
                # Before the table is changed at all: a write that is refused must leave it as it was.
                refuse_rows_of_other_partitions(open_table(uri, options), rows, target, settings, provenance)
                loosen(uri, options, promise, provenance)
            if change:
                extra["schema_change"] = change.describe()
            written = write_rows(rows, target, settings, provenance, extra)
            if promise is not None:
                _tell_pending(context, tighten(uri, options, promise, provenance))
            yield from report_write(context, rows, target, settings, written, inspection, change, provenance)


def describe_own_write(context: dg.OutputContext, place: Place, inputs: Mapping[str, str]) -> None:
    """Tells of a table that the asset wrote itself what can be known without reading its rows."""
    metadata: dict[str, Any] = {}
    if inputs:
        metadata["input_versions"] = dict(inputs)
    deps = _newest_deps(context, place, inputs)
    if deps:
        metadata["dep_versions"] = deps
    if exists(place.uri, place.options):
        table = open_table(place.uri, place.options)
        metadata |= {
            "dagster/column_schema": table_schema_metadata(table_schema(table), column_comments(table)),
            "dagster/uri": table.table_uri,
            "table_uri": table.table_uri,
            "delta_version": table.version(),
        }
    context.add_output_metadata(metadata)


def _newest_deps(context: dg.OutputContext, place: Place, inputs: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for parent in parents(context):
        uri = table_uri(place.lake_uri, parent.path)
        if parent != context.asset_key and parent.to_user_string() not in inputs and exists(uri, place.options):
            found[parent.to_user_string()] = str(open_table(uri, place.options).version())
    return found


def _run_tags(context: dg.OutputContext) -> Mapping[str, str]:
    return context.step_context.run_tags


def _provenance(context: dg.OutputContext, inputs: Mapping[str, str], deps: Mapping[str, str]) -> Provenance:
    run = context.step_context.dagster_run
    keys = tuple(context.asset_partition_keys) if context.has_asset_partitions else ()
    root = run.root_run_id or run.tags.get("dagster/root_run_id") or run.run_id
    step = json.dumps([root, context.step_key, context.name, *_ends(keys)])
    return Provenance(
        asset=context.asset_key.to_user_string(),
        run_id=context.run_id,
        partitions=keys,
        code_version=context.asset_spec.code_version or "",
        step=f"lakehouse_assets:{step}",
        inputs=dict(inputs),
        deps=dict(deps),
    )


def _ends(keys: tuple[str, ...]) -> tuple[str, ...]:
    return keys if len(keys) <= 2 else (keys[0], keys[-1], str(len(keys)))


def _fitted(
    rows: Rows,
    settings: WriteSettings,
    provenance: Provenance,
    uri: str,
    options: StorageOptions,
    promise: TablePromise | None,
) -> tuple[Rows, SchemaChange]:
    """The rows in the types of their table, and what their columns change in it."""
    keeps_history = settings.write_mode == WriteMode.MERGE and settings.merge_type == MergeType.SCD2
    current = table_schema(open_table(uri, options)) if exists(uri, options) else None
    if keeps_history:
        scd2.refuse_own_validity(rows.schema, provenance, uri)
        current = scd2.without_validity(current) if current is not None else None
        promise = replace(promise, schema=scd2.without_validity(promise.schema)) if promise is not None else None
    if promise is not None:
        given = promise.schema if rows.num_rows == 0 else rows.schema
        replaced = settings.write_mode == WriteMode.OVERWRITE and settings.schema_mode == SchemaMode.OVERWRITE
        schema, change = promised_schema(given, None if replaced else current, promise, provenance, uri)
    else:
        schema, change = _schema_without_promise(rows, current, settings, provenance, uri)
    if current is not None:
        refuse_overwrite_beside_rows(change, settings, provenance, uri)
    if rows.schema.equals(schema, check_metadata=True):
        return rows, change
    try:
        return rows.mapped(schema, lambda batch: cast_batch(batch, schema, provenance.asset, uri)), change
    except SchemaChangedError as error:
        if promise is None:
            raise
        raise PromiseBrokenError(f"{error} {provenance.who()} is held to its contract {promise.source}.") from error


def _schema_without_promise(
    rows: Rows, current: pa.Schema | None, settings: WriteSettings, provenance: Provenance, uri: str
) -> tuple[pa.Schema, SchemaChange]:
    if current is None:
        return new_table_schema(rows.schema, provenance.asset), SchemaChange()
    given = rows.schema
    if rows.num_rows == 0 and (settings.schema_mode != SchemaMode.OVERWRITE or not given.names):
        given = of_no_rows(given, current)
    return reconciled(given, current, settings.schema_mode, provenance.asset, uri)


def _with_new_columns(settings: WriteSettings, change: SchemaChange) -> WriteSettings:
    """A contract with a new nullable column adds it to the table, whatever the asset's own mode."""
    if change.added and settings.schema_mode == SchemaMode.STRICT:
        return replace(settings, schema_mode=SchemaMode.MERGE)
    return settings


def _tell_pending(context: dg.OutputContext, pending: Mapping[str, str]) -> None:
    if pending:
        told = {name: f"{why} Materialise the partitions that hold them." for name, why in pending.items()}
        context.log.warning(f"the table cannot take all of its contract's constraints yet: {told}")
        context.add_output_metadata({"constraints_pending": told})


def _target(
    context: dg.OutputContext,
    settings: WriteSettings,
    schema: pa.Schema,
    uri: str,
    options: StorageOptions,
    promise: TablePromise | None,
) -> Target:
    described = promise.description if promise is not None else None
    if not context.has_asset_partitions:
        return Target(uri, options, description=described)
    asset = context.asset_key.to_user_string()
    definition = context.asset_partitions_def
    columns = partition_columns(settings.partition_expr, definition, asset)
    scope = resolve(list(context.asset_partition_keys), definition, columns, schema, asset)
    return Target(uri, options, layout=physical_columns(columns, schema), scope=scope, description=described)
