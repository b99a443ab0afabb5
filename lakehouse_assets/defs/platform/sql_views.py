"""The tables for people who ask in SQL: one DuckDB file of views."""

from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from lakehouse_assets import settings
from lakehouse_assets.contracts.catalogue import catalogue
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.storage import is_local

if TYPE_CHECKING:
    from lakehouse_assets.lake.sql.views import TableNotes, Views

_DEFS = Path(__file__).parents[1]
#: Zones whose tables the views show.
SHOWN_ZONES = ("harmonized", "distilled", "delivery")
#: Made after these in a run that makes both: every table that has a contract.
AFTER = [key for key in catalogue(_DEFS) if key[0] in SHOWN_ZONES]


@dg.asset(
    key=["delivery", "platform", "sql_views"],
    deps=[dg.AssetKey(list(key)) for key in AFTER],
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
    views = make_views(lake.lake_uri)
    for reason in views.refused.values():
        context.log.warning(reason)
    return dg.MaterializeResult(
        metadata={
            "available": True,
            "file": dg.MetadataValue.path(str(settings.lake_sql(lake.lake_uri))),
            "views": len(views.shown),
            "names": ", ".join(sorted(name.replace('"', "") for name in views.shown)),
            "refused": "; ".join(views.refused.values()) or "none",
        }
    )


def make_views(lake_uri: str) -> "Views":
    """Make the file anew. What removes files of the lake does so too: views that name such a file would fail."""
    from lakehouse_assets.lake.sql.views import write_sql_views

    return write_sql_views(lake_uri, settings.lake_sql(lake_uri), contract_notes())


def contract_notes() -> "dict[tuple[str, ...], TableNotes]":
    """What the contracts of all domains say of their tables and columns, with units."""
    from lakehouse_assets.lake.sql.views import TableNotes

    notes = {}
    for key, contract in catalogue(_DEFS).items():
        columns = {
            one.name: f"{one.description} [{one.unit}]" if one.unit else one.description for one in contract.columns
        }
        notes[key] = TableNotes(contract.purpose, columns)
    return notes
