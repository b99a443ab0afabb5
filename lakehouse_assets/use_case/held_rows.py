"""Rows that are read once and asked for day by day: a run of many days asks what each of them tells by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from lakehouse_assets.use_case.observations import Days, Source

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class HeldRows(Source):
    """A source with some days of some tables in memory, each in the order of its days; it reads no other."""

    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    days: Mapping[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def of(cls, source: Source, names: Iterable[str], days: Days) -> HeldRows:
        """Read the tables once."""
        tables, held = {}, {}
        for name in dict.fromkeys(names):
            rows = source.read(name, days)
            if "day" in rows.column_names:
                at = rows["day"].to_numpy().astype("datetime64[D]")
                order = np.argsort(at, kind="stable")
                rows, held[name] = rows.take(order).combine_chunks(), at[order]
            tables[name] = rows
        return cls(source.lake, source.versions, tables, held)

    def read(self, table: str, days: Days, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of a table on some days, both ends named; all rows where it has no days."""
        rows = self.tables[table]
        if table in self.days:
            at = self.days[table]
            first = int(np.searchsorted(at, np.datetime64(days.first), side="left"))
            behind = int(np.searchsorted(at, np.datetime64(days.last), side="right"))
            rows = rows.slice(first, behind - first)
        return rows if columns is None else rows.select(list(columns))
