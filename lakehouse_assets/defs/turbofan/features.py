"""Turbofan indicators that any use case can read."""

from pathlib import Path

import dagster as dg

from lakehouse_assets.defs.turbofan.days import DAYS
from lakehouse_assets.lake.lazy_types import Frame, Table
from lakehouse_assets.lake.sql.duckdb_resource import DuckDB
from lakehouse_assets.sources.daily import BY_DAY, CADENCE, ONE_RUN, TRAINING, days_of

FLEET_DAYS_SQL = Path(__file__).parent / "sql" / "fleet_days.sql"

#: An engine's beginning is carried on over gaps of up to a week without a reading.
GAP_DAYS = 7


@dg.asset(
    key=["distilled", "turbofan", "operating_regimes"],
    ins={
        "readings": dg.AssetIn(key=["harmonized", "turbofan", "readings"]),
        "failures": dg.AssetIn(
            key=["harmonized", "turbofan", "failures"], metadata={"columns": ["engine_id", "day", "cycle"]}
        ),
    },
    tags={CADENCE: TRAINING},
)
def operating_regimes(context: dg.AssetExecutionContext, readings: Frame, failures: Frame) -> Frame:
    """Fit the regimes on the readings of failed engines that are not held out."""
    from lakehouse_assets.features.regimes import fit_regimes
    from lakehouse_assets.lifecycle.learning.split import is_held_out

    training = failures.loc[~failures["engine_id"].map(is_held_out), "engine_id"]
    regimes = fit_regimes(readings[readings["engine_id"].isin(training)])
    context.add_output_metadata({"regimes": len(regimes), "training_engines": len(training)})
    return regimes


@dg.asset(
    key=["distilled", "turbofan", "normalised_readings"],
    ins={
        "readings": dg.AssetIn(key=["harmonized", "turbofan", "readings"]),
        "regimes": dg.AssetIn(key=["distilled", "turbofan", "operating_regimes"]),
    },
    metadata=BY_DAY,
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def normalised_readings(readings: Frame, regimes: Frame) -> Frame:
    """Normalise each reading within its regime; null where its flight condition is unknown."""
    from lakehouse_assets.features.regimes import SENSORS, normalise, regimes_version
    from lakehouse_assets.features.windows import feature_names

    version = regimes_version(regimes, feature_names())
    rows = normalise(readings, regimes)[["engine_id", "day", "known_at", "fleet", "cycle", *SENSORS]]
    return rows.assign(feature_version=version)


@dg.asset(
    key=["distilled", "turbofan", "engine_baselines"],
    ins={
        "normalised": dg.AssetIn(key=["distilled", "turbofan", "normalised_readings"]),
        "previous": dg.AssetIn(
            key=["distilled", "turbofan", "engine_baselines"],
            partition_mapping=dg.TimeWindowPartitionMapping(
                start_offset=-GAP_DAYS, end_offset=-1, allow_nonexistent_upstream_partitions=True
            ),
        ),
    },
    metadata=BY_DAY,
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def engine_baselines(context: dg.AssetExecutionContext, normalised: Frame, previous: Frame) -> Frame:
    """Carry each engine's beginning on from the days before."""
    from lakehouse_assets.features.baselines import empty_baselines, update_baselines
    from lakehouse_assets.features.windows import MODEL_SENSORS

    # In a range of days the loaded partitions overlap with those that this run writes; only the days before count.
    before = previous[previous["day"] < days_of(context)[0]] if len(previous) else previous
    return update_baselines(before if len(before) else empty_baselines(MODEL_SENSORS), normalised, MODEL_SENSORS)


@dg.asset(
    key=["distilled", "turbofan", "fleet_days"],
    ins={
        "readings": dg.AssetIn(
            key=["harmonized", "turbofan", "readings"],
            metadata={"columns": ["engine_id", "fleet", "day", "cycle", "t50"]},
        ),
        "failures": dg.AssetIn(
            key=["harmonized", "turbofan", "failures"], metadata={"columns": ["engine_id", "day", "cycle"]}
        ),
    },
    metadata=BY_DAY,
    kinds={"duckdb"},
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def fleet_days(context: dg.AssetExecutionContext, readings: Frame, failures: Frame, duckdb: DuckDB) -> Table:
    """Aggregate in DuckDB; the statement stands in sql/fleet_days.sql, and the column lineage follows from it."""
    from lakehouse_assets.lake.lineage import lineage_metadata

    sql, relations = FLEET_DAYS_SQL.read_text(encoding="utf-8"), {"readings": readings, "failures": failures}
    context.add_output_metadata(
        lineage_metadata(context, sql, {name: list(r.columns) for name, r in relations.items()})
    )
    with duckdb.get_connection() as connection:
        for name, rows in relations.items():
            connection.register(name, rows)
        return connection.sql(sql).to_arrow_table()
