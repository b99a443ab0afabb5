"""The lake for code outside of assets: read tables, versions and partitions with no Dagster context."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lakehouse_assets.lake.partitioning.predicate import Where, where_condition
from lakehouse_assets.lake.reading.reads import note_in_current_step
from lakehouse_assets.lake.reading.snapshots import open_to_read
from lakehouse_assets.lake.storage import StorageOptions, exists, open_table, table_uri

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from deltalake import DeltaTable

    from lakehouse_assets.lake.sandbox import Sandbox

Version = int | str | dt.datetime | None
"""A table's version, a time (ISO text or datetime) to read it at, or ``None`` for now."""


@dataclass(frozen=True)
class Lake:
    """The tables below ``uri``. A table is named by its asset key, ``["harmonized", "turbofan", "cycles"]``.

    ``where`` arguments map a column to a value, a list of values, a ``(low, high)`` tuple (low included, high not), or
    ``None`` for null. All columns' conditions must hold.
    """

    uri: str
    storage_options: StorageOptions = field(default=None, repr=False)

    def table_uri(self, key: Sequence[str]) -> str:
        """Where a table lies."""
        return table_uri(self.uri, key)

    def exists(self, key: Sequence[str]) -> bool:
        """Whether the table is there."""
        return exists(self.table_uri(key), self.storage_options)

    def open(self, key: Sequence[str], version: Version = None) -> DeltaTable:
        """The Delta table itself.

        Raises:
            MissingTableError: when it, or that version of it, is not there.
        """
        return open_table(self.table_uri(key), self.storage_options, version)

    def _to_read(self, key: Sequence[str], version: Version) -> DeltaTable:
        """The same, to be read only, and noted as an input of the step that reads it, if one runs here."""
        table = open_to_read(self.table_uri(key), self.storage_options, version)
        note_in_current_step("/".join(key), int(table.version()))
        return table

    def version(self, key: Sequence[str]) -> int:
        """The table's newest version."""
        return int(self.open(key).version())

    def schema(self, key: Sequence[str], version: Version = None) -> pa.Schema:
        """The table's columns."""
        from lakehouse_assets.lake.reading.read import table_schema

        return table_schema(self.open(key, version))

    def read(
        self,
        key: Sequence[str],
        *,
        columns: Sequence[str] | None = None,
        where: Where | None = None,
        version: Version = None,
    ) -> pa.Table:
        """Rows as an Arrow table; only the columns and files that are needed are read."""
        return self.stream(key, columns=columns, where=where, version=version).read_all()

    def stream(
        self,
        key: Sequence[str],
        *,
        columns: Sequence[str] | None = None,
        where: Where | None = None,
        version: Version = None,
    ) -> pa.RecordBatchReader:
        """Rows as an Arrow stream, in bounded memory."""
        from lakehouse_assets.lake.reading.read import checked_columns, read_stream

        table = self._to_read(key, version)
        return read_stream(table, checked_columns(table, columns, "A reader"), where_condition(where))

    def read_pandas(
        self,
        key: Sequence[str],
        *,
        columns: Sequence[str] | None = None,
        where: Where | None = None,
        version: Version = None,
    ) -> Any:
        """Rows as a pandas frame, in the types that the IO manager gives."""
        from lakehouse_assets.lake.reading.read import to_pandas

        return to_pandas(self.read(key, columns=columns, where=where, version=version))

    def read_duckdb(
        self,
        key: Sequence[str],
        *,
        columns: Sequence[str] | None = None,
        where: Where | None = None,
        version: Version = None,
    ) -> duckdb.DuckDBPyRelation:
        """Rows as a lazy relation on DuckDB's default connection."""
        from lakehouse_assets.lake.reading.read import checked_columns
        from lakehouse_assets.lake.reading.relation import to_duckdb

        table = self._to_read(key, version)
        return to_duckdb(table, checked_columns(table, columns, "A reader"), where_condition(where))

    def row_count(self, key: Sequence[str], *, where: Where | None = None, version: Version = None) -> int:
        """How many rows the table holds."""
        from lakehouse_assets.lake.reading.read import checked_columns, read_stream
        from lakehouse_assets.lake.reading.statistics import counted_rows

        table = self._to_read(key, version)
        counted = counted_rows(table) if where is None else None
        if counted is not None:
            return counted
        columns = sorted(where) if where else checked_columns(table, None, "A reader")[:1]
        return sum(batch.num_rows for batch in read_stream(table, columns, where_condition(where)))

    def partition_values(self, key: Sequence[str], version: Version = None) -> list[dict[str, Any]]:
        """The values of the table's partition columns, sorted, one dict a partition; empty without such columns."""
        import pyarrow as pa

        table = self._to_read(key, version)
        columns = table.metadata().partition_columns
        if not columns:
            return []
        actions = pa.table(table.get_add_actions(flatten=True))
        parts = pa.table({column: actions[f"partition.{column}"] for column in columns})
        distinct = parts.group_by(columns).aggregate([]).sort_by([(column, "ascending") for column in columns])
        rows: list[dict[str, Any]] = distinct.to_pylist()
        return rows

    def content_version(self, key: Sequence[str], *, where: Where | None = None, version: Version = None) -> str:
        """The content version of the rows: the same text for the same rows, whatever the files."""
        from lakehouse_assets.lake.versions.content import ContentSum, batch_content

        total = ContentSum()
        for batch in self.stream(key, where=where, version=version):
            total += batch_content(batch)
        return total.version()

    def sandbox(self, name: str) -> Sandbox:
        """A living explorative sandbox: tables at the versions that it was made of.

        Raises:
            SandboxError: there is none of that name, or it has ended.
        """
        from lakehouse_assets.lake.sandbox import open_sandbox

        return open_sandbox(self, name)
