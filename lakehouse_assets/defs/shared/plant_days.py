"""The mart that joins the domains for BI: each plant's day in one row."""

from pathlib import Path

import dagster as dg

from lakehouse_assets.contracts.odcs.reading import load_contract
from lakehouse_assets.defs.shared.mart import Source, load_mart
from lakehouse_assets.lake.lazy_types import Table
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.sql.duckdb_resource import DuckDB
from lakehouse_assets.sources.daily import BY_DAY, ONE_RUN, days_of

PLANT_DAYS = ["delivery", "plant", "days"]
PLANT_DAYS_SQL = Path(__file__).parent / "plant_days.sql"

#: From the first day of the domain that begins first.
DAYS = dg.DailyPartitionsDefinition(start_date="2018-01-01")

_HERE = Path(__file__).parent
_MART = load_mart(_HERE / "plant_days.yaml")
_CONTRACT = load_contract(_HERE / "contracts" / "delivery" / "days.yaml", False)


def _dependency(source: Source) -> dg.AssetDep:
    if source.days_before is None:
        return dg.AssetDep(dg.AssetKey(source.table))
    # Domains begin on different days.
    same_day = dg.TimeWindowPartitionMapping(
        start_offset=-source.days_before, end_offset=-source.days_before, allow_nonexistent_upstream_partitions=True
    )
    return dg.AssetDep(dg.AssetKey(source.table), partition_mapping=same_day)


@dg.asset(
    key=PLANT_DAYS,
    deps=[_dependency(source) for source in _MART.relations.values()],
    metadata=BY_DAY,
    kinds={"duckdb"},
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def plant_days(context: dg.AssetExecutionContext, lake: LakeResource, duckdb: DuckDB) -> Table:
    """Join in DuckDB; the statement stands in plant_days.sql, its tables in plant_days.yaml."""
    from lakehouse_assets.contracts.schema import arrow_schema
    from lakehouse_assets.defs.shared.mart import rows_of
    from lakehouse_assets.lake.lineage import METADATA_KEY, Relation, column_lineage

    sql, sources = PLANT_DAYS_SQL.read_text(encoding="utf-8"), _MART.relations
    traced = {name: Relation(dg.AssetKey(source.table), list(source.columns)) for name, source in sources.items()}
    context.add_output_metadata({METADATA_KEY: column_lineage(sql, traced), **_MART.bounds})
    with duckdb.get_connection() as connection:
        for name, source in sources.items():
            connection.register(name, rows_of(lake.lake(), source, *days_of(context)))
        rows = connection.sql(sql, params=dict(_MART.bounds)).to_arrow_table()
    return rows.cast(arrow_schema(_CONTRACT))
