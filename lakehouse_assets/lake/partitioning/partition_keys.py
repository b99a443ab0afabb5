"""What a partition key is as a value: a whole number or a date, where each key is its own and no other's.

``1`` and ``01``, or ``2024-01-01`` and ``20240101``, are two partitions to Dagster and one value in a column: each
would overwrite the other's rows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache

import dagster as dg

from lakehouse_assets.lake.errors import PartitionTypeError


def whole_number(key: str, definition: dg.PartitionsDefinition, column: str, asset: str) -> int:
    """The number that a key is.

    Raises:
        PartitionTypeError: it is none, or another key is the same number.
    """
    try:
        number = int(key)
    except ValueError as error:
        raise PartitionTypeError(
            f"Asset {asset}: column {column!r} is an integer, but partition key {key!r} is not. Give the partitions "
            'keys that are numbers (for days fmt="%Y%m%d"), or use a date or text column.'
        ) from error
    _refuse_another(key, number, int, definition, column, asset)
    return number


def iso_date(key: str, definition: dg.PartitionsDefinition, column: str, asset: str) -> dt.date:
    """The day that a key of a static or dynamic partition is.

    Raises:
        PartitionTypeError: it is none, or another key is the same day.
    """
    try:
        day = dt.date.fromisoformat(key)
    except ValueError as error:
        raise PartitionTypeError(
            f"Asset {asset}: column {column!r} is a date, but partition key {key!r} is no ISO date. "
            "Use a text column that holds the partition key."
        ) from error
    _refuse_another(key, day, dt.date.fromisoformat, definition, column, asset)
    return day


def _refuse_another(
    key: str,
    value: int | dt.date,
    read: Callable[[str], int | dt.date],
    definition: dg.PartitionsDefinition,
    column: str,
    asset: str,
) -> None:
    """Refuses a key whose value is another key's too; time partitions have one spelling each."""
    # The keys of dynamic partitions are not known here, so these must be spelled as the value itself is.
    if isinstance(definition, dg.StaticPartitionsDefinition):
        alike = _by_value(tuple(definition.get_partition_keys()), read).get(value, [])
        others = [other for other in alike if other != key]
    elif isinstance(definition, dg.DynamicPartitionsDefinition) and str(value) != key:
        others = [str(value)]
    else:
        others = []
    if others:
        raise PartitionTypeError(
            f"Asset {asset}: in column {column!r} partition key {key!r} is the same value ({value}) as key "
            f"{', '.join(map(repr, others))}, so that each would overwrite the other's rows. Spell keys in one way "
            "only, without leading zeros, or use a text column that holds the partition key."
        )


@lru_cache(maxsize=64)
def _by_value(keys: tuple[str, ...], read: Callable[[str], int | dt.date]) -> dict[int | dt.date, list[str]]:
    """All keys of a definition by the value that each is; read once for a run over many of them."""
    found: dict[int | dt.date, list[str]] = {}
    for key in keys:
        with suppress(ValueError):  # told when a run is for that key
            found.setdefault(read(key), []).append(key)
    return found
