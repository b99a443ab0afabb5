"""The tables for people who ask in SQL: one DuckDB file of views."""

from pathlib import Path

import dagster as dg

from lakehouse_assets import settings
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.sql_views import TableNotes, write_sql_views
from lakehouse_assets.lake.storage import is_local

#: Made after these in a run that makes both. The views show every table of the zones, these or not.
AFTER = (
    ["harmonized", "turbofan", "readings"],
    ["harmonized", "turbofan", "quarantine"],
    ["harmonized", "turbofan", "failures"],
    ["harmonized", "turbofan", "remaining_lives"],
    ["distilled", "turbofan", "operating_regimes"],
    ["distilled", "turbofan", "normalised_readings"],
    ["distilled", "turbofan", "engine_baselines"],
    ["distilled", "turbofan", "fleet_days"],
    ["delivery", "turbofan_rul", "features"],
    ["delivery", "turbofan_rul", "training_manifest"],
    ["delivery", "turbofan_rul", "training_set"],
    ["delivery", "turbofan_rul", "predictions"],
)
_CONTRACTS = Path(__file__).parents[1]


@dg.asset(
    key=["delivery", "platform", "sql_views"],
    deps=[dg.AssetKey(key) for key in AFTER],
    owners=["team:plant-data"],
    kinds={"duckdb"},
    description=(
        "One DuckDB file (`LAKE_SQL`) whose views show the harmonized, distilled and delivery tables to any DuckDB "
        "client. A view finds the table's present files when it is queried; making the file again adds new tables "
        "and columns and keeps queries fast."
    ),
)
def sql_views(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult[None]:
    """Make the file anew beside the old one and put it in its place."""
    if not is_local(lake.lake_uri):
        context.log.warning("No SQL views: DuckDB reads an object store only with httpfs, which is not installed.")
        return dg.MaterializeResult(metadata={"available": False, "lake": lake.lake_uri})
    file = settings.lake_sql()
    views = write_sql_views(lake.lake_uri, file, contract_notes())
    for reason in views.refused.values():
        context.log.warning(reason)
    return dg.MaterializeResult(
        metadata={
            "available": True,
            "file": dg.MetadataValue.path(str(file)),
            "views": len(views.shown),
            "names": ", ".join(sorted(name.replace('"', "") for name in views.shown)),
            "refused": "; ".join(views.refused.values()) or "none",
        }
    )


def contract_notes() -> dict[tuple[str, ...], TableNotes]:
    """What the contracts of all domains say of their tables and columns, with units."""
    from lakehouse_assets.contracts.contract import load_contract

    notes = {}
    for path in sorted(_CONTRACTS.glob("*/contracts/*.yaml")):
        contract = load_contract(path)
        columns = {
            one.name: f"{one.description} [{one.unit}]" if one.unit else one.description for one in contract.columns
        }
        notes[contract.key] = TableNotes(contract.purpose, columns)
    return notes
