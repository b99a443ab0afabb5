"""What is promised of a table before it is written, and whether rows and table keep it.

The lake does not know where a promise comes from (a contract, say): it gets a ``TablePromise`` and holds writes to it.
Rows that break it are refused before anything is written. The table itself refuses what others write: required columns
are not nullable, limits are Delta CHECK constraints.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse_assets.lake.columns.delta_types import delta_type
from lakehouse_assets.lake.columns.fitting import may_fit
from lakehouse_assets.lake.columns.schema import SchemaChange
from lakehouse_assets.lake.errors import PromiseBrokenError, SchemaChangedError
from lakehouse_assets.lake.partitioning.predicate import literal, quoted
from lakehouse_assets.lake.writing.commit import Provenance

CONSTRAINT_PREFIX = "contract_"
"""Constraints of this name are ours: they follow the promise. Others are left alone."""
SHOWN_VALUES = 5
GATHERED_ROWS = 65_536


@dataclass(frozen=True)
class Limits:
    """The least and the greatest value that a column may hold; null is no value."""

    minimum: float | None = None
    maximum: float | None = None

    def words(self) -> str:
        """The limits for people."""
        low = f"at least {_digits(self.minimum)}" if self.minimum is not None else ""
        high = f"at most {_digits(self.maximum)}" if self.maximum is not None else ""
        return " and ".join(words for words in (low, high) if words)


@dataclass(frozen=True)
class TablePromise:
    """The table as promised.

    Attributes:
        schema: Columns in Delta's types; ``nullable=False`` for required ones; field metadata (``comment``) goes along.
        source: Where the promise stands, for errors: a file.
        description: What the table holds, for its Delta metadata.
        limits: Column to its limits.
    """

    schema: pa.Schema
    source: str
    description: str | None = None
    limits: Mapping[str, Limits] = field(default_factory=dict)

    def constraints(self, table: pa.Schema | None = None) -> dict[str, str]:
        """Name to SQL of the CHECK constraints that a table needs; those of ``table`` where it is nullable by history.

        A name tells the rule, since the engine rewrites the SQL: a changed limit is a constraint of another name.
        """
        found = {}
        for column, limits in self.limits.items():
            if table is not None and column not in table.names:
                continue  # it comes with the next write
            parts = []
            name = f"{CONSTRAINT_PREFIX}{column}"
            if limits.minimum is not None:
                parts.append(f"{quoted(column)} >= {literal(limits.minimum)}")
                name += f"_min_{_in_name(limits.minimum)}"
            if limits.maximum is not None:
                parts.append(f"{quoted(column)} <= {literal(limits.maximum)}")
                name += f"_max_{_in_name(limits.maximum)}"
            if parts:
                found[name] = f"{quoted(column)} IS NULL OR ({' AND '.join(parts)})"
        for column in self.schema:
            held = table.field(column.name) if table is not None and column.name in table.names else None
            if held is not None and held.nullable and not column.nullable:
                found[f"{CONSTRAINT_PREFIX}{column.name}_required"] = f"{quoted(column.name)} IS NOT NULL"
        return found


def promised_schema(
    rows: pa.Schema, table: pa.Schema | None, promise: TablePromise, provenance: Provenance, uri: str
) -> tuple[pa.Schema, SchemaChange]:
    """The schema to cast rows to, and what it changes in the table (``None``: there is none yet).

    Raises:
        PromiseBrokenError: the rows' columns are not the promised ones.
        SchemaChangedError: the promise has become another one than the table was made by, in a way that would change
            the meaning of what the table holds.
    """
    problems = []
    for wanted in promise.schema:
        if wanted.name not in rows.names:
            problems.append(f"column {wanted.name!r}: expected {wanted.type}, found no such column")
        elif not may_fit(delta_type(rows.field(wanted.name).type), wanted.type):
            problems.append(f"column {wanted.name!r}: expected {wanted.type}, found {rows.field(wanted.name).type}")
    problems += [
        f"column {name!r}: expected no such column, found {rows.field(name).type}"
        for name in rows.names
        if name not in promise.schema.names
    ]
    if problems:
        raise PromiseBrokenError(
            f"{provenance.who()}, table {uri}: what the asset returned does not fit its contract {promise.source}: "
            f"{'; '.join(problems)}. Nothing was written. Return the promised columns, or change the contract."
        )
    if table is None:
        return promise.schema, SchemaChange()
    refused = table_misfits(table, promise)
    if refused:
        raise SchemaChangedError(
            f"{provenance.who()}, table {uri}: the table was made by another contract than {promise.source} now is: "
            f"{'; '.join(refused)}. Nothing was written. Take the change back, or remove the table's folder and "
            "materialise all partitions anew (an unpartitioned asset: one run with the run tag "
            "lakehouse/schema_mode=overwrite)."
        )
    in_its_order = [promise.schema.field(name) for name in table.names]
    new = [column for column in promise.schema if column.name not in table.names]
    return pa.schema([*in_its_order, *new]), SchemaChange(added=tuple(column.name for column in new))


def table_misfits(table: pa.Schema, promise: TablePromise) -> list[str]:
    """How a table differs from its promise in ways that no write mends, in words; a new nullable column is mended."""
    found = []
    for wanted in promise.schema:
        if wanted.name not in table.names:
            if not wanted.nullable:
                found.append(
                    f"column {wanted.name!r} ({wanted.type}) is new and required, and the rows that are there have no "
                    "value for it: promise it as nullable first"
                )
        elif table.field(wanted.name).type != wanted.type:
            found.append(
                f"column {wanted.name!r} is {table.field(wanted.name).type} in the table, promised {wanted.type}"
            )
    found += [
        f"column {name!r} ({table.field(name).type}) of the table is no longer promised"
        for name in table.names
        if name not in promise.schema.names
    ]
    return found


def hold_to(promise: TablePromise, batches: Iterable[pa.RecordBatch], provenance: Provenance, uri: str) -> None:
    """Looks at all rows, once, for required values that are missing and values beyond their limits.

    Raises:
        PromiseBrokenError: per column what was expected, how many rows break it, and some of the values found.
    """
    required = [column.name for column in promise.schema if not column.nullable]
    found: dict[str, tuple[str, int, list[Any]]] = {}
    for rows in _gathered(batches):
        for name in (name for name in required if name in rows.column_names):
            if rows[name].null_count:
                _add(found, name, "a value", rows[name].null_count, ["null"])
        for name, limits in promise.limits.items():
            beyond = _beyond(rows[name], limits) if name in rows.column_names else None
            if beyond is not None:
                _add(found, name, limits.words(), len(beyond), beyond.slice(0, SHOWN_VALUES).to_pylist())
    if found:
        told = [
            f"column {name!r}: expected {expected}, found {count} rows with {', '.join(map(str, values))}"
            for name, (expected, count, values) in found.items()
        ]
        raise PromiseBrokenError(
            f"{provenance.who()}, table {uri}: rows break the contract {promise.source}: {'; '.join(told)}. "
            "Nothing was written. Set these rows aside before returning them (contracts.conform does), mend what made "
            "them, or change the contract."
        )


def _gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Batches together: 200 days are 200 small ones, and a call per batch and column cost two CPU-seconds."""
    kept: list[pa.RecordBatch] = []
    for batch in batches:
        kept.append(batch)
        if sum(one.num_rows for one in kept) >= GATHERED_ROWS:
            yield pa.Table.from_batches(kept)
            kept = []
    if kept:
        yield pa.Table.from_batches(kept)


