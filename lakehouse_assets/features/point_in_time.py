"""The point-in-time join: what was known of an entity at a time, and nothing that was not.

Training and scoring build their features by this one function. A row is seen at time t when it had happened (event
time <= t) *and* had been ingested (known at <= t). A join on the event time alone, which is what an ASOF join does,
lets a late or corrected row into the past and makes a model look better than it will be in service.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakehouse_assets.features.feature_view import FeatureView
from lakehouse_assets.features.time_columns import common_unit, integer_span
from lakehouse_assets.lake.partitioning.predicate import quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

CELLS_PER_OBSERVATION = 8
"""Into how many cells time is cut (point_in_time_match.sql): many cells keep few single rows, but are many to sort."""

_EARLIEST = -(2**63)
_INTEGERS = {sign + size for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")}
_SQL = Path(__file__).parent / "sql"


def point_in_time_join(observations: pa.Table, time: str, views: Sequence[FeatureView]) -> pa.Table:
    """Add to each observation the features that were known of its entities at its time.

    Of each view an observation gets the row of its entity with the latest event time among those with
    ``event_time <= t`` and ``known_at <= t``; of several with that event time (a correction) the one known last.
    Rows equal in both times are told apart by their features, smallest first and null last, so that the same rows give
    the same output in whatever order they come. The features are null where no row is visible, where the newest
    visible one is older than the view's limit, and where a key or a time is null.

    Args:
        observations: n rows with the key columns of all views and ``time``: what is to be predicted, or was.
        time: Column: the time of the prediction. A date, here and in the views, is its midnight, in UTC.
        views: The feature views.

    Returns:
        The n observations in their order, all their columns unchanged, and the features of each view.

    Raises:
        ValueError: A column is missing; a feature has the name of another column; times with and without a zone are
            mixed; a key has another type in a view than in the observations.
        duckdb.InvalidInputException: A view's relation cannot be read twice.
    """
    _check_names(observations, time, views)
    joined = observations
    for view in views:
        features = _features(observations, time, view)
        for name, column in zip(view.given_columns, features.columns, strict=False):
            joined = joined.append_column(name, column)
    return joined


def _features(observations: pa.Table, time: str, view: FeatureView) -> pa.Table:
    """The view's features, then the event time, for each observation in their order."""
    connection, source = _source(view)
    given = connection.from_arrow(_given(observations, time, view))
    unit = _check_types(given, source, time, view)
    features = [f"feature_{number}" for number in range(len(view.features))]
    names = {
        "keys": ", ".join(f"key_{number}" for number in range(len(view.keys))),
        "features": ", ".join(features),
        "order": ", ".join(f"{feature} NULLS LAST" for feature in features),
        "epoch": f"epoch_{unit}",
    }
    source.create_view("pit_source", replace=True)
    given.create_view("pit_given", replace=True)
    try:
        _run(connection, _sql("prepare", names))
        _run(connection, _sql("match", names), _bounds(connection, view, unit))
        return connection.sql(_sql("take", names)).to_arrow_table()
    finally:
        _run(connection, _sql("clear", names))


def _bounds(connection: duckdb.DuckDBPyConnection, view: FeatureView, unit: str) -> dict[str, Any]:
    """Between which times rows matter, and how wide a cell is."""
    count, first, last, entities = connection.sql(
        "SELECT count(*), coalesce(min(t), 0), coalesce(max(t), 0), count(DISTINCT entity) FROM pit_observation"
    ).fetchall()[0]
    limit = None if view.limit is None else integer_span(view.limit, unit)
    return {
        "first": first,
        "last": last,
        "oldest": _EARLIEST if limit is None else max(first - limit, _EARLIEST),
        "width": max((last - first) * entities / max(CELLS_PER_OBSERVATION * count, 1), 1.0),
        "limit": limit,
    }


