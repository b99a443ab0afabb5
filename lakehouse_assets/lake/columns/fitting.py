"""Whether values of one type can be kept in a column of another without losing what they mean."""

from __future__ import annotations

import pyarrow as pa


def may_fit(found: pa.DataType, expected: pa.DataType) -> bool:
    """Whether values can keep their meaning in the table's type; each value is still checked when it is cast."""
    if found == expected or pa.types.is_null(found):
        return True
    if pa.types.is_decimal(found) and pa.types.is_decimal(expected):
        return True
    if _is_number(found) and _is_number(expected):  # pandas turns whole numbers with gaps into floats
        return bool(not _is_narrower_float(found, expected))
    if pa.types.is_date(expected) and found == pa.timestamp("us"):  # pandas has no dates, only midnights
        return True
    return _nested_may_fit(found, expected)


def _nested_may_fit(found: pa.DataType, expected: pa.DataType) -> bool:
    """The same of lists, maps and structs, whose fields must be the table's: Arrow casts them by dropping what the
    table lacks, filling what the rows lack and reading text as times, all without a word.
    """
    types = pa.types
    if types.is_struct(found) and types.is_struct(expected):
        names = [field.name for field in found]
        same = sorted(names) == sorted(field.name for field in expected)
        return same and all(_inner_may_fit(field.type, expected.field(field.name).type) for field in found)
    if types.is_list(found) and types.is_list(expected):
        return _inner_may_fit(found.value_type, expected.value_type)
    if types.is_map(found) and types.is_map(expected):
        return _inner_may_fit(found.key_type, expected.key_type) and _inner_may_fit(found.item_type, expected.item_type)
    return False


def _inner_may_fit(found: pa.DataType, expected: pa.DataType) -> bool:
    """Whether each value in there is checked too; that a time is midnight is looked at in whole columns only."""
    return may_fit(found, expected) and not (pa.types.is_date(expected) and pa.types.is_timestamp(found))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _is_narrower_float(found: pa.DataType, expected: pa.DataType) -> bool:
    """Whether digits would be cut off without Arrow noticing."""
    both = pa.types.is_floating(found) and pa.types.is_floating(expected)
    return bool(both and found.bit_width > expected.bit_width)
