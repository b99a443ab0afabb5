"""What a use case predicts, and what came: observations and labels, made by its SQL or its functions.

Training, scoring and outcomes ask the same two queries, over other days: so what a model learns from is what it is
asked later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.declaring.declared_table import Query
from lakehouse_assets.use_case.declaring.functions import load_function

if TYPE_CHECKING:
    import pyarrow as pa

    from lakehouse_assets.lake.table import Lake

INSTANT = "datetime64[us, UTC]"


@dataclass(frozen=True)
class Days:
    """The rows of which days are asked for, both included; None leaves a side open."""

    first: date | None = None
    last: date | None = None

    @classmethod
    def one(cls, day: date) -> Days:
        """A single day."""
        return cls(day, day)

    def back(self, days: int) -> Days:
        """These days and so many before them."""
        return Days(self.first - timedelta(days=days) if self.first else None, self.last)


@dataclass(frozen=True)
class Source:
    """Where a use case's rows come from: the lake, at the versions named (else the newest)."""

    lake: Lake
    versions: Mapping[str, int] = field(default_factory=dict)

    def read(self, table: str, days: Days, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of a table on some days; all rows where it is not partitioned by day."""
        key, version = table.split("/"), self.versions.get(table)
        where = {}
        if days != Days() and "day" in self.lake.schema(key, version).names:
            where["day"] = (days.first, days.last + timedelta(days=1) if days.last else None)
        return self.lake.read(key, columns=columns, where=where or None, version=version)


def observations(use_case: Declaration, folder: Path, source: Source, days: Days) -> pd.DataFrame:
    """What is to be predicted from the rows of some days.

    Returns:
        Entity, day (datetime), predicted_at (UTC), context columns; ordered by day and entity.

    Raises:
        ValueError: the query lacks a column, gives two rows of one entity on a day, or one without a known time.
    """
    tables = {name: source.read(table, days) for name, table in use_case.observations.inputs.items()}
    columns = [*use_case.keys, "day", "known_at", *use_case.context]
    rows = _asked(use_case, "observations", use_case.observations, folder, tables, columns)
    _one_each(use_case, "observations", rows)
    _known(use_case, rows)
    rows = rows.assign(predicted_at=use_case.prediction_time.instants(rows["day"], rows["known_at"]))
    ordered = [*use_case.keys, "day", "predicted_at", *use_case.context]
    return rows[ordered].sort_values(["day", *use_case.keys], ignore_index=True)


def labels(use_case: Declaration, folder: Path, source: Source, observed: pd.DataFrame, days: Days) -> pd.DataFrame:
    """What came of observations, by the label rows of some days.

    Args:
        use_case: The use case.
        folder: Of its YAML.
        source: The lake.
        observed: Observations, or predictions of them.
        days: The days of the tables that tell the labels.

    Returns:
        Entity, day (of the observation), label (float), label_known_at (UTC), label_day (of the row that tells it);
        rows without a label are left out.
    """
    columns = [*use_case.keys, "day", "label", "label_known_at", "label_day"]
    rows = _asked(
        use_case, "labels", use_case.labels, folder, _beside(use_case, use_case.labels, source, observed, days), columns
    )
    rows = rows[rows["label"].notna()].astype({"label": "float64", "label_known_at": INSTANT})
    _one_each(use_case, "labels", rows)
    return rows.reset_index(drop=True)


def labelled_by(
    use_case: Declaration, query: Query, folder: Path, source: Source, observed: pd.DataFrame
) -> pd.DataFrame:
    """Observations with the label that another query gives them, such as a published truth; others are left out."""
    columns = [*use_case.keys, "day", "label"]
    tables = _beside(use_case, query, source, observed, Days())
    rows = _asked(use_case, "further labels", query, folder, tables, columns)
    _one_each(use_case, "further labels", rows)
    chosen = observed.merge(rows[rows["label"].notna()], on=[*use_case.keys, "day"], how="inner")
    return chosen.astype({"label": "float64"})


def _beside(
    use_case: Declaration, query: Query, source: Source, observed: pd.DataFrame, days: Days
) -> dict[str, pa.Table]:
    """A query's tables, and the observations among them."""
    import pyarrow as pa
    import pyarrow.compute

    asked = observed[[*use_case.keys, "day", *[name for name in use_case.context if name in observed]]]
    tables = {name: source.read(table, days) for name, table in query.inputs.items()}
    rows = pa.Table.from_pandas(asked, preserve_index=False)
    # As tables have it: statements compare days. Many times faster than dates in a frame.
    days_of_rows = pyarrow.compute.cast(rows["day"], pa.date32())
    rows = rows.set_column(rows.column_names.index("day"), "day", days_of_rows)
    return {**tables, "observations": rows}


def _asked(
    use_case: Declaration, what: str, query: Query, folder: Path, tables: Mapping[str, pa.Table], columns: list[str]
) -> pd.DataFrame:
    from lakehouse_assets.lake.reading.read import to_pandas

    if query.function is not None:
        rows = load_function(folder, query.function)({name: to_pandas(table) for name, table in tables.items()})
    else:
        rows = to_pandas(_selected(query.statement(folder), tables))
    missing = [column for column in columns if column not in rows.columns]
    if missing:
        raise ValueError(
            f"use case {use_case.name}: its {what} have no columns {missing}; found {list(rows.columns)}. Put the "
            f"query in {folder / 'defs.yaml'} right."
        )
    return rows[columns].assign(day=pd.to_datetime(rows["day"]).astype("datetime64[us]"))


def _selected(statement: str, tables: Mapping[str, pa.Table]) -> pa.Table:
    import duckdb

    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, table in tables.items():
            connection.register(name, table)
        return connection.sql(statement).to_arrow_table()


def _one_each(use_case: Declaration, what: str, rows: pd.DataFrame) -> None:
    keys = [*use_case.keys, "day"]
    twice = rows.duplicated(keys)
    if twice.any():
        example = rows.loc[twice, keys].iloc[0].to_dict()
        raise ValueError(
            f"use case {use_case.name}: its {what} give {int(twice.sum())} rows twice, such as {example}; expected "
            f"one row per {', '.join(keys)}. Add what tells them apart to `entity`, or make the query choose."
        )


def _known(use_case: Declaration, rows: pd.DataFrame) -> None:
    """A row that nobody knows since when would pass for one that was known in time."""
    unknown = rows["known_at"].isna()
    if unknown.any():
        example = rows.loc[unknown, [*use_case.keys, "day"]].iloc[0].to_dict()
        raise ValueError(
            f"use case {use_case.name}: {int(unknown.sum())} of its observations have no known_at, such as {example}; "
            "expected since when each row is known. Make the query leave them out, or say when they came."
        )
