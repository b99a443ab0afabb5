"""Milling from landing to harmonized: what the machines delivered, kept as delivered, then typed and conformed."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from lakehouse_assets.defs.milling.days import DAYS, SOURCE, contract
from lakehouse_assets.lake.lazy_types import Frame
from lakehouse_assets.sources.csv_assets import raw_assets
from lakehouse_assets.sources.daily import BY_DAY, ONE_RUN, PLANT_DATA

OPERATIONS, FAILURES = contract("harmonized", "operations"), contract("harmonized", "failures")
RAW = dg.AssetIn(key=SOURCE.raw_key)


def simulate(folder: Path, first: date, last: date) -> None:
    """Let the simulated shop deliver its files of the days, both included."""
    from lakehouse_assets.sources.plant.environment import column_drifts_from_environment, seed_from_environment
    from lakehouse_assets.sources.plant.milling import Shop, write_days

    shop, drifts = Shop(seed_from_environment()), column_drifts_from_environment("milling", "torque_nm")
    write_days(shop, folder, first, last, drifts)


landing_files, products, deliveries = raw_assets(
    SOURCE, DAYS, PLANT_DATA, "Products of the milling machines as delivered, conditions and findings.", simulate
)


def _set_aside(table: str) -> dict[str, dg.AssetOut]:
    return {
        "quarantine": dg.AssetOut(
            key=["harmonized", "milling", f"{table}_quarantine"],
            metadata=BY_DAY,
        )
    }


def _no_row_set_aside(table: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        "every_row_keeps_the_contract",
        asset=["harmonized", "milling", f"{table}_quarantine"],
        description="No row of these days was set aside.",
    )


@dg.multi_asset(
    name="milling_operations",
    outs={
        "operations": dg.AssetOut(key=["harmonized", "milling", "operations"], metadata=BY_DAY),
        **_set_aside("operations"),
    },
    ins={"raw": RAW},
    check_specs=[_no_row_set_aside("operations")],
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def operations(raw: Frame) -> Iterator[Any]:
    """The conditions of every product, in SI units and UTC; never what the inspection found."""
    from lakehouse_assets.defs.milling import harmonize

    yield from _harmonized(raw, OPERATIONS, harmonize.operations, harmonize.operations_metadata)


@dg.multi_asset(
    name="milling_failures",
    outs={
        "failures": dg.AssetOut(key=["harmonized", "milling", "failures"], metadata=BY_DAY),
        **_set_aside("failures"),
    },
    ins={"raw": RAW},
    check_specs=[_no_row_set_aside("failures")],
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def failures(raw: Frame) -> Iterator[Any]:
    """What the inspection of every product found: the label."""
    from lakehouse_assets.defs.milling import harmonize

    yield from _harmonized(raw, FAILURES, harmonize.failures, harmonize.failures_metadata)


def _harmonized(raw: Any, promise: Any, harmonize: Any, describe: Any) -> Iterator[Any]:
    """One table's rows that keep its contract, those that break it, and the checks on both."""
    from lakehouse_assets.contracts.conform import conform, to_arrow
    from lakehouse_assets.contracts.quarantine import quarantine_check, quarantine_table

    split, table = conform(harmonize(raw, SOURCE), promise), promise.key[-1]
    yield dg.Output(to_arrow(split.rows, promise), table, metadata=describe(split.rows))
    aside = contract("harmonized", f"{table}_quarantine")
    yield dg.Output(quarantine_table(split.broken, raw, SOURCE.value_columns, aside), "quarantine")
    yield quarantine_check(aside.key, "every_row_keeps_the_contract", split.broken)
