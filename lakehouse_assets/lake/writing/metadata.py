"""What a materialisation tells people about its table: schema, rows, bytes, version, a preview."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import unquote

import dagster as dg
import pyarrow as pa
from deltalake import DeltaTable

from lakehouse_assets.lake.columns.schema import SchemaChange
from lakehouse_assets.lake.writing.rows import Rows
from lakehouse_assets.lake.writing.write import Written

PREVIEW_ROWS = 5
PREVIEW_COLUMNS = 20
PREVIEW_CELL = 60
MASKED = "*(personal)*"


def table_schema_metadata(schema: pa.Schema, comments: Mapping[str, str]) -> dg.TableSchema:
    """The columns as Dagster shows them, with the comments that the table has on them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                field.name,
                str(field.type),
                description=comments.get(field.name),
                constraints=dg.TableColumnConstraints(nullable=bool(field.nullable)),
            )
            for field in schema
        ]
    )


def column_comments(table: DeltaTable) -> dict[str, str]:
    """What the table itself says of its columns."""
    return {one.name: str(one.metadata["comment"]) for one in table.schema().fields if "comment" in one.metadata}


def output_metadata(
    table: DeltaTable,
    schema: pa.Schema,
    predicate: str | None,
    rows: Rows,
    written: Written,
    change: SchemaChange,
    personal: Collection[str] = (),
) -> dict[str, Any]:
    """The metadata that holds for all partitions of a run. Values of personal columns are masked in the preview."""
    metadata: dict[str, Any] = {
        "dagster/column_schema": table_schema_metadata(schema, column_comments(table)),
        "dagster/uri": table.table_uri,
        "table_uri": table.table_uri,
        "delta_version": written.version,
        "bytes": stored_bytes(table, predicate),
        "preview": dg.MetadataValue.md(preview(rows, personal)),
    }
    if change:
        metadata["schema_change"] = change.describe()
    if written.skipped:
        metadata["append_skipped"] = "an earlier attempt of this step had already appended these rows"
    metadata.update({f"merge/{name}": value for name, value in written.metrics.items() if name.startswith("num_")})
    return metadata


def stored_bytes(table: DeltaTable, predicate: str | None) -> int:
    """Bytes of the table's active files that hold rows where the predicate does."""
    actions = pa.table(table.get_add_actions(flatten=True)).select(["path", "size_bytes"]).to_pylist()
    if predicate is None:
        return sum(action["size_bytes"] for action in actions)
    wanted = {uri.rsplit("/", maxsplit=1)[-1] for uri in table.file_uris(file_pruning_predicate=predicate)}
    return sum(
        action["size_bytes"] for action in actions if unquote(action["path"]).rsplit("/", maxsplit=1)[-1] in wanted
    )


def preview(rows: Rows, personal: Collection[str] = ()) -> str:
    """The first rows as a Markdown table.

    A personal column's values are masked: the event log keeps what is shown, and no erasure reaches it there.
    """
    first = next(iter(rows.batches()), None)
    if first is None or first.num_rows == 0:
        return "*no rows*"
    names = first.schema.names[:PREVIEW_COLUMNS]
    lines = ["| " + " | ".join(_cell(name) for name in names) + " |", "|" + " --- |" * len(names)]
    lines += [
        "| " + " | ".join(MASKED if name in personal else _cell(row[name]) for name in names) + " |"
        for row in first.select(names).slice(0, PREVIEW_ROWS).to_pylist()
    ]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    text = "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
    return text if len(text) <= PREVIEW_CELL else text[: PREVIEW_CELL - 1] + "…"
