"""What follows from a contract for its asset: Arrow schema, and what Dagster shows (columns, owner, freshness)."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets import settings
from lakehouse_assets.contracts.contract import PERSONAL_CLASSES, Column, Contract
from lakehouse_assets.contracts.declared import MARK

if TYPE_CHECKING:
    import pyarrow as pa

#: Definition metadata that names an asset's contract file, from the project's root.
CONTRACT = "contract"
#: For how many days the pages of its reports are kept.
RETENTION_DAYS = "retention_days"


def arrow_types() -> "dict[str, pa.DataType]":
    """The Arrow type of each physical type that a contract may name."""
    import pyarrow as pa

    return {
        "string": pa.string(),
        "long": pa.int64(),
        "integer": pa.int32(),
        "double": pa.float64(),
        "float": pa.float32(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "binary": pa.binary(),
    }


def arrow_schema(contract: Contract) -> "pa.Schema":
    """The table's Arrow schema, columns in the promised order; timestamps are UTC microseconds.

    A column's description goes along as ``comment``, its unit and classification as ``unit`` and ``classification``:
    Delta keeps them in the table.
    """
    import pyarrow as pa

    types = arrow_types()
    return pa.schema(
        [pa.field(c.name, types[c.type], nullable=not c.required, metadata=_notes(c)) for c in contract.columns]
    )


def shown_path(path: Path) -> str:
    """A contract's file as people name it: from the project's root where it lies below it."""
    return str(path.relative_to(settings.PROJECT_ROOT) if path.is_relative_to(settings.PROJECT_ROOT) else path)


def shown_name(contract: Contract) -> str:
    """The same, with the table's name behind it where several contracts follow from one file."""
    return shown_path(contract.path) + (f"{MARK}{contract.part}" if contract.part else "")


def table_schema(contract: Contract) -> dg.TableSchema:
    """The columns as Dagster's asset page shows them: type, description with unit and limits, keys."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.type,
                description=_described(column),
                constraints=dg.TableColumnConstraints(
                    nullable=not column.required, unique=contract.primary_key == [column.name]
                ),
                tags={"classification": column.classification} if column.classification else None,
            )
            for column in contract.columns
        ]
    )


def personal_metadata(columns: Mapping[str, str], on_erasure: str = "blank") -> dict[str, Any]:
    """Definition metadata of a table with personal columns: the lake masks them, the erase job knows what to do."""
    return {"personal_columns": dict(columns), "on_erasure": on_erasure}


def freshness_policy(contract: Contract) -> dg.FreshnessPolicy | None:
    """The contract's promise of freshness as Dagster watches it; None where the contract promises none."""
    if contract.freshness_hours is None:
        return None
    return dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=contract.freshness_hours))


def promised_spec(spec: dg.AssetSpec, contract: Contract) -> dg.AssetSpec:
    """An asset with all that its contract says of it: description, owner, columns, freshness, and the file's name."""
    return spec.replace_attributes(
        description=contract.purpose,
        owners=[contract.owner],
        metadata={
            **spec.metadata,
            "dagster/column_schema": table_schema(contract),
            CONTRACT: dg.MetadataValue.path(shown_name(contract)),
            **({"classification": contract.classification} if contract.classification else {}),
            **({RETENTION_DAYS: contract.retention_days} if contract.retention_days is not None else {}),
            **({"filtered_by": list(contract.filtered_by)} if contract.filtered_by else {}),
            **(personal_metadata(contract.personal_columns, contract.on_erasure) if contract.personal_columns else {}),
        },
        freshness_policy=freshness_policy(contract),
    )


def _notes(column: Column) -> dict[str, str]:
    notes = {"comment": column.description, "unit": column.unit, "classification": column.classification}
    return {name: note for name, note in notes.items() if note}


def _described(column: Column) -> str:
    limits = [
        f"at least {column.minimum:g}" if column.minimum is not None else "",
        f"at most {column.maximum:g}" if column.maximum is not None else "",
    ]
    personal = column.classification if column.classification in PERSONAL_CLASSES else ""
    notes = [f"[{column.unit}]" if column.unit else "", *limits, "key" if column.primary_key else "", personal]
    return f"{column.description} {', '.join(note for note in notes if note)}".strip()
