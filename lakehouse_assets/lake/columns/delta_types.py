"""The types in which Delta keeps what Arrow brings, and those that it has no place for."""

from __future__ import annotations

import pyarrow as pa


def delta_type(kind: pa.DataType) -> pa.DataType:  # noqa: C901 - one line a type
    """The Arrow type in which Delta gives back what was written as ``kind``."""
    types = pa.types
    if types.is_dictionary(kind) or types.is_run_end_encoded(kind):
        return delta_type(kind.value_type)
    if isinstance(kind, pa.BaseExtensionType):
        return delta_type(kind.storage_type)
    if types.is_decimal(kind) and kind.precision <= 38:
        return pa.decimal128(kind.precision, kind.scale)
    if types.is_large_string(kind) or types.is_string_view(kind):
        return pa.string()
    if types.is_large_binary(kind) or types.is_fixed_size_binary(kind) or types.is_binary_view(kind):
        return pa.binary()
    if types.is_timestamp(kind):
        return pa.timestamp("us", "UTC" if kind.tz else None)
    if types.is_date64(kind):
        return pa.date32()
    if types.is_unsigned_integer(kind):
        return {8: pa.int16(), 16: pa.int32(), 32: pa.int64(), 64: pa.int64()}[kind.bit_width]
    if types.is_float16(kind):
        return pa.float32()
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind) or types.is_list_view(kind):
        return pa.list_(pa.field("element", delta_type(kind.value_type)))
    if types.is_struct(kind):
        return pa.struct([pa.field(field.name, delta_type(field.type), field.nullable) for field in kind])
    if types.is_map(kind):
        return pa.map_(delta_type(kind.key_type), delta_type(kind.item_type))
    return kind


def delta_schema(schema: pa.Schema) -> pa.Schema:
    """The schema in which Delta gives back rows of ``schema``; column metadata (pandas's) is dropped."""
    return pa.schema([pa.field(field.name, delta_type(field.type), field.nullable) for field in schema])


def has_no_place(kind: pa.DataType) -> bool:
    """Whether Delta has no type for it: times of day, durations, intervals, unions, decimals of over 38 digits."""
    types = pa.types
    if types.is_nested(kind):
        children = [kind.field(place).type for place in range(kind.num_fields)]
        return types.is_union(kind) or any(has_no_place(child) for child in children)
    return bool(types.is_time(kind) or types.is_duration(kind) or types.is_interval(kind) or types.is_decimal256(kind))


def is_typeless(kind: pa.DataType) -> bool:
    """Whether it holds nothing but nulls of no type."""
    if pa.types.is_nested(kind):
        return any(is_typeless(kind.field(place).type) for place in range(kind.num_fields))
    return bool(pa.types.is_null(kind))
