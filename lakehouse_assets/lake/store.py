"""Storing what an asset returned: from its value to a commit and what Dagster is told about it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import pyarrow as pa
from dagster import DagsterEvent

from lakehouse_assets.lake import scd2
from lakehouse_assets.lake.commit import Provenance
from lakehouse_assets.lake.data_version import reads_itself, report_data_version, report_partitions
from lakehouse_assets.lake.inspection import Inspection, inspect
from lakehouse_assets.lake.metadata import output_metadata
from lakehouse_assets.lake.partitions import PartitionScope, partition_columns, physical_columns, resolve
from lakehouse_assets.lake.read import read_stream, table_schema
from lakehouse_assets.lake.rows import Rows, rows_of
from lakehouse_assets.lake.schema import SchemaChange, cast_batch, new_table_schema, reconciled
from lakehouse_assets.lake.settings import MergeType, WriteMode, WriteSettings, write_settings
from lakehouse_assets.lake.storage import StorageOptions, exists, open_table
from lakehouse_assets.lake.write import Target, Written, write_rows


def store(
    context: dg.OutputContext, value: Any, uri: str, options: StorageOptions, inputs: Mapping[str, str]
) -> Iterator[DagsterEvent]:
    """Writes an asset's value to its table and reports it.

    Args:
        context: the output's.
        value: what the asset returned.
        uri: where its table lies.
        options: storage options for it.
        inputs: table versions that the step read, by asset.

    Yields:
        The materialisation events, for a run over several partitions. For one, Dagster builds the event itself.
    """
    settings = write_settings(context.definition_metadata, _run_tags(context), context.asset_key.to_user_string())
    provenance = _provenance(context, inputs)
    with rows_of(value, provenance.asset) as given:
        fitted, change = _fitted(given, settings, provenance, uri, options)
        with fitted as rows:
            target = _target(context, settings, rows.schema, uri, options)
            inspection = inspect(rows.batches(), target.scope, provenance, uri)
            extra = {"rows_version": inspection.total.version()}
            written = write_rows(rows, target, settings, provenance, extra)
            yield from _report(context, rows, target, settings, written, inspection, change, provenance)


def _run_tags(context: dg.OutputContext) -> Mapping[str, str]:
    return context.step_context.run_tags


def _provenance(context: dg.OutputContext, inputs: Mapping[str, str]) -> Provenance:
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
    )


def _ends(keys: tuple[str, ...]) -> tuple[str, ...]:
    return keys if len(keys) <= 2 else (keys[0], keys[-1], str(len(keys)))


def _fitted(
    rows: Rows, settings: WriteSettings, provenance: Provenance, uri: str, options: StorageOptions
) -> tuple[Rows, SchemaChange]:
    """The rows in the types of their table, and what their columns change in it."""
    change = SchemaChange()
    if exists(uri, options):
        current = table_schema(open_table(uri, options))
        if settings.write_mode == WriteMode.MERGE and settings.merge_type == MergeType.SCD2:
            current = scd2.without_validity(current)
        schema, change = reconciled(rows.schema, current, settings.schema_mode, provenance.asset, uri)
    else:
        schema = new_table_schema(rows.schema, provenance.asset)
    if rows.schema == schema:
        return rows, change
    return rows.mapped(schema, lambda batch: cast_batch(batch, schema, provenance.asset, uri)), change


def _target(
    context: dg.OutputContext, settings: WriteSettings, schema: pa.Schema, uri: str, options: StorageOptions
) -> Target:
    if not context.has_asset_partitions:
        return Target(uri, options)
    asset = context.asset_key.to_user_string()
    definition = context.asset_partitions_def
    columns = partition_columns(settings.partition_expr, definition, asset)
    scope = resolve(list(context.asset_partition_keys), definition, columns, schema, asset)
    return Target(uri, options, layout=physical_columns(columns, schema), scope=scope)


def _report(
    context: dg.OutputContext,
    rows: Rows,
    target: Target,
    settings: WriteSettings,
    written: Written,
    inspection: Inspection,
    change: SchemaChange,
    provenance: Provenance,
) -> Iterator[DagsterEvent]:
    table = open_table(target.uri, target.options, written.version)
    predicate = target.scope.predicate() if target.scope is not None else None
    held = inspection
    if settings.write_mode != WriteMode.OVERWRITE:
        held = inspect(read_stream(table, None, predicate), target.scope, provenance, target.uri)
    schema = table_schema(table)
    metadata = output_metadata(table, schema, predicate, rows, written, change, settings.personal_columns)
    if provenance.inputs:
        metadata["input_versions"] = dict(provenance.inputs)
    if len(held.contents) == 1 and not reads_itself(context):
        (content,) = held.contents.values()
        context.add_output_metadata(
            {**metadata, "dagster/row_count": content.rows, "content_version": content.version()}
        )
        report_data_version(context, content.version())
        return
    metadata["partitions_of_run"] = _scope_text(target.scope)
    metadata["rows_of_run"] = held.total.rows
    # The preview is of the whole run and as large as all else; the last partition's event carries it for all.
    brief = {name: value for name, value in metadata.items() if name != "preview"}
    last = list(held.contents)[-1]
    yield from report_partitions(
        context,
        {key: content.version() for key, content in held.contents.items()},
        {
            key: {
                **(metadata if key == last else brief),
                "dagster/row_count": content.rows,
                "content_version": content.version(),
            }
            for key, content in held.contents.items()
        },
    )


def _scope_text(scope: PartitionScope | None) -> str:
    return scope.describe() if scope is not None else ""
