"""Which files of a table hold the rows of a condition, from the log alone.

A condition on the columns by which a table is laid out holds of all rows of a file or of none, and the log has the
values. So the files can be told exactly and read without looking at rows again. The engine's own pruning is not exact:
it keeps every file that may hold such a row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from lakehouse_assets.lake.partitioning.predicate import Condition, Interval, Point, Stretch, joined
from lakehouse_assets.lake.storage import local_folder


def selected_files(table: DeltaTable, condition: Condition | str | None) -> pa.Table | None:
    """The log's entries of the files that hold exactly the rows of a condition.

    ``None`` where the log does not tell: conditions on other columns, on a partial grid of partitions, on times, in
    SQL, or by values of another type than the column's, which an engine would convert.
    """
    if isinstance(condition, str) or (condition is not None and len(condition.boxes) > 1):
        return None
    box = condition.boxes[0] if condition is not None and condition.boxes else []
    if not {column for column, _ in box} <= set(table.metadata().partition_columns):
        return None
    files = entries(table)
    if condition is not None and not condition.boxes:
        return files.slice(0, 0)
    for column, stretches in box:
        values = files[f"partition.{column}"]
        inside = _inside(values.type, stretches)
        if inside is None:
            return None
        held = pa.array([value for value in values.unique().to_pylist() if inside(value)], values.type)
        files = files.filter(pc.is_in(values, value_set=held))  # indices_nonzero crashes on a column of no chunks
    return files


def entries(table: DeltaTable) -> pa.Table:
    """The log's entries of all files: path, bytes, rows, partition values, and the number of nulls of each column.

    Further statistics are left out, since each selection would copy them.
    """
    known = pa.table(table.get_add_actions(flatten=True))
    wanted = ("path", "size_bytes", "num_records")
    return known.select(
        [name for name in known.schema.names if name in wanted or name.startswith(("partition.", "null_count."))]
    )


def possible_files(table: DeltaTable, predicate: str | None) -> pa.Table | None:
    """The log's entries of the files that may hold rows of a condition in SQL, as the engine prunes them.

    ``None`` where the engine's names of files and the log's cannot be matched, as for a shallow clone.
    """
    actions = entries(table)
    if predicate is None:
        return actions
    kept = set(table.file_uris(file_pruning_predicate=predicate))
    root = table.table_uri.removeprefix("file://")
    found = actions.filter(pa.array([root + unquote(path) in kept for path in actions["path"].to_pylist()], pa.bool_()))
    return found if found.num_rows == len(kept) else None


def local_paths(table: DeltaTable, files: pa.Table) -> list[str] | None:
    """Where selected files lie; ``None`` when one lies outside of the table's folder, as a shallow clone's do."""
    folder = local_folder(table.table_uri)
    paths = [unquote(path) for path in files["path"].to_pylist()]
    if any("://" in path or path.startswith(("/", "file:")) for path in paths):
        return None
    return [f"{folder}/{path}" for path in paths]


def _inside(kind: pa.DataType, stretches: Sequence[Stretch]) -> Callable[[Any], bool] | None:
    """Whether a value of a column lies in any of the stretches; ``None`` when only an engine could tell."""
    expected = _python_type(kind)
    points = [stretch.value for stretch in stretches if isinstance(stretch, Point)]
    edges = [edge for one in stretches if isinstance(one, Interval) for edge in (one.low, one.high)]
    if any(type(value) is not expected for value in (*points, *edges) if value is not None):
        return None
    known, intervals = set(points), joined(stretches)

    def inside(value: Any) -> bool:
        if value is None:  # an interval that is open on both sides is no condition at all
            return None in known or any(one.low is None and one.high is None for one in intervals)
        return value in known or any(
            (one.low is None or value >= one.low) and (one.high is None or value < one.high) for one in intervals
        )

    return inside


def _python_type(kind: pa.DataType) -> type | None:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return str
    if pa.types.is_integer(kind):
        return int
    return dt.date if pa.types.is_date(kind) else None
