"""For which day an entity is predicted when none is asked for, and whether that day's row came late."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING

from lakehouse_assets.lifecycle.serving.retrieval import MOST_KEYS

if TYPE_CHECKING:
    import pandas as pd

    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lifecycle.serving.retrieval import ViewSpec
    from lakehouse_assets.lifecycle.serving.serving_spec import ServingSpec

DAY = "day"
_FIRST_LOOK = 2


def newest_days(lake: Lake, view: ViewSpec, asked: pd.DataFrame) -> pd.Series:
    """The newest day of each entity in a feature view, null where it has none.

    Looks back from the table's newest day in steps that double: an entity in service is found in the first one.

    Args:
        lake: The lake.
        view: The feature view.
        asked: Rows with the view's keys.

    Returns:
        A date for each row, with the rows' index.
    """
    import pandas as pd

    keys = list(view.keys)
    found = pd.DataFrame(columns=[*keys, DAY])
    wanted = asked[keys].drop_duplicates()
    for where in _looks(lake, view):
        rows = lake.read_pandas(view.key, columns=[*keys, view.day], where=where | _named(wanted, keys))
        newest = rows.rename(columns={view.day: DAY}).groupby(keys, as_index=False)[DAY].max()
        found = newest if found.empty else pd.concat([found, newest]).drop_duplicates(keys)
        if len(wanted.merge(found, on=keys)) == len(wanted):
            break
    joined = asked[keys].merge(found, on=keys, how="left")
    return pd.Series(list(joined[DAY]), index=asked.index, dtype=object)


def known_at(lake: Lake, spec: ServingSpec, asked: pd.DataFrame) -> pd.Series | None:
    """Since when each asked row is known, by the table that says so; None if the use case names none.

    Args:
        lake: The lake.
        spec: The served model's.
        asked: Rows with its keys and ``day``.
    """
    import pandas as pd

    if spec.instants is None or not lake.exists(spec.instants.table.split("/")):
        return None
    keys = [*spec.keys, DAY]
    days = sorted(set(asked[DAY].dropna()))
    where = {DAY: days} | _named(asked, list(spec.keys))
    rows = lake.read_pandas(spec.instants.table.split("/"), columns=[*keys, spec.instants.column], where=where)
    first = rows.groupby(keys, as_index=False)[spec.instants.column].min()
    joined = asked[keys].merge(first, on=keys, how="left")
    return pd.Series(joined[spec.instants.column].to_numpy(), index=asked.index)


def _looks(lake: Lake, view: ViewSpec) -> Iterator[dict[str, tuple[date, date]]]:
    """Stretches of days, newest first, each twice as long as the one before."""
    days = [values[view.day] for values in lake.partition_values(view.key) if values.get(view.day) is not None]
    if not days:
        yield {}
        return
    end, first, length = max(days) + timedelta(days=1), min(days), _FIRST_LOOK
    while end > first:
        begin = end - timedelta(days=length)
        yield {view.day: (begin, end)}
        end, length = begin, length * 2


def _named(rows: pd.DataFrame, keys: list[str]) -> dict[str, list[object]]:
    """A condition on the keys, where there are few enough of them."""
    import pandas as pd

    found = {}
    for key in keys:
        values = rows[key].dropna().unique()
        plain = pd.api.types.is_string_dtype(rows[key]) or pd.api.types.is_integer_dtype(rows[key])
        if plain and len(values) <= MOST_KEYS:
            found[key] = list(values)
    return found
