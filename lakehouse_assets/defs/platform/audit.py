"""The audit table on the asset graph. Jobs append to it (`operations/audit.py`); no run materialises it."""

import dagster as dg

from lakehouse_assets.operations.audit import AUDIT, COLUMNS


@dg.definitions
def audit() -> dg.Definitions:
    """The table, described."""
    columns = [
        dg.TableColumn(name, "timestamp" if name == "at" else "string", description)
        for name, description in COLUMNS.items()
    ]
    return dg.Definitions(
        assets=[
            dg.AssetSpec(
                key=AUDIT,
                description="Who had what done to the lake by hand, when and why: one row a deed, appended by its job.",
                owners=["team:platform"],
                kinds={"deltalake"},
                metadata={"dagster/column_schema": dg.TableSchema(columns=columns)},
            )
        ]
    )
