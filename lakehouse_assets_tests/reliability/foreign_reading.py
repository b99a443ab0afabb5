"""Reading a table that others wrote by every way of reading there is."""

import datetime as dt
from typing import Any

import duckdb
import pytest

from lakehouse_assets.lake.errors import StorageError, UnreadableTableError
from lakehouse_assets.lake.table import Lake

KEY = ["foreign"]
D1, D2 = dt.date(2024, 1, 1), dt.date(2024, 1, 2)


def every_way(lake: Lake, where: dict[str, Any] | None = None, version: int | None = None) -> list[tuple[Any, ...]]:
    """The rows, seen to be the same by every way of reading."""
    read = lake.read(KEY, where=where, version=version)
    names = read.schema.names
    expected = in_order([tuple(row.values()) for row in read.to_pylist()])
    streamed = lake.stream(KEY, where=where, version=version).read_all()
    assert in_order([tuple(row.values()) for row in streamed.to_pylist()]) == expected
    assert in_order([_utc(row) for row in lake.read_duckdb(KEY, where=where, version=version).fetchall()]) == expected
    filtered = lake.read_duckdb(KEY, where=where, version=version).filter(duckdb.ConstantExpression(True))
    assert filtered.aggregate("count(*)").fetchall() == [(len(expected),)]
    frame = lake.read_pandas(KEY, where=where, version=version)
    assert [frame[name].isna().sum() for name in names] == [read[name].null_count for name in names]
    assert lake.row_count(KEY, where=where, version=version) == len(expected)
    for place, name in enumerate(names):
        one = lake.read(KEY, columns=[name], where=where, version=version)
        assert in_order(one[name].to_pylist()) == in_order([row[place] for row in expected])
    return expected


def in_order(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=repr)


def _utc(row: tuple[Any, ...]) -> tuple[Any, ...]:
    zoned = [value.astimezone(dt.UTC) if isinstance(value, dt.datetime) and value.tzinfo else value for value in row]
    return tuple(zoned)


def refused(lake: Lake, match: str) -> None:
    """Refused by every way of reading, with the table's place."""
    for way in (lake.read, lake.stream, lake.read_pandas, lake.read_duckdb, lake.row_count, lake.content_version):
        with pytest.raises((UnreadableTableError, StorageError), match=match) as caught:
            way(KEY)
        assert lake.table_uri(KEY) in str(caught.value)
