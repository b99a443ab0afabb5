"""Slowly changing dimension, type 2: a table that keeps each key's past, with the time in which each row held.

The asset returns the present state, one row a key. The table has three columns more: ``valid_from`` and ``valid_to``
(instants in UTC, null for what holds now) and ``is_current``. A row that is as it was changes nothing, so running again
adds nothing; a changed row closes its predecessor and opens a successor at the same instant. A key that is absent from
the rows stays as it was: absence is not a change.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, DeltaTable

from lakehouse_assets.lake.content import row_hashes
from lakehouse_assets.lake.partitions import PartitionScope
from lakehouse_assets.lake.predicate import all_of, quoted
from lakehouse_assets.lake.rows import Rows

VALID_FROM, VALID_TO, IS_CURRENT = "valid_from", "valid_to", "is_current"
VALIDITY = (VALID_FROM, VALID_TO, IS_CURRENT)
_CLOSES = "__closes"
_INSTANT = pa.timestamp("us", "UTC")


def first_history(rows: Rows) -> Rows:
    """The rows with their validity, as the first commit of the table holds them."""
    return Rows(_opened(_all(rows), dt.datetime.now(dt.UTC)))


def without_validity(schema: pa.Schema) -> pa.Schema:
    """The columns that the asset itself returns."""
    return pa.schema([field for field in schema if field.name not in VALIDITY])


def merge(
    table: DeltaTable,
    rows: Rows,
    keys: Sequence[str],
    scope: PartitionScope | None,
    properties: CommitProperties,
) -> dict[str, int]:
    """Closes the predecessors of changed rows and adds new and changed rows, in one commit."""
    incoming = _all(rows)
    current = _current_rows(table, incoming.schema.names, scope)
    known, changed = _compare(incoming, current, keys)
    now = dt.datetime.now(dt.UTC)
    additions = _opened(incoming.filter(pc.or_(pc.invert(known), changed)), now)
    closings = _opened(incoming.filter(changed), now)
    source = pa.concat_tables([_marked(additions, False), _marked(closings, True)])
    conditions = [f"{quoted(key, 'target')} = {quoted(key, 'source')}" for key in keys]
    conditions += [f"{quoted(IS_CURRENT, 'target')} = TRUE", f"{quoted(_CLOSES, 'source')} = TRUE"]
    if scope is not None:
        conditions.append(scope.predicate("target"))
    columns = [name for name in additions.schema.names if name != _CLOSES]
    metrics = (
        table.merge(
            source, all_of(conditions), source_alias="source", target_alias="target", commit_properties=properties
        )
        .when_matched_update({VALID_TO: f"source.{VALID_FROM}", IS_CURRENT: "FALSE"})
        .when_not_matched_insert(
            {quoted(name): quoted(name, "source") for name in columns}, predicate=f"{quoted(_CLOSES, 'source')} = FALSE"
        )
        .execute()
    )
    return {name: int(value) for name, value in metrics.items() if isinstance(value, int)}


def _all(rows: Rows) -> pa.Table:
    return pa.Table.from_batches(list(rows.batches()), schema=rows.schema)


def _current_rows(table: DeltaTable, names: list[str], scope: PartitionScope | None) -> pa.Table:
    condition = f"{quoted(IS_CURRENT)} = TRUE"
    if scope is not None:
        condition += f" AND ({scope.predicate()})"
    return pa.table(table.scan(columns=names, predicate=condition))


def _compare(incoming: pa.Table, current: pa.Table, keys: Sequence[str]) -> tuple[Any, Any]:
    """For each incoming row, whether its key is known, and whether the known row differs from it."""
    key_place = _hashes(current, keys)
    order = np.argsort(key_place)
    sorted_keys = key_place[order]
    wanted = _hashes(incoming, keys)
    place = np.searchsorted(sorted_keys, wanted)
    inside = np.minimum(place, max(len(sorted_keys) - 1, 0))
    known = (sorted_keys[inside] == wanted) if len(sorted_keys) else np.zeros(len(wanted), dtype=bool)
    row_of = _hashes(current, incoming.schema.names)
    changed = known & (row_of[order][inside] != _hashes(incoming, incoming.schema.names)) if len(row_of) else known
    return pa.array(known), pa.array(changed)


def _hashes(table: pa.Table, columns: Sequence[str]) -> Any:
    batches = table.select(list(columns)).combine_chunks().to_batches()
    return np.concatenate([row_hashes(batch) for batch in batches]) if batches else np.zeros(0, dtype=np.uint64)


def _opened(table: pa.Table, now: dt.datetime) -> pa.Table:
    count = table.num_rows
    columns = {
        VALID_FROM: pa.array([now] * count, _INSTANT),
        VALID_TO: pa.nulls(count, _INSTANT),
        IS_CURRENT: pa.array([True] * count, pa.bool_()),
    }
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


def _marked(table: pa.Table, closes: bool) -> pa.Table:
    return table.append_column(_CLOSES, pa.array([closes] * table.num_rows, pa.bool_()))
