"""Whether a table would take rows, tried on an empty one with its columns and constraints: the table is not touched."""

from __future__ import annotations

import re
from collections.abc import Iterable
from tempfile import TemporaryDirectory

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

from lakehouse_assets.lake.errors import PromiseBrokenError
from lakehouse_assets.lake.failures import cause, told

_CHECK = "delta.constraints."
_BROKEN = "failed validation|[Cc]heck constraint|[Ii]nvariant|violat|non-nullable"


def require_taken(table: DeltaTable, schema: pa.Schema, rows: Iterable[pa.RecordBatch]) -> None:
    """Try rows on the table's constraints and required columns, by the engine that would write them.

    Args:
        table: As it is now.
        schema: The columns in which the rows would be written.
        rows: The rows, in these columns. They lie in a temporary folder meanwhile.

    Raises:
        PromiseBrokenError: the table would not take them.
    """
    checks = {
        name.removeprefix(_CHECK): sql
        for name, sql in table.metadata().configuration.items()
        if name.startswith(_CHECK)
    }
    with TemporaryDirectory(prefix="restore-trial-") as folder:
        trial = DeltaTable.create(folder, schema=table.schema())
        if checks:
            trial.alter.add_constraint(checks)
        try:
            write_deltalake(trial, pa.RecordBatchReader.from_batches(schema, rows), mode="append")
        except DeltaError as error:
            if re.search(_BROKEN, str(error)) is None:
                raise
            # The engine does not say which.
            held = "; ".join(f"{name}: {sql}" for name, sql in checks.items()) or "its required columns"
            raise PromiseBrokenError(
                f"The table as it is now does not take these rows: {told(error)} Its constraints are: {held}."
            ) from cause(error)
