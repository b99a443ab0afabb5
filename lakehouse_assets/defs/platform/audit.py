"""The platform's own tables on the asset graph. Jobs append to them; no run materialises them."""

from collections.abc import Mapping, Sequence

import dagster as dg

from lakehouse_assets.contracts import erased
from lakehouse_assets.operations import audit


@dg.definitions
def kept_by_jobs() -> dg.Definitions:
    """The tables, described."""
    return dg.Definitions(
        assets=[
            _table(
                audit.AUDIT,
                "Who had what done to the lake by hand, when and why: one row a deed, appended by its job.",
                audit.COLUMNS,
            ),
            _table(
                erased.ERASED_PERSONS,
                "Pseudonyms of erased persons. Ingestion leaves these people out of whatever is delivered.",
                erased.COLUMNS,
            ),
        ]
    )


def _table(key: Sequence[str], description: str, columns: Mapping[str, str]) -> dg.AssetSpec:
    times = ("at", "erased_at")
    schema = dg.TableSchema([dg.TableColumn(n, "timestamp" if n in times else "string", d) for n, d in columns.items()])
    return dg.AssetSpec(
        key=key,
        description=description,
        owners=["team:platform"],
        kinds={"deltalake"},
        metadata={"dagster/column_schema": schema},
    )
