"""Values of every Arrow type as 64 bits each, the same for equal values: what `content` adds up."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

U64 = npt.NDArray[np.uint64]
_NULL = np.uint64(0x9E3779B97F4A7C15)
_BASE = 0x100000001B3 | (0x5BD1E995 << 40)  # odd, so that it has an inverse modulo 2**64
_BASE_INVERSE = pow(_BASE, -1, 1 << 64)


def mix(values: U64) -> U64:
    """The finalizer of splitmix64 (Steele, Lea, Flood 2014): every input bit reaches every output bit."""
    mixed = values >> np.uint64(30)
    mixed ^= values
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    shifted = mixed >> np.uint64(27)
    mixed ^= shifted
    mixed *= np.uint64(0x94D049BB133111EB)
    np.right_shift(mixed, np.uint64(31), out=shifted)
    mixed ^= shifted
    return mixed


def seed_of(text: str) -> np.uint64:
    """64 bits of a name, by which equal values of two columns count apart."""
    return np.uint64(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little"))


def family_of(kind: pa.DataType) -> str:
    """The name of the types that can hold the same values."""
    if pa.types.is_dictionary(kind):
        return family_of(kind.value_type)
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind):
        return "float"
    if pa.types.is_timestamp(kind):
        return "instant" if kind.tz else "wall clock"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "text"
    if _is_bytes(kind):
        return "bytes"
    if pa.types.is_decimal(kind):
        return "decimal"
    if _is_list(kind) or pa.types.is_map(kind):
        return "list"
    if pa.types.is_struct(kind):
        return "struct"
    return str(kind)


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def _is_list(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_fixed_size_list(kind)
        or pa.types.is_list_view(kind)
        or pa.types.is_large_list_view(kind)
    )


def value_hashes(array: pa.Array) -> U64:
    """One 64-bit number a value, the same for equal values of one family; nulls all get one constant."""
    kind = array.type
    if pa.types.is_null(kind):
        return np.full(len(array), _NULL, dtype=np.uint64)
    if pa.types.is_dictionary(kind):
        return _dictionary_values(array)
    values = _valid_values(array)
    if array.null_count:
        valid = array.is_valid().to_numpy(zero_copy_only=False)
        values = np.where(valid, values, _NULL)
    return values


def _dictionary_values(array: Any) -> U64:
    known = value_hashes(array.dictionary)
    codes = array.indices
    if not codes.null_count:
        return _looked_up(known, _numbers(codes))
    return _looked_up(np.append(known, _NULL), _numbers(codes.fill_null(len(known))))


def _looked_up(table: U64, places: npt.NDArray[Any]) -> U64:
    """The table's values at places. Places of the machine's own width first: so it takes half of the time."""
    values: U64 = table.take(places.astype(np.intp))
    return values


def _valid_values(array: pa.Array) -> U64:  # noqa: C901 - one line a type family
    kind = array.type
    if pa.types.is_boolean(kind):
        return _bits(_numbers(array.cast(pa.uint8())).astype(np.int64))
    if pa.types.is_unsigned_integer(kind):
        return _bits(_numbers(array).astype(np.uint64))
    if pa.types.is_integer(kind):
        return _bits(_numbers(array).astype(np.int64))
    if pa.types.is_floating(kind):
        return _float_values(_numbers(array))
    if pa.types.is_timestamp(kind):
        return _bits(_numbers(_microseconds(array)))
    if pa.types.is_date32(kind):
        return _bits(_numbers(array.cast(pa.int32())).astype(np.int64))
    if pa.types.is_decimal(kind):
        return _decimal_values(array)
    if _is_list(kind) or pa.types.is_map(kind):
        return _list_values(array)
    if pa.types.is_struct(kind):
        return _struct_values(array)
    if _is_bytes(kind) or family_of(kind) == "text":
        return _dictionary_values(array.dictionary_encode()) if _repeats(array) else _text_values(array)
    return _text_values(array.cast(pa.string()))  # times, durations, dates with milliseconds


def _numbers(array: pa.Array) -> npt.NDArray[Any]:
    filled = array.fill_null(0) if array.null_count else array
    numbers: npt.NDArray[Any] = filled.to_numpy(zero_copy_only=False)
    return numbers


def _bits(numbers: npt.NDArray[Any]) -> U64:
    bits: U64 = np.ascontiguousarray(numbers).view(np.uint64)
    return bits


def _microseconds(array: pa.Array) -> pa.Array:
    """Whole microseconds, which is what Delta keeps, whatever unit the array came in."""
    unit = pa.timestamp("us", array.type.tz)
    return pc.cast(array, unit, safe=False).cast(pa.int64())


def _float_values(numbers: npt.NDArray[Any]) -> U64:
    doubles = numbers.astype(np.float64) + 0.0  # the sum turns -0.0 into 0.0
    nan = np.isnan(doubles)
    if nan.any():
        doubles[nan] = np.nan  # there are many NaN patterns of bits, and one meaning
    return _bits(doubles)


def _decimal_values(array: Any) -> U64:
    """Hash of the decimal's digits without trailing zeros, so that a wider scale keeps the version."""
    text = pc.utf8_rtrim(array.cast(pa.decimal256(76, array.type.scale)).cast(pa.string()), "0")
    return _text_values(pc.utf8_rtrim(text, ".")) if array.type.scale > 0 else _text_values(array.cast(pa.string()))


