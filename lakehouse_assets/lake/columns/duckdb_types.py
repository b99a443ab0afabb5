"""The names of Arrow's types in DuckDB."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from lakehouse_assets.lake.partitioning.predicate import quoted_text

_NAMES = {
    pa.bool_(): "BOOLEAN",
    pa.int8(): "TINYINT",
    pa.int16(): "SMALLINT",
    pa.int32(): "INTEGER",
    pa.int64(): "BIGINT",
    pa.float32(): "FLOAT",
    pa.float64(): "DOUBLE",
    pa.string(): "VARCHAR",
    pa.binary(): "BLOB",
    pa.date32(): "DATE",
    pa.timestamp("us"): "TIMESTAMP",
    pa.timestamp("us", "UTC"): "TIMESTAMPTZ",
}


def duckdb_type(kind: pa.DataType) -> str:
    """The DuckDB type that holds a column as Delta gives it back.

    Raises:
        TypeError: for a type that Delta does not have.
    """
    if kind in _NAMES:
        return _NAMES[kind]
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    if pa.types.is_list(kind):
        return f"{duckdb_type(kind.value_type)}[]"
    if pa.types.is_map(kind):
        return f"MAP({duckdb_type(kind.key_type)}, {duckdb_type(kind.item_type)})"
    if pa.types.is_struct(kind):
        fields = [f'"{field.name}" {duckdb_type(field.type)}' for field in kind]
        return f"STRUCT({', '.join(fields)})"
    raise TypeError(f"Delta has no type {kind}.")


def columns_by_name(fields: Iterable[pa.Field], same_for_all: Mapping[str, bool] | None = None) -> str:
    """DuckDB's ``schema`` option: it takes these columns from each file by name, null where a file has none.

    ``same_for_all`` adds columns that no file has, with the value that all rows get.
    """
    columns = [(field.name, duckdb_type(field.type), "NULL") for field in fields]
    columns += [(name, "BOOLEAN", str(value).lower()) for name, value in (same_for_all or {}).items()]
    texts = [
        f"{quoted_text(name)}: {{'name': {quoted_text(name)}, 'type': {quoted_text(kind)}, 'default_value': {value}}}"
        for name, kind, value in columns
    ]
    return f"MAP{{{', '.join(texts)}}}"
