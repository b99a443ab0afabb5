"""Which rows of a source table a day of another table was made from, as they stood when it was made.

A table's rows change: a file is corrected or withdrawn, and its day is made again. What was made from them before keeps
what it saw until it is made again itself. Each commit names the versions of the tables that it read, so the rows that a
day saw are those of the versions that its own last commit leads to.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from lakehouse_assets.lake.errors import LakeError

if TYPE_CHECKING:
    import pyarrow as pa

    from lakehouse_assets.lake.partitioning.predicate import Where
    from lakehouse_assets.lake.table import Lake

#: Column of the answer: the day of the first table that the row was read for.
FOR_DAY = "for_day"
#: Tables of this zone hold rows that were computed from several days; a day of the others comes from that same day.
_GATHERS = "delivery"


class UnknownOriginError(LakeError):
    """No commit tells which version of a table was read."""


@dataclass(frozen=True)
class _Commit:
    version: int
    inputs: Mapping[str, str]
    restored_from: int | None


@dataclass
class _Writes:
    """The commits of a daily table, by the days that they wrote."""

    newest: int
    oldest_kept: int
    by_day: dict[str, list[_Commit]] = field(default_factory=dict)
    of_all: list[_Commit] = field(default_factory=list)

    def days(self) -> set[date]:
        """All days that were ever written."""
        return {date.fromisoformat(day) for day in self.by_day}

    def last(self, day: date, at: int) -> _Commit | None:
        """The commit from which the rows of a day are, at a version of the table."""
        key = day.isoformat()
        found = [one for one in (*self.by_day.get(key, ()), *self.of_all) if one.version <= at]
        if not found:
            return None
        newest = max(found, key=lambda one: one.version)
        return newest if newest.restored_from is None else self.last(day, newest.restored_from)


def lines_behind(
    lake: Lake,
    path: Sequence[str],
    columns: Sequence[str],
    where: Where | None = None,
    days: Iterable[date] | None = None,
) -> pa.Table:
    """Rows of a source table as each day of another table saw them.

    Args:
        lake: Where the tables lie.
        path: The tables from the one that was made down to the source, each joined by /; all have daily partitions.
        columns: Of the source; its column `day` comes with them.
        where: Which of its rows (as `Lake.read`).
        days: Days of the first table. None: all that it has.

    Returns:
        The columns, `day`, and `for_day`: the day of the first table that the row was read for. A row that was read for
        several days stands once for each. Rows of later days than that are left out: nothing looks ahead.

    Raises:
        UnknownOriginError: a commit on the way is no longer kept, or does not name the next table.
        MissingTableError: a version that was read has been vacuumed.
    """
    import pyarrow as pa

    writes, source = {table: _writes(lake, table) for table in path}, path[-1].split("/")
    made = writes[path[0]].days() if days is None else set(days)
    ever = writes[path[-1]].days() | {row["day"] for row in lake.partition_values(source)}
    found = [(day, row_day, _version(writes, path, day, row_day)) for day in made for row_day in ever if row_day <= day]
    seen = [(day, row_day, version) for day, row_day, version in found if version is not None]
    for_day, row_day, version = zip(*seen, strict=True) if seen else ((), (), ())
    pairs = pa.table(
        {
            FOR_DAY: pa.array(for_day, pa.date32()),
            "day": pa.array(row_day, pa.date32()),
            "version": pa.array(version, pa.int64()),
        }
    )
    names = list(dict.fromkeys(["day", *columns]))
    rows = [
        _at(lake, source, number, names, {**(where or {}), "day": sorted(set(_of(seen, number)))})
        for number in sorted(set(version))
    ]
    if not rows:
        rows = [_at(lake, source, writes[path[-1]].newest, names, {"day": []})]
    return pa.concat_tables(rows).join(pairs, ["version", "day"], join_type="inner").select([FOR_DAY, *names])


def _version(writes: Mapping[str, _Writes], path: Sequence[str], day: date, row_day: date) -> int | None:
    """The version of the source to read for a day of its rows; None if nothing was made of that day yet."""
    at = writes[path[0]].newest
    for table, below in pairwise(path):
        gathers = table == path[0] or table.startswith(_GATHERS)
        commit = writes[table].last(day if gathers else row_day, at)
        if commit is None and writes[table].oldest_kept > 0:
            raise UnknownOriginError(
                f"The log of table {table} begins at version {writes[table].oldest_kept}: what was made before is no "
                f"longer told, such as day {day if gathers else row_day} at version {at}. Ask for later days."
            )
        if commit is None:
            return None
        if below not in commit.inputs:
            raise UnknownOriginError(
                f"Table {table}, version {commit.version}, does not say which version of {below} it was made from: "
                f"it names {sorted(commit.inputs)}. Name the tables on the way between the two."
            )
        at = int(commit.inputs[below])
    # Rows that nobody has written since are read where they are now: compaction and vacuum may have taken older files.
    source = writes[path[-1]]
    return source.newest if source.last(row_day, at) == source.last(row_day, source.newest) else at


def _of(seen: Iterable[tuple[date, date, int]], number: int) -> Iterable[date]:
    return (row_day for _, row_day, version in seen if version == number)


def _at(lake: Lake, key: Sequence[str], version: int, columns: Sequence[str], where: Where) -> pa.Table:
    import pyarrow as pa

    rows = lake.read(key, columns=columns, where=where, version=version)
    return rows.append_column("version", pa.repeat(pa.scalar(version, pa.int64()), rows.num_rows))


def _writes(lake: Lake, table: str) -> _Writes:
    """What the table's log tells, as far as it is kept."""
    commits = lake.open(table.split("/")).history()
    versions = [int(one["version"]) for one in commits]
    found = _Writes(max(versions), min(versions))
    for commit in commits:
        inputs, restored = json.loads(commit.get("lakehouse.inputs", "{}")), commit.get("lakehouse.restored_from")
        if (not inputs and restored is None) or "lakehouse.contract" in commit:
            continue  # upkeep, which changes no rows
        told = _Commit(int(commit["version"]), inputs, None if restored is None else int(restored))
        days = json.loads(commit.get("lakehouse.partitions", "[]"))
        if not days:
            found.of_all.append(told)
        for day in days:
            found.by_day.setdefault(day, []).append(told)
    return found
