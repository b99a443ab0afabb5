"""The features of observations, out of the lake: the one function that training, scoring and serving call.

Only rows that some observation can see are read: those whose event lies between the first prediction less the view's
limit, and the last prediction. In a table that is kept by day the files' statistics leave out all other days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lakehouse_assets.features.feature_view import FeatureView
from lakehouse_assets.features.point_in_time import point_in_time_join
from lakehouse_assets.lake.partitioning.predicate import Interval
from lakehouse_assets.lifecycle.serving.feature_versions import FEATURE_VERSION, joined_versions

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from lakehouse_assets.lake.table import Lake

PREDICTED_AT = "predicted_at"
MOST_KEYS = 1000
"""With more entities than this every row is read: a longer list of keys costs more than the rows that it leaves out."""

_SEEN = "event time of the row that was seen"


@dataclass(frozen=True)
class ViewSpec:
    """Which table a feature view is, and which of its columns mean what.

    Attributes:
        table: The table's asset key with slashes: ``delivery/<use case>/features``.
        keys: Columns that name its entity; the observations have columns of the same names.
        features: Columns to take, numbers or truth values.
        event_time: Column: when what the row says was true.
        known_at: Column: since when the platform holds the row.
        limit: Features whose event lies further back from the prediction than this are not used; None uses any age.
        version: Column with the version of the features; None if the table has none.
        day: Column: the table's daily partition.
    """

    table: str
    keys: tuple[str, ...]
    features: tuple[str, ...]
    event_time: str = "event_time"
    known_at: str = "known_at"
    limit: timedelta | None = None
    version: str | None = FEATURE_VERSION
    day: str = "day"

    @property
    def key(self) -> list[str]:
        """The table's asset key."""
        return self.table.split("/")

    def to_json(self) -> dict[str, Any]:
        """As plain data: what :meth:`from_json` takes."""
        return {
            **{name: getattr(self, name) for name in ("table", "event_time", "known_at", "version", "day")},
            "keys": list(self.keys),
            "features": list(self.features),
            "limit_seconds": None if self.limit is None else self.limit.total_seconds(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ViewSpec:
        """The view that :meth:`to_json` gave."""
        given = dict(document)
        seconds = given.pop("limit_seconds")
        return cls(
            **{**given, "keys": tuple(given["keys"]), "features": tuple(given["features"])},
            limit=None if seconds is None else timedelta(seconds=seconds),
        )


def features_at(
    lake: Lake,
    observations: pd.DataFrame,
    views: Sequence[ViewSpec],
    versions: Mapping[str, int] | None = None,
    time: str = PREDICTED_AT,
) -> pd.DataFrame:
    """Add to each observation what was known of its entity when its prediction is made.

    Args:
        lake: The lake.
        observations: n rows with the views' keys and ``time``, an instant in UTC; further columns stay as they are.
        views: The feature views. Each sees by the point-in-time join: what had happened and had been ingested.
        versions: Table (with slashes) -> Delta version to read; tables not named are read as they are now.
        time: The column of the prediction's instant.

    Returns:
        The observations with their index, then the views' features as float64 in the views' order, NaN where nothing
        was to be seen, then ``feature_version``, null where no view showed anything (``feature_versions``).

    Raises:
        ValueError: A column is missing, named twice, or no number.
        MissingTableError: A view's table, or the version asked for, is not there.
    """
    import pandas as pd

    _check_names(observations, views, time)
    found: dict[str, Any] = {}
    seen: list[pd.Series] = []
    for view in views:
        rows = _joined(lake, observations, view, (versions or {}).get(view.table), time)
        for feature in view.features:
            found[feature] = _as_numbers(rows.column(feature), feature, view)
        seen.append(_versions(rows, view))
    frame = pd.DataFrame({name: pd.Series(values, dtype="float64") for name, values in found.items()})
    frame[FEATURE_VERSION] = joined_versions(seen, len(observations))
    return pd.concat([observations, frame.set_axis(observations.index)], axis=1)


def _joined(lake: Lake, observations: pd.DataFrame, view: ViewSpec, version: int | None, time: str) -> pa.Table:
    """The view's columns for each observation, in their order."""
    import pyarrow as pa

    schema = lake.schema(view.key, version)
    names = [*view.keys, time]
    types = [schema.field(key).type if key in schema.names else None for key in view.keys] + [None]
    asked = pa.table({name: _as_arrow(observations[name], kind, view) for name, kind in zip(names, types, strict=True)})
    wanted = [*view.features, *([view.version] if view.version else [])]
    rows = lake.read(
        view.key,
        columns=list(dict.fromkeys([*view.keys, view.event_time, view.known_at, *wanted])),
        where=_where(asked, view, time, schema),
        version=version,
    )
    joined = FeatureView(
        view.table, rows, view.keys, view.event_time, view.known_at, tuple(wanted), view.limit, event_time_as=_SEEN
    )
    return point_in_time_join(asked, time, [joined])


def _where(asked: pa.Table, view: ViewSpec, time: str, schema: pa.Schema) -> dict[str, Any]:
    """Which rows of the view some observation can see."""
    import pyarrow as pa
    import pyarrow.compute as pc

    span = pc.min_max(asked.column(time)).as_py()
    if span["min"] is None:
        return {view.event_time: []}
    low = None if view.limit is None else _instant(span["min"]) - view.limit
    high = _instant(span["max"]) + timedelta(microseconds=1)
    where: dict[str, Any] = {view.event_time: _stretch(low, high, schema.field(view.event_time).type)}
    for key in view.keys:
        values = asked.column(key).unique()
        if len(values) <= MOST_KEYS and (pa.types.is_string(values.type) or pa.types.is_integer(values.type)):
            where[key] = values.drop_null().to_pylist()
    return where


def _stretch(low: datetime | None, high: datetime, kind: pa.DataType) -> Interval:
    import pyarrow as pa

    if not pa.types.is_date(kind):
        return Interval(low, high)
    # A date is its midnight in UTC: the first one to see may be that of the day in which `low` lies.
    first: date | None = None if low is None else low.date()
    return Interval(first, high.date() + timedelta(days=1))


def _instant(value: Any) -> datetime:
    """An instant that has no nanoseconds (rounded down: a bound may only be wider than needed)."""
    python = value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") else value
    moment: datetime = python
    return moment


def _as_arrow(column: pd.Series, kind: pa.DataType | None, view: ViewSpec) -> pa.Array:
    """A column of the observations in the type that the view's table has for it."""
    import pyarrow as pa

    found = pa.Array.from_pandas(column)
    if kind is None or found.type == kind:
        return found
    try:
        return found.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise ValueError(
            f"{view.table}: its key {column.name} is {kind}; the observations' {found.type} cannot be made one: {error}"
        ) from error


def _as_numbers(column: pa.ChunkedArray, feature: str, view: ViewSpec) -> Any:
    import pyarrow as pa

    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise ValueError(f"{view.table}: feature {feature} is {kind}; a model takes numbers and truth values only")
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _versions(rows: pa.Table, view: ViewSpec) -> pd.Series:
    """Each row's feature version; a view without versions counts as one with an empty one."""
    import pandas as pd

    if view.version:
        return pd.Series(rows.column(view.version).to_pylist(), dtype="str")
    seen = rows.column(_SEEN).is_valid().to_pylist()
    return pd.Series(["" if one else None for one in seen], dtype="str")


def _check_names(observations: pd.DataFrame, views: Sequence[ViewSpec], time: str) -> None:
    missing = [name for name in dict.fromkeys([time, *(key for view in views for key in view.keys)])
               if name not in observations.columns]  # fmt: skip
    if missing:
        raise ValueError(f"the observations have no column {missing}; found {list(observations.columns)}")
    taken = list(observations.columns)
    for view in views:
        twice = [name for name in view.features if name in taken]
        if twice:
            raise ValueError(
                f"{view.table}: its features {twice} would stand twice beside the observations' columns and the other "
                "views' features; give them other names"
            )
        taken += view.features
