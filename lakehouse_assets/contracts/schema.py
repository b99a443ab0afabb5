"""What follows from a contract's columns: the Arrow schema of the table and the column page in Dagster."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets.contracts.contract import PERSONAL_CLASSES, Column, Contract

if TYPE_CHECKING:
    import pyarrow as pa


def arrow_schema(contract: Contract) -> "pa.Schema":
    """The table's Arrow schema, columns in the promised order; timestamps are UTC microseconds."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "long": pa.int64(),
        "integer": pa.int32(),
        "double": pa.float64(),
        "float": pa.float32(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    return pa.schema([pa.field(c.name, types[c.type], nullable=not c.required) for c in contract.columns])


def table_schema(contract: Contract) -> dg.TableSchema:
    """The columns as Dagster's asset page shows them: type, description with unit and limits, keys."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=_described(column),
                constraints=dg.TableColumnConstraints(nullable=not column.required, unique=False),
            )
            for column in contract.columns
        ]
    )


def contract_metadata(contract: Contract) -> dict[str, Any]:
    """Definition metadata that a contract gives its asset: the columns, and which file promises them."""
    metadata: dict[str, Any] = {"dagster/column_schema": table_schema(contract), "contract": contract.path.name}
    if contract.personal_columns:
        metadata |= personal_metadata(contract.personal_columns, contract.on_erasure)
    return metadata


def personal_metadata(columns: Mapping[str, str], on_erasure: str = "blank") -> dict[str, Any]:
    """Definition metadata of a table with personal columns: the lake masks them, the erase job knows what to do."""
    return {"personal_columns": dict(columns), "on_erasure": on_erasure}


def freshness_policy(contract: Contract) -> dg.FreshnessPolicy | None:
    """The contract's promise of freshness as Dagster watches it; None where the contract promises none."""
    if contract.freshness_hours is None:
        return None
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=contract.freshness_hours))


def _described(column: Column) -> str:
    limits = [
        f"at least {column.minimum:g}" if column.minimum is not None else "",
        f"at most {column.maximum:g}" if column.maximum is not None else "",
    ]
    personal = column.classification if column.classification in PERSONAL_CLASSES else ""
    notes = [f"[{column.unit}]" if column.unit else "", *limits, "key" if column.primary_key else "", personal]
    return f"{column.description} {', '.join(note for note in notes if note)}".strip()
