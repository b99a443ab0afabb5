"""What an asset returned, as Arrow batches that can be read more than once.

A write may have to be done again (another writer won), and rows must be checked before the first of them is written.
So a one-way stream is first put aside: the beginning in memory, the rest compressed in a temporary file, which keeps
memory bounded however long the stream is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any

import pyarrow as pa

from lakehouse_assets.lake.errors import UnsupportedTypeError

KEPT_IN_MEMORY = 64 << 20
BATCH_ROWS = 65_536


class Rows:
    """Rows with one schema, which can be read again and again. Use as a context manager: it owns a temporary file."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._spilled: Any = None
        self._open = ExitStack()
        self.schema: pa.Schema = table.schema
        self.num_rows: int = table.num_rows

    @classmethod
    def from_stream(cls, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Rows:
        """Reads the stream to its end, the first 64 MB into memory and what follows to disk."""
        kept: list[pa.RecordBatch] = []
        size = 0
        for batch in batches:
            kept.append(batch)
            size += batch.nbytes
            if size > KEPT_IN_MEMORY:
                break
        rows = cls(pa.Table.from_batches(kept, schema=schema))
        try:
            rows._spill(batches)
        except BaseException:
            rows._open.close()
            raise
        return rows

    def _spill(self, batches: Iterator[pa.RecordBatch]) -> None:
        batch = next(batches, None)
        if batch is None:
            return
        spilled = tempfile.TemporaryFile(prefix="lakehouse-rows-")  # noqa: SIM115 - closed with these rows
        self._spilled = self._open.enter_context(spilled)
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_stream(self._spilled, self.schema, options=options) as writer:
            while batch is not None:
                writer.write_batch(batch)
                self.num_rows += batch.num_rows
                batch = next(batches, None)

    @property
    def in_memory(self) -> pa.Table | None:
        """All rows as one table, or ``None`` when they did not fit into memory."""
        return self._table if self._spilled is None else None

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, from the beginning."""
        yield from self._table.to_batches(max_chunksize=BATCH_ROWS)
        if self._spilled is not None:
            self._spilled.seek(0)
            with pa.ipc.open_stream(pa.PythonFile(self._spilled, mode="r")) as reader:
                yield from reader

    def reader(self) -> pa.RecordBatchReader:
        """All rows, from the beginning, as an Arrow stream."""
        if self._spilled is None:
            return self._table.to_reader(max_chunksize=BATCH_ROWS)
        return pa.RecordBatchReader.from_batches(self.schema, self.batches())

    def mapped(self, schema: pa.Schema, change: Callable[[pa.RecordBatch], pa.RecordBatch]) -> Rows:
        """The rows with each batch changed; those on disk are changed each time that they are read.

        The file stays this one's: use the result inside this one's ``with``.
        """
        if self._spilled is None:
            changed = [change(batch) for batch in self._table.to_batches()]
            return Rows(pa.Table.from_batches(changed, schema=schema))
        return _Mapped(self, schema, change)

    def __enter__(self) -> Rows:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Removes the temporary file."""
        self._open.close()


class _Mapped(Rows):
    """Rows on disk, each batch changed on its way out."""

    def __init__(self, source: Rows, schema: pa.Schema, change: Callable[[pa.RecordBatch], pa.RecordBatch]) -> None:
        super().__init__(schema.empty_table())
        self._source, self._change = source, change
        self.num_rows = source.num_rows

    @property
    def in_memory(self) -> None:
        """None: they are on disk."""

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows, from the beginning."""
        return map(self._change, self._source.batches())

    def reader(self) -> pa.RecordBatchReader:
        """All rows, from the beginning, as an Arrow stream."""
        return pa.RecordBatchReader.from_batches(self.schema, self.batches())


def rows_of(value: Any, asset: str) -> Rows:
    """The rows of whatever an asset returned: a pandas frame, an Arrow table or stream, or a DuckDB relation.

    A pandas index is kept as columns where it has names, and dropped where it has none.

    Raises:
        UnsupportedTypeError: for anything else.
    """
    if isinstance(value, pa.Table):
        return Rows(value)
    if isinstance(value, pa.RecordBatch):
        return Rows(pa.Table.from_batches([value]))
    if isinstance(value, pa.RecordBatchReader):
        return Rows.from_stream(value.schema, iter(value))
    module = type(value).__module__.split(".", maxsplit=1)[0]
    if module == "pandas" and hasattr(value, "columns"):
        return Rows(_from_pandas(value, asset))
    if module in ("duckdb", "_duckdb"):
        stream = value.to_arrow_reader(BATCH_ROWS)
        return Rows.from_stream(stream.schema, iter(stream))
    raise UnsupportedTypeError(
        f"Asset {asset} returned a {type(value).__module__}.{type(value).__qualname__}. The lake stores "
        "pandas.DataFrame, pyarrow.Table, pyarrow.RecordBatchReader and duckdb.DuckDBPyRelation; "
        "return None when the asset has written its table itself."
    )


def _from_pandas(frame: Any, asset: str) -> pa.Table:
    named = [level for level, name in enumerate(frame.index.names) if name is not None]
    if named:
        frame = _with_index_columns(frame, named, asset)
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise UnsupportedTypeError(
            f"Asset {asset} returned a pandas frame that cannot be stored: {'; '.join(map(str, error.args))}. Nothing "
            "was written. Give each column one type and one name, for example with frame.astype."
        ) from error
    return table.replace_schema_metadata(None)


def _with_index_columns(frame: Any, named: list[int], asset: str) -> Any:
    """The frame with the named levels of its index as columns; a level that is a column already must say the same."""
    doubled = [level for level in named if frame.index.names[level] in frame.columns]
    for level in doubled:
        name = frame.index.names[level]
        if not frame.index.get_level_values(level).to_series(index=frame.index).equals(frame[name]):
            raise UnsupportedTypeError(
                f"Asset {asset} returned a pandas frame whose index {name!r} differs from its column {name!r}, so one "
                "would be lost. Nothing was written. Rename one, or drop the index with reset_index(drop=True)."
            )
    left_out = [level for level in range(frame.index.nlevels) if level not in named or level in doubled]
    if len(left_out) == frame.index.nlevels:
        return frame.reset_index(drop=True)
    return (frame.droplevel(left_out) if left_out else frame).reset_index()
