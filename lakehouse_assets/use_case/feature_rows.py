"""The rows of a feature view for some days, by the use case's function."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from lakehouse_assets.lake.reading.read import to_pandas
from lakehouse_assets.use_case.declaring.declared_table import View
from lakehouse_assets.use_case.observations import Days, Source

if TYPE_CHECKING:
    import pandas as pd


def feature_rows(view: View, source: Source, first: date, last: date, function: Callable[..., Any]) -> pd.DataFrame:
    """Call the view's function with the days that it asks for.

    Args:
        view: The view.
        source: The lake.
        first: First day wanted.
        last: Last day wanted, included.
        function: ``f(inputs, first, last)``.

    Raises:
        ValueError: the function gives other days than those asked for, or lacks a column.
    """
    import pandas as pd

    days = Days(first, last)
    inputs = {
        name: to_pandas(source.read(i.table, days.back(i.days - 1), i.columns)) for name, i in view.inputs.items()
    }
    rows: pd.DataFrame = function(inputs, first, last)
    wanted = [*(view.keys or []), "day", view.event_time, view.known_at, *(view.columns or {})]
    missing = [column for column in wanted if column not in rows.columns]
    if missing:
        raise ValueError(
            f"feature view {view.name}: {view.function} gives no columns {missing}; found {list(rows.columns)}"
        )
    day = pd.to_datetime(rows["day"])
    outside = (day < pd.Timestamp(first)) | (day > pd.Timestamp(last))
    if outside.any():
        raise ValueError(
            f"feature view {view.name}: {view.function} gives {int(outside.sum())} rows of other days, such as "
            f"{day[outside].iloc[0]:%Y-%m-%d}; asked for were {first} to {last}"
        )
    return rows
