"""Slowly changing dimension, type 2: a table that keeps each key's past, with the time in which each row held.

The asset returns the present state, one row a key. The table has three columns more: ``valid_from`` and ``valid_to``
(instants in UTC, null for what holds now) and ``is_current``. A row that is as it was changes nothing, so running again
adds nothing; a changed row closes its predecessor and opens a successor at the same instant. A key that is absent from
the rows stays as it was: absence is not a change.

Memory holds the keys of the rows, and of the current rows with the same keys, each with a hash of its row; the rows
themselves are streamed, twice: those that are new or changed are added, those that changed close their predecessor.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable, Schema

from lakehouse_assets.lake.errors import SchemaChangedError
from lakehouse_assets.lake.layout import writer_properties
from lakehouse_assets.lake.partitioning.partitions import PartitionScope
from lakehouse_assets.lake.partitioning.predicate import all_of, quoted
from lakehouse_assets.lake.reading.read import read_stream, table_schema
from lakehouse_assets.lake.versions.content import row_hashes
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.lake.writing.rows import Rows

VALID_FROM, VALID_TO, IS_CURRENT = "valid_from", "valid_to", "is_current"
VALIDITY = (VALID_FROM, VALID_TO, IS_CURRENT)
_CLOSES, _PLACE, _HASH, _MORE = "__closes", "__place", "__hash", "__more"
_INSTANT = pa.timestamp("us", "UTC")
_FIELDS = (
    pa.field(VALID_FROM, _INSTANT, nullable=False),
    pa.field(VALID_TO, _INSTANT),
    pa.field(IS_CURRENT, pa.bool_(), nullable=False),
)


def first_history(rows: Rows) -> Rows:
    """The rows with their validity, as the first commit of the table holds them."""
    now = dt.datetime.now(dt.UTC)
    return rows.mapped(pa.schema([*rows.schema, *_FIELDS]), lambda batch: _opened(batch, now))


def without_validity(schema: pa.Schema) -> pa.Schema:
    """The columns that the asset itself returns."""
    return pa.schema([field for field in schema if field.name not in VALIDITY])


def refuse_own_validity(schema: pa.Schema, provenance: Provenance, uri: str) -> None:
    """The table keeps the validity, so the rows must not bring one.

    Raises:
        SchemaChangedError: when they have a column of that name.
    """
    taken = [name for name in schema.names if name in VALIDITY]
    if taken:
        raise SchemaChangedError(
            f"{provenance.who()}: its rows have the column {', '.join(taken)}, which the history in table {uri} keeps "
            "itself. Nothing was written. Return the present state only, or rename the column."
        )


def merge(
    table: DeltaTable,
    rows: Rows,
    keys: Sequence[str],
    scope: PartitionScope | None,
    properties: CommitProperties,
) -> dict[str, int]:
    """Closes the predecessors of changed rows and adds new and changed rows, in one commit.

    Columns that the table lacks are added to it; whether they may be is decided before.
    """
    present = set(table_schema(table).names)
    lacking = [name for name in VALIDITY if name not in present]
    if lacking:
        raise SchemaChangedError(
            f"Table {table.table_uri} keeps no history: it has no column {', '.join(lacking)}, so merge_type scd2 "
            "cannot be used on it. Nothing was written. Use another merge_type, or make the table anew with merge_type "
            "scd2."
        )
    known_names = [name for name in rows.schema.names if name in present]
    new_names = [name for name in rows.schema.names if name not in present]
    known, changed = _compare(table, rows, keys, known_names, scope)
    conditions = [f"{quoted(key, 'target')} = {quoted(key, 'source')}" for key in keys]
    conditions += [f"{quoted(IS_CURRENT, 'target')} = TRUE", f"{quoted(_CLOSES, 'source')} = TRUE"]
    if scope is not None:
        conditions.append(scope.predicate("target"))
    schema = pa.schema([*rows.schema, *_FIELDS, pa.field(_CLOSES, pa.bool_())])
    if new_names:
        # In a commit of its own, which changes no row: a merge that adds a column gives the past its present values.
        fields = Schema.from_arrow(pa.schema([rows.schema.field(name) for name in new_names])).fields
        table.alter.add_columns(fields, commit_properties=properties)
    source = pa.RecordBatchReader.from_batches(schema, _source(rows, ~known | changed, changed))
    metrics = (
        table.merge(
            source,
            all_of(conditions),
            source_alias="source",
            target_alias="target",
            writer_properties=writer_properties(rows.schema),
            commit_properties=properties,
        )
        .when_matched_update({VALID_TO: f"source.{VALID_FROM}", IS_CURRENT: "FALSE"})
        .when_not_matched_insert(
            {quoted(name): quoted(name, "source") for name in [*rows.schema.names, *VALIDITY]},
            predicate=f"{quoted(_CLOSES, 'source')} = FALSE",
        )
        .execute()
    )
    return {name: int(value) for name, value in metrics.items() if isinstance(value, int)}


def _compare(
    table: DeltaTable, rows: Rows, keys: Sequence[str], known_names: Sequence[str], scope: PartitionScope | None
) -> tuple[Any, Any]:
    """For each incoming row, in order, whether its key is current in the table, and whether that row differs."""
    incoming = _keys_and_hashes(rows.batches(), keys, rows.schema, known_names)
    current = _keys_and_hashes(_current_rows(table, known_names, scope), keys, rows.schema, known_names)
    places = pa.array(np.arange(incoming.num_rows, dtype=np.int64))
    # The join is of the keys themselves: by a hash in their place, a new key could be taken for a known one.
    both = incoming.append_column(_PLACE, places).join(
        current.drop_columns([_MORE]), list(keys), join_type="inner", right_suffix="_now"
    )
    at = both[_PLACE].to_numpy()
    known = np.zeros(incoming.num_rows, dtype=bool)
    changed = np.zeros(incoming.num_rows, dtype=bool)
    known[at] = True
    differs = pc.or_(pc.not_equal(both[_HASH], both[f"{_HASH}_now"]), both[_MORE])
    changed[at] = differs.to_numpy()
    return known, changed


def _keys_and_hashes(
    batches: Iterator[pa.RecordBatch], keys: Sequence[str], schema: pa.Schema, names: Sequence[str]
) -> pa.Table:
    """The keys of rows, each with a hash of its row over ``names``, and whether it has a value in any other column."""
    fields = [*[schema.field(key) for key in keys], pa.field(_HASH, pa.uint64()), pa.field(_MORE, pa.bool_())]
    kept = []
    for batch in batches:
        more = np.zeros(batch.num_rows, dtype=bool)
        for name in set(batch.schema.names) - set(names):
            more |= batch[name].is_valid().to_numpy(zero_copy_only=False)
        hashes = row_hashes(batch.select(list(names)))
        columns = [*[batch[key] for key in keys], pa.array(hashes), pa.array(more)]
        kept.append(pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields)))
    return pa.Table.from_batches(kept, schema=pa.schema(fields))


def _current_rows(table: DeltaTable, names: Sequence[str], scope: PartitionScope | None) -> Iterator[pa.RecordBatch]:
    condition = f"{quoted(IS_CURRENT)} = TRUE"
    if scope is not None:
        condition += f" AND ({scope.predicate()})"
    return iter(read_stream(table, names, condition))


def _source(rows: Rows, added: Any, changed: Any) -> Iterator[pa.RecordBatch]:
    now = dt.datetime.now(dt.UTC)
    for wanted, closes in ((added, False), (changed, True)):
        start = 0
        for batch in rows.batches():
            here = batch.filter(pa.array(wanted[start : start + batch.num_rows]))
            start += batch.num_rows
            if here.num_rows:
                yield _opened(here, now).append_column(_CLOSES, pa.array([closes] * here.num_rows, pa.bool_()))


def _opened(batch: pa.RecordBatch, now: dt.datetime) -> pa.RecordBatch:
    count = batch.num_rows
    columns = (pa.array([now] * count, _INSTANT), pa.nulls(count, _INSTANT), pa.array([True] * count, pa.bool_()))
    for field, column in zip(_FIELDS, columns, strict=True):
        batch = batch.append_column(field, column)
    return batch
