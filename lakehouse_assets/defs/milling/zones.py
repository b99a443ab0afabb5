"""Milling from landing to harmonized: what the machines delivered, kept as delivered, then typed and conformed."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from lakehouse_assets.contracts.harmonized import HarmonizedTable
from lakehouse_assets.defs.milling import harmonize
from lakehouse_assets.defs.milling.days import DAYS, SOURCE, contract
from lakehouse_assets.lake.lazy_types import Frame
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.operations.repairs.quarantined import repairing
from lakehouse_assets.sources.csv.assets import Harmonize, harmonized_table, raw_assets
from lakehouse_assets.sources.daily import BY_DAY, ONE_RUN, PLANT_DATA


def _table(name: str, harmonize_rows: Harmonize, repairable: Iterable[str]) -> HarmonizedTable:
    promise, aside = contract("harmonized", name), contract("harmonized", f"{name}_quarantine")
    return harmonized_table(SOURCE, promise, aside, harmonize_rows, tuple(repairable))


OPERATIONS = _table("operations", harmonize.operations, ["type", *harmonize.CONDITIONS])
FAILURES = _table("failures", harmonize.failures, harmonize.FINDINGS)
repairs, repair_job = repairing(OPERATIONS, FAILURES)


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
    ins={"raw": dg.AssetIn(key=SOURCE.raw_key)},
    deps=[repairs],
    check_specs=[_no_row_set_aside("operations")],
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def operations(raw: Frame, lake: LakeResource) -> Iterator[Any]:
    """The conditions of every product, in SI units and UTC; never what the inspection found."""
    yield from _harmonised(raw, lake, OPERATIONS, harmonize.operations_metadata)


@dg.multi_asset(
    name="milling_failures",
    outs={
        "failures": dg.AssetOut(key=["harmonized", "milling", "failures"], metadata=BY_DAY),
        **_set_aside("failures"),
    },
    ins={"raw": dg.AssetIn(key=SOURCE.raw_key)},
    deps=[repairs],
    check_specs=[_no_row_set_aside("failures")],
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def failures(raw: Frame, lake: LakeResource) -> Iterator[Any]:
    """What the inspection of every product found: the label."""
    yield from _harmonised(raw, lake, FAILURES, harmonize.failures_metadata)


def _harmonised(raw: Any, lake: LakeResource, table: HarmonizedTable, describe: Any) -> Iterator[Any]:
    """One table's rows that keep its contract, those that break it, and the check on these."""
    from lakehouse_assets.contracts.quarantine import quarantine_check

    made = table.harmonised([raw], table.repairs_in(lake.lake()))
    yield dg.Output(made.table, table.name, metadata=describe(made.rows))
    yield dg.Output(made.set_aside, "quarantine")
    yield quarantine_check(table.quarantine.key, "every_row_keeps_the_contract", made.broken, repair_job.name)
