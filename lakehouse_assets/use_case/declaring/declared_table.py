"""Sections of a use case's YAML that speak of tables: columns, queries, feature views."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import dagster as dg
from pydantic import Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""A column's, table's or use case's name: lower case, digits, underscores."""

Table = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*/[a-z][a-z0-9_]*/[a-z][a-z0-9_]*$")]
"""A table by its asset key: ``harmonized/milling/operations``."""

Function = Annotated[str, StringConstraints(pattern=r"^[\w.]*:?\w+$")]
"""``function`` of the module beside the YAML that is named ``functions``, ``module:function`` of another beside it, or
``package.module:function``."""


class ColumnNote(dg.Model):
    """One column as people read it."""

    description: str
    type: Literal["string", "long", "integer", "double", "float", "boolean", "date", "timestamp"] = "double"
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None


Columns = dict[Name, ColumnNote]


class Query(dg.Model):
    """Rows made from tables, by a DuckDB statement or by a function of the tables' frames."""

    sql: str | None = Field(default=None, description="A SELECT over the inputs, or the name of a .sql file beside.")
    function: Function | None = Field(default=None, description="`f(tables: Mapping[str, DataFrame]) -> DataFrame`.")
    inputs: dict[Name, Table] = Field(default_factory=dict, description="Name in the statement -> table.")
    lookback_days: int = Field(
        default=1, ge=0, description="Labels: how many days before the day on which one becomes known it may belong to."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.sql is None) == (self.function is None):
            raise ValueError("expected either `sql` or `function`")
        return self

    def statement(self, folder: Path) -> str:
        """The SQL itself, from the file if it names one."""
        text = self.sql or ""
        return (folder / text).read_text(encoding="utf-8") if text.strip().endswith(".sql") else text


class ViewInput(dg.Model):
    """A table that features are computed from, and how many days of it: the day itself and those before."""

    table: Table
    days: int = Field(default=1, ge=1)
    columns: list[str] | None = Field(default=None, description="Read only these.")


class View(dg.Model):
    """A feature view: made by a function of the use case, or a table that exists."""

    name: Name = "features"
    table: Table | None = Field(default=None, description="An existing table; left out, the component makes one.")
    function: Function | None = Field(
        default=None, description="`f(inputs: Mapping[str, DataFrame], first: date, last: date) -> DataFrame`."
    )
    inputs: dict[Name, ViewInput] = Field(default_factory=dict)
    keys: list[Name] | None = Field(default=None, description="Columns that name its entity; all of `entity` if not.")
    event_time: Name = "event_time"
    known_at: Name = "known_at"
    limit_days: float = Field(gt=0, description="Features older than this at the time of prediction are not used.")
    columns: Columns | None = Field(
        default=None, description="The features. Left out: all columns of the table's contract that are features."
    )
    filtered_by: list[Name] = Field(default_factory=list, description="Columns that people filter by (layout).")

    @model_validator(mode="after")
    def _made_or_there(self) -> Self:
        if (self.table is None) == (self.function is None):
            raise ValueError(f"feature view {self.name}: expected either `function` (with `inputs`) or `table`")
        if self.function is not None and not self.inputs:
            raise ValueError(f"feature view {self.name}: a function needs `inputs`")
        return self
