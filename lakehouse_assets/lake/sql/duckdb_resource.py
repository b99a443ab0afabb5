"""DuckDB for assets that are made by SQL: `dagster_duckdb`'s resource, imported when it connects.

The import alone is a tenth of what loading the definitions may cost, and one asset in fifty connects.
"""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import dagster as dg

if TYPE_CHECKING:
    import duckdb


class DuckDB(dg.ConfigurableResource[None]):
    """Connections to a DuckDB database."""

    database: str = ":memory:"

    def get_connection(self) -> "AbstractContextManager[duckdb.DuckDBPyConnection]":
        """A connection that is closed at the end of its context; conflicts over a file are waited for."""
        from dagster_duckdb import DuckDBResource

        return DuckDBResource(database=self.database).get_connection()