def _struct_values(array: Any) -> U64:
    total = np.zeros(len(array), dtype=np.uint64)
    for field, child in zip(array.type, array.flatten(), strict=True):
        total += mix(value_hashes(child) + seed_of(field.name + "\x00" + family_of(field.type)))
    return total


def _list_values(array: Any) -> U64:
    """Hash of the elements in their order, by the same polynomial as text."""
    kind = array.type
    if pa.types.is_map(kind):
        plain = array.cast(pa.list_(pa.struct([("key", kind.key_type), ("value", kind.item_type)])))
    else:
        plain = array.cast(pa.large_list(kind.value_type))
    offsets = plain.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
    elements = mix(value_hashes(plain.values.slice(offsets[0], offsets[-1] - offsets[0])))
    return _spans(elements, offsets - offsets[0])


def _repeats(array: Any) -> bool:
    """Whether text repeats itself so much, by its beginning, that hashing each distinct one once is cheaper."""
    sample = array[:256]
    return len(array) > 1024 and len(sample.unique()) < 64


def _text_values(array: Any) -> U64:
    binary = array.cast(pa.binary()) if pa.types.is_fixed_size_binary(array.type) else array
    if pa.types.is_string_view(binary.type) or pa.types.is_string(binary.type) or pa.types.is_large_string(binary.type):
        binary = binary.cast(pa.large_string())
    else:
        binary = binary.cast(pa.large_binary())
    _, offset_buffer, data_buffer = binary.buffers()
    count = len(binary)
    if count == 0:
        return np.zeros(0, dtype=np.uint64)
    offsets = np.frombuffer(offset_buffer, dtype=np.int64, count=count + 1, offset=8 * binary.offset)
    if data_buffer is None or offsets[-1] == offsets[0]:
        return _spans(np.zeros(0, dtype=np.uint64), offsets - offsets[0])
    data = np.frombuffer(data_buffer, dtype=np.uint8, count=int(offsets[-1] - offsets[0]), offset=int(offsets[0]))
    return _spans(_looked_up(_BYTES, data), offsets - offsets[0])


def _spans(elements: U64, offsets: npt.NDArray[np.int64]) -> U64:
    """Hash of each stretch of elements between two offsets.

    The polynomial sum of element times base to the power of its place, modulo 2**64, for all stretches at once:
    a running sum over everything, differences at the ends, shifted back by the inverse power of the start.
    """
    powers, inverses = _power_tables(len(elements))
    running = np.empty(len(elements) + 1, dtype=np.uint64)
    running[0] = 0
    np.multiply(elements, powers[: len(elements)], out=running[1:])
    np.cumsum(running[1:], out=running[1:])
    starts, ends = offsets[:-1], offsets[1:]
    hashes: U64 = (running[ends] - running[starts]) * inverses[starts]
    return hashes + (ends - starts).astype(np.uint64) * np.uint64(0xA24BAED4963EE407)


_POWERS: list[U64] = []


def _power_tables(length: int) -> tuple[U64, U64]:
    """Powers of the base and of its inverse, for places up to ``length``; kept, since every chunk asks for them."""
    if not _POWERS or len(_POWERS[0]) <= length:
        size = max(1 << 20, 1 << (length + 1).bit_length())
        for base in (_BASE, _BASE_INVERSE):
            steps = np.full(size, base & ((1 << 64) - 1), dtype=np.uint64)
            steps[0] = 1
            np.multiply.accumulate(steps, out=steps)
            _POWERS.append(steps)
        del _POWERS[:-2]
    return _POWERS[-2], _POWERS[-1]


_BYTES: U64 = mix((np.arange(256, dtype=np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15))
