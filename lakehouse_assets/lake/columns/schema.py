"""Whether rows fit a table, and what becomes of them if not quite.

Whatever the mode, values are only ever cast to a type that holds each of them exactly. What differs is what may
happen to the table: *strict* leaves it as it is and refuses more or fewer columns, *merge* adds new columns and fills
missing ones with null, *overwrite* gives it the rows' columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse_assets.lake.columns.delta_types import delta_schema, delta_type, has_no_place, is_typeless
from lakehouse_assets.lake.columns.fitting import may_fit
from lakehouse_assets.lake.errors import SchemaChangedError
from lakehouse_assets.lake.settings import SchemaMode


@dataclass(frozen=True)
class SchemaChange:
    """How the rows' columns differ from the table's and what was done about it, for metadata and the commit.

    ``added``, ``dropped`` and ``retyped`` change the table. ``filled`` (columns that the rows lack, stored as null) and
    ``fitted`` (columns whose values were stored in the table's type) do not.
    """

    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    retyped: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    fitted: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.added or self.dropped or self.retyped or self.filled or self.fitted)

    def describe(self) -> str:
        """The change in one line."""
        parts = [
            f"{verb} {', '.join(columns)}"
            for verb, columns in (
                ("added", self.added),
                ("dropped", self.dropped),
                ("retyped", self.retyped),
                ("filled with null", self.filled),
                ("kept in the table's type", self.fitted),
            )
            if columns
        ]
        return "; ".join(parts) or "none"


def new_table_schema(schema: pa.Schema, asset: str) -> pa.Schema:
    """The schema of a table that these rows create.

    Raises:
        SchemaChangedError: when a column holds nothing but nulls of no type, or a type, or a name, that Delta lacks.
    """
    if not schema.names:
        raise SchemaChangedError(
            f"Asset {asset} returned no columns, so its table cannot be created. Return an empty frame with columns "
            'and types, for example df.astype({"x": "float64"}).'
        )
    typeless = [field.name for field in schema if is_typeless(field.type)]
    if typeless:
        raise SchemaChangedError(
            f"Asset {asset}: column {', '.join(typeless)} has only nulls and no type, so its table cannot be created. "
            'Give it a type, for example df["x"].astype("float64") or an Arrow schema.'
        )
    doubled = sorted({name for name in schema.names if schema.names.count(name) > 1})
    if doubled:
        raise SchemaChangedError(f"Asset {asset}: column name {', '.join(doubled)} is there twice. Rename one.")
    lower = [name.lower() for name in schema.names]
    alike = [name for name in schema.names if lower.count(name.lower()) > 1]
    if alike:
        raise SchemaChangedError(
            f"Asset {asset}: columns {', '.join(alike)} differ by case only, which Delta does not tell apart. "
            "Rename one."
        )
    stored = delta_schema(schema)
    homeless = [f"{field.name} ({field.type})" for field in stored if has_no_place(field.type)]
    if homeless:
        raise SchemaChangedError(
            f"Asset {asset}: Delta has no type for column {', '.join(homeless)}. Store a duration as a number with its "
            "unit in the name, a time of day as text or with its date, a wider decimal as decimal128(38, …)."
        )
    return stored


def reconciled(
    rows: pa.Schema, table: pa.Schema, mode: SchemaMode, asset: str, uri: str
) -> tuple[pa.Schema, SchemaChange]:
    """The schema to cast rows to before they are written to an existing table, and what differs.

    Raises:
        SchemaChangedError: with each difference and the ways out, when the mode does not allow it.
    """
    if mode == SchemaMode.OVERWRITE:
        wanted = new_table_schema(_typed_like(rows, table), asset)
        return wanted, _difference(wanted, table)
    added = [field for field in rows if field.name not in table.names]
    missing = [name for name in table.names if name not in rows.names]
    problems = _type_problems(rows, table)
    if mode == SchemaMode.STRICT:
        problems += [f"column {field.name!r} ({field.type}) is not in the table" for field in added]
        problems += [f"column {name!r} ({table.field(name).type}) of the table is missing" for name in missing]
    else:
        problems += [f"column {name!r} is missing and may not be null" for name in missing if _needed(table, name)]
    if problems:
        raise SchemaChangedError(_refusal(problems, mode, asset, uri))
    target = new_table_schema(pa.schema([*table, *[pa.field(one.name, one.type) for one in added]]), asset)
    fitted = tuple(
        f"{field.name} ({delta_type(field.type)} to {table.field(field.name).type})"
        for field in rows
        if field.name in table.names
        and not pa.types.is_null(field.type)
        and delta_type(field.type) != table.field(field.name).type
    )
    return target, SchemaChange(tuple(field.name for field in added), filled=tuple(missing), fitted=fitted)


def of_no_rows(rows: pa.Schema, table: pa.Schema) -> pa.Schema:
    """The columns of a frame without rows, in the table's types: pandas gives such a frame no types worth the name.

    A frame without columns has the table's.
    """
    if not rows.names:
        return table
    return pa.schema([table.field(field.name) if field.name in table.names else field for field in rows])


def cast_batch(batch: pa.RecordBatch, target: pa.Schema, asset: str, uri: str) -> pa.RecordBatch:
    """A batch with the target's columns in its order and types; a missing column is null.

    Raises:
        SchemaChangedError: when a value does not fit the column's type exactly.
    """
    columns = []
    for field in target:
        if field.name not in batch.schema.names:
            columns.append(pa.nulls(batch.num_rows, field.type))
            continue
        column = batch.column(field.name)
        columns.append(column if column.type == field.type else _cast(column, field, asset, uri))
    return pa.RecordBatch.from_arrays(columns, schema=target)


def _cast(column: pa.Array, field: pa.Field, asset: str, uri: str) -> pa.Array:
    # Delta keeps microseconds. A time's nanoseconds are cut off, as every Delta writer does; nothing else is lossy.
    lossless = not (pa.types.is_timestamp(column.type) and pa.types.is_timestamp(field.type))
    try:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_run_end_encoded(column.type):
            column = pc.run_end_decode(column)
        if isinstance(column.type, pa.BaseExtensionType):
            column = column.storage
        cast = column.cast(field.type, safe=lossless)
        if pa.types.is_timestamp(column.type) and pa.types.is_date(field.type) and cast.cast(column.type) != column:
            raise pa.ArrowInvalid("times that are not midnight would lose their hours")
        return cast
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SchemaChangedError(
            f"Asset {asset}, table {uri}: column {field.name!r} has type {field.type} in the table, and the values "
            f"({column.type}) do not all fit it: {error}. Correct the values, or rewrite the whole table with "
            'metadata {"schema_mode": "overwrite"} to change the type.'
        ) from error


def _typed_like(rows: pa.Schema, table: pa.Schema) -> pa.Schema:
    """Columns without a type (all null) take the table's."""
    return pa.schema(
        [
            table.field(field.name) if pa.types.is_null(field.type) and field.name in table.names else field
            for field in rows
        ]
    )


def _type_problems(rows: pa.Schema, table: pa.Schema) -> list[str]:
    problems = []
    for field in rows:
        if field.name not in table.names:
            continue
        found, expected = delta_type(field.type), table.field(field.name).type
        if not may_fit(found, expected):
            problems.append(f"column {field.name!r} is {expected} in the table and {found} in the rows")
    return problems


def _needed(table: pa.Schema, name: str) -> bool:
    return not table.field(name).nullable


def _difference(new: pa.Schema, old: pa.Schema) -> SchemaChange:
    return SchemaChange(
        added=tuple(name for name in new.names if name not in old.names),
        dropped=tuple(name for name in old.names if name not in new.names),
        retyped=tuple(
            f"{field.name} ({old.field(field.name).type} to {field.type})"
            for field in new
            if field.name in old.names and old.field(field.name).type != field.type
        ),
    )


def _refusal(problems: list[str], mode: SchemaMode, asset: str, uri: str) -> str:
    ways = 'To replace the table\'s columns by the rows\', set metadata {"schema_mode": "overwrite"}.'
    if mode == SchemaMode.STRICT:
        ways = 'To let columns be added or left out, set metadata {"schema_mode": "merge"}. ' + ways
    return (
        f"Asset {asset}: its rows do not fit table {uri}: {'; '.join(problems)}. Nothing was written. "
        f"Make the rows fit. {ways}"
    )
