"""Content version: one short text that changes exactly when a set of rows changes.

Every value is mixed into 64 bits (splitmix64), a row is the sum over its columns, each under a seed of its name, and
a set of rows is the sum over its rows, taken twice under different mixing, together with their number. Sums make it
independent of the order of rows, columns, batches and files, and let partitions and batches be counted apart and
added. It uses NumPy arithmetic on Arrow buffers only, so it gives the same on every machine and library version.

Widening a column (int32 to int64, float to double) keeps the version, since every value stays what it was. Renaming a
column, or changing the family of its type, changes it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lakehouse_assets.lake.versions.content_values import U64, family_of, mix, seed_of, value_hashes

_CHUNK_ROWS = 32_768  # two such columns of 64 bits stay in the L2 cache


@dataclass(frozen=True)
class ContentSum:
    """The running sums of a set of rows. Add two to get the sums of both sets together."""

    first: int = 0
    second: int = 0
    rows: int = 0

    def __add__(self, other: ContentSum) -> ContentSum:
        """The sums of both sets of rows together."""
        mask = (1 << 64) - 1
        return ContentSum(
            (self.first + other.first) & mask, (self.second + other.second) & mask, self.rows + other.rows
        )

    def version(self) -> str:
        """The content version as text: 32 hexadecimal digits of the rows, then their number."""
        return f"{self.first:016x}{self.second:016x}-{self.rows}"


def table_content(table: pa.Table) -> ContentSum:
    """The content sums of all rows of an Arrow table."""
    total = ContentSum()
    for batch in table.to_batches():
        total += batch_content(batch)
    return total


def batch_content(batch: pa.RecordBatch) -> ContentSum:
    """The content sums of all rows of a record batch."""
    total = ContentSum()
    for start in range(0, batch.num_rows, _CHUNK_ROWS):
        total += sum_rows(row_hashes(batch.slice(start, _CHUNK_ROWS)))
    return total


def batch_content_by_group(batch: pa.RecordBatch, groups: npt.NDArray[np.int64], number: int) -> list[ContentSum]:
    """The content sums of a batch's rows, apart for each group; ``groups`` holds each row's group, below ``number``."""
    totals = [ContentSum()] * number
    for start in range(0, batch.num_rows, _CHUNK_ROWS):
        hashes = row_hashes(batch.slice(start, _CHUNK_ROWS))
        here = groups[start : start + _CHUNK_ROWS]
        order = np.argsort(here, kind="stable")
        present, first = np.unique(here[order], return_index=True)
        for group, part in zip(present.tolist(), np.split(hashes[order], first[1:]), strict=True):
            totals[group] += sum_rows(part)
    return totals


def sum_rows(hashes: U64) -> ContentSum:
    """The content sums of rows by their hashes."""
    first = int(np.add.reduce(hashes, dtype=np.uint64))
    second = int(np.add.reduce(mix(hashes ^ np.uint64(0xD6E8FEB86659FD93)), dtype=np.uint64))
    return ContentSum(first, second, len(hashes))


def row_hashes(batch: pa.RecordBatch) -> U64:
    """One 64-bit hash a row, independent of the order of the columns."""
    total = np.zeros(batch.num_rows, dtype=np.uint64)
    for field, column in zip(batch.schema, batch.columns, strict=True):
        total += mix(value_hashes(column) + seed_of(field.name + "\x00" + family_of(field.type)))
    return mix(total)