def _beyond(column: pa.ChunkedArray, limits: Limits) -> pa.ChunkedArray | None:
    """The values outside the limits; None where there are none."""
    ends = pc.min_max(column)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    # The table's constraint lets no NaN pass: it compares as greater than every number.
    floats = pa.types.is_floating(column.type)
    not_a_number = floats and bool(pc.any(pc.is_nan(column)).as_py())
    too_low = limits.minimum is not None and low is not None and low < limits.minimum
    too_high = limits.maximum is not None and high is not None and high > limits.maximum
    if not (too_low or too_high or not_a_number):
        return None
    outside = pc.is_nan(column) if floats else pc.not_equal(column, column)
    if limits.minimum is not None:
        outside = pc.or_(outside, pc.less(column, limits.minimum))
    if limits.maximum is not None:
        outside = pc.or_(outside, pc.greater(column, limits.maximum))
    return column.filter(outside)


def _add(found: dict[str, tuple[str, int, list[Any]]], name: str, expected: str, count: int, values: list[Any]) -> None:
    _, before, shown = found.get(name, (expected, 0, []))
    together = list(dict.fromkeys([*shown, *values]))[:SHOWN_VALUES]
    found[name] = (expected, before + count, together)


def _digits(limit: float) -> str:
    """The limit in words, short where that is exact: two limits must never read alike."""
    short = f"{limit:g}"
    return short if float(short) == limit else repr(limit)


def _in_name(limit: float) -> str:
    return _digits(limit).replace("-", "minus_").replace(".", "_").replace("+", "")
