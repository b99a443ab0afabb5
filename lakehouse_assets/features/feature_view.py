"""A feature view: rows of features with the entity they describe, when that was true, and since when it is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(frozen=True)
class FeatureView:
    """Feature rows and which of their columns mean what.

    Attributes:
        name: The view's name, for messages.
        rows: The rows: an Arrow table, or a relation of DuckDB's default connection that can be read more than once
            (one over a ``RecordBatchReader`` cannot).
        keys: Columns that name the entity; the observations have columns of the same names.
        event_time: Column: when what the row says was true (valid time).
        known_at: Column: since when the platform holds the row (transaction time: its ingestion).
        features: Columns to take.
        limit: Features whose event time lies further back than this are not taken; None takes any age.
        event_time_as: Name under which the join also gives the event time of the row that it took; None does not.

    Raises:
        ValueError: No key or no feature is named, or the limit is negative.

    Source of the two times: Snodgrass 1999, *Developing time-oriented database applications in SQL*, chapter 10.
    """

    name: str
    rows: pa.Table | duckdb.DuckDBPyRelation
    keys: tuple[str, ...]
    event_time: str
    known_at: str
    features: tuple[str, ...]
    limit: timedelta | None = None
    event_time_as: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no join can use."""
        if not self.keys or not self.features:
            raise ValueError(f"feature view {self.name}: `keys` and `features` name at least one column each")
        if self.limit is not None and self.limit < timedelta(0):
            raise ValueError(f"feature view {self.name}: its limit is {self.limit}; an age of zero or more is needed")

    @property
    def read_columns(self) -> dict[str, str]:
        """The columns that a join reads, by the names that its SQL gives them."""
        return {
            **{f"key_{number}": column for number, column in enumerate(self.keys)},
            "event_time": self.event_time,
            "known_at": self.known_at,
            **{f"feature_{number}": column for number, column in enumerate(self.features)},
        }

    @property
    def given_columns(self) -> tuple[str, ...]:
        """The columns that a join adds to the observations."""
        return (*self.features, *((self.event_time_as,) if self.event_time_as else ()))
