"""What Dagster is told of a write: rows and versions of each partition, and what the page of the asset shows."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
from dagster import DagsterEvent

from lakehouse_assets.lake.columns.schema import SchemaChange
from lakehouse_assets.lake.partitioning.partitions import PartitionScope
from lakehouse_assets.lake.reading.read import read_stream, table_schema
from lakehouse_assets.lake.settings import WriteMode, WriteSettings
from lakehouse_assets.lake.storage import open_table
from lakehouse_assets.lake.versions.data_version import reads_itself, report_data_version, report_partitions
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lake.writing.inspection import Inspection, inspect
from lakehouse_assets.lake.writing.metadata import output_metadata
from lakehouse_assets.lake.writing.rows import Rows
from lakehouse_assets.lake.writing.write import (
    Target,
    Written,
)


def report_write(
    context: dg.OutputContext,
    rows: Rows,
    target: Target,
    settings: WriteSettings,
    written: Written,
    inspection: Inspection,
    change: SchemaChange,
    provenance: Provenance,
) -> Iterator[DagsterEvent]:
    """Report a write: of one partition through the output's own event, of several by one event each.

    Args:
        context: The output's.
        rows: What was written, for the preview.
        target: The table, and the partitions of the run.
        settings: How it was written.
        written: What the commit did.
        inspection: The written rows' sums, by partition.
        change: What their columns changed in the table.
        provenance: What the commit says of itself.

    Yields:
        The materialisation events, for a run over several partitions. For one, Dagster builds the event itself.
    """
    table = open_table(target.uri, target.options, written.version)
    predicate = target.scope.predicate() if target.scope is not None else None
    held = inspection
    if settings.write_mode != WriteMode.OVERWRITE:
        held = inspect(read_stream(table, None, predicate), target.scope, provenance, target.uri)
    schema = table_schema(table)
    metadata = output_metadata(table, schema, predicate, rows, written, change, settings.personal_columns)
    metadata["run_id"] = provenance.run_id
    if provenance.code_version:
        metadata["code_version"] = provenance.code_version
    if provenance.inputs:
        metadata["input_versions"] = dict(provenance.inputs)
    if provenance.deps:
        metadata["dep_versions"] = dict(provenance.deps)
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
