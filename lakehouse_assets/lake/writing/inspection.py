"""One look at the rows before they are written: do they lie in their partitions, how many are they, what is in them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lakehouse_assets.lake.errors import OutsidePartitionError
from lakehouse_assets.lake.partitioning.membership import OUTSIDE, Membership
from lakehouse_assets.lake.partitioning.partitions import PartitionScope, python_value
from lakehouse_assets.lake.versions.content import ContentSum, batch_content, batch_content_by_group
from lakehouse_assets.lake.writing.commit import Provenance

SHOWN_VALUES = 5


@dataclass(frozen=True)
class Inspection:
    """What a set of rows holds, for each partition of its scope; an unpartitioned table has the one key ``""``."""

    contents: dict[str, ContentSum]

    @property
    def total(self) -> ContentSum:
        """The content of all partitions together."""
        total = ContentSum()
        for content in self.contents.values():
            total += content
        return total


def inspect(
    batches: Iterable[pa.RecordBatch], scope: PartitionScope | None, provenance: Provenance, uri: str
) -> Inspection:
    """Reads all rows once and tells what is in them, partition by partition.

    Raises:
        OutsidePartitionError: when rows lie outside the scope, with how many, and some of their values.
    """
    if scope is None:
        total = ContentSum()
        for batch in batches:
            total += batch_content(batch)
        return Inspection({"": total})
    membership = Membership(scope)
    totals = [ContentSum()] * len(scope.keys)
    outside = _Outside(scope)
    for batch in batches:
        places = membership.places(batch)
        outside.note(batch, places == OUTSIDE)
        if outside.count:
            continue
        for place, content in enumerate(batch_content_by_group(batch, places, len(scope.keys))):
            if content.rows:
                totals[place] += content
    outside.refuse(provenance, uri)
    return Inspection(dict(zip(scope.keys, totals, strict=True)))


class _Outside:
    """Rows outside the run's partitions: their number, and a few of their values."""

    def __init__(self, scope: PartitionScope) -> None:
        self._scope = scope
        self.count = 0
        self._shown: dict[str, None] = {}

    def note(self, batch: pa.RecordBatch, outside: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
        found = int(outside.sum())
        if not found:
            return
        self.count += found
        few = batch.select(self._scope.columns).filter(pa.array(outside)).slice(0, 1000)
        for row in few.to_pylist():
            if len(self._shown) == SHOWN_VALUES:
                return
            self._shown[", ".join(f"{name} = {python_value(value)}" for name, value in row.items())] = None

    def refuse(self, provenance: Provenance, uri: str) -> None:
        if self.count:
            raise OutsidePartitionError(
                f"{provenance.who()}: {self.count} rows lie outside the run's partitions, for example with "
                f"{'; '.join(self._shown)}. The run writes only rows where {self._scope.predicate()}. Nothing was "
                f"written to {uri}. Return only the rows of context.partition_key (or of the run's range), or correct "
                "partition_expr."
            )