def _source(view: FeatureView) -> tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyRelation]:
    """The view's rows with the names that the SQL uses, taken by position: DuckDB would mix up "a" and "A"."""
    import duckdb

    if isinstance(view.rows, duckdb.DuckDBPyRelation):
        connection = duckdb.default_connection()
        chosen = [duckdb.SQLExpression(quoted(column)).alias(name) for name, column in view.read_columns.items()]
        relation = view.rows.select(*chosen)
    else:
        connection = duckdb.connect()
        relation = connection.from_arrow(_renamed(view.rows, view.read_columns))
    # Instants come back in the session's zone, which must not be the machine's.
    _run(connection, "SET TimeZone = 'UTC'")
    return connection, relation


def _given(observations: pa.Table, time: str, view: FeatureView) -> pa.Table:
    """Keys, time and place of each observation."""
    import pyarrow as pa

    keys = {name: column for name, column in view.read_columns.items() if name.startswith("key_")}
    narrow = _renamed(observations, {**keys, "t": time})
    return narrow.append_column("ordinal", pa.array(range(observations.num_rows), pa.int64()))


def _renamed(table: pa.Table, columns: Mapping[str, str]) -> pa.Table:
    """Some columns under other names; a column may be taken twice. Categories become what they stand for."""
    import pyarrow as pa

    found = {new: table.column(old) for new, old in columns.items()}
    return pa.table(
        {
            name: column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
            for name, column in found.items()
        }
    )


def _check_names(observations: pa.Table, time: str, views: Sequence[FeatureView]) -> None:
    """Every column that is read is there once, and every column that is given is new."""
    taken = list(observations.column_names)
    for view in views:
        _check_present(taken[: observations.num_columns], [time, *view.keys], "the observations")
        _check_present(_columns(view.rows), list(view.read_columns.values()), f"feature view {view.name}")
        twice = [
            name for number, name in enumerate(view.given_columns) if name in [*taken, *view.given_columns[:number]]
        ]
        if twice:
            raise ValueError(
                f"feature view {view.name}: {twice} would stand twice in the result; rename them in the view, "
                f"or name them otherwise in the observations, which have {observations.column_names}"
            )
        taken += view.given_columns


def _columns(rows: pa.Table | duckdb.DuckDBPyRelation) -> list[str]:
    import duckdb

    return list(rows.columns) if isinstance(rows, duckdb.DuckDBPyRelation) else list(rows.column_names)


def _check_present(held: Sequence[str], wanted: Sequence[str], where: str) -> None:
    wrong = sorted({column for column in wanted if list(held).count(column) != 1})
    if wrong:
        raise ValueError(f"{where}: the columns {wrong} are needed once each; found {list(held)}")


def _check_types(given: duckdb.DuckDBPyRelation, source: duckdb.DuckDBPyRelation, time: str, view: FeatureView) -> str:
    """The unit of time, if keys and times can be compared."""
    left = dict(zip(given.columns, map(str, given.types), strict=True))
    right = dict(zip(source.columns, map(str, source.types), strict=True))
    for number, key in enumerate(view.keys):
        kinds = {left[f"key_{number}"], right[f"key_{number}"]}
        if len(kinds) > 1 and not kinds <= _INTEGERS:
            raise ValueError(
                f"feature view {view.name}: its key {key} is {right[f'key_{number}']}, that of the observations "
                f"{left[f'key_{number}']}; cast one to the other's type, or nothing (or the wrong thing) will match"
            )
    return common_unit(
        {
            f"the observations' {time}": left["t"],
            f"feature view {view.name}'s {view.event_time}": right["event_time"],
            f"feature view {view.name}'s {view.known_at}": right["known_at"],
        }
    )


def _sql(step: str, names: Mapping[str, str]) -> str:
    """The SQL of a step. What is put into it are names made here, never names or values of the caller."""
    return (_SQL / f"point_in_time_{step}.sql").read_text(encoding="utf-8").format(**names)


def _run(connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
    """Execute to the end: DuckDB refuses other work on a connection with an open result."""
    connection.execute(sql, parameters).fetchall()
