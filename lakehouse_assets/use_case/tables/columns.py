"""Columns of the tables that every use case makes, in the words of a contract."""

from __future__ import annotations

from lakehouse_assets.contracts.contract import Column
from lakehouse_assets.use_case.declaring.declared_table import ColumnNote


def column(
    name: str,
    kind: str,
    description: str,
    unit: str | None = None,
    *,
    required: bool = False,
    primary_key: bool = False,
    partitioned: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Column:
    """A promised column; a key is required whatever is said."""
    return Column(
        name, kind, description, unit, required or primary_key, primary_key, minimum, maximum, partitioned=partitioned
    )  # fmt: skip


def noted(name: str, note: ColumnNote, *, primary_key: bool = False, required: bool = False) -> Column:
    """A column as the use case's YAML notes it."""
    return column(
        name,
        note.type,
        note.description,
        note.unit,
        required=required,
        primary_key=primary_key,
        minimum=note.minimum,
        maximum=note.maximum,
    )


#: The daily partition.
DAY = column("day", "date", "Day whose rows this is made from; the partition.", primary_key=True, partitioned=True)
