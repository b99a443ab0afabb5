"""Turbofan from landing to raw: what the fleets delivered, kept as delivered."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from lakehouse_assets.defs.turbofan.days import DAYS
from lakehouse_assets.lake.lazy_types import Table
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.sources.daily import BY_DAY, ONE_RUN, PLANT_DATA, days_of
from lakehouse_assets.sources.resource import LandingZone
from lakehouse_assets.sources.turbofan.names import Kind


@dg.asset(
    key=["landing", "turbofan", "files"],
    owners=[PLANT_DATA],
    description="The files that the fleets delivered for a day. With LANDING unset, the simulated plant delivers them.",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def landing_files(context: dg.AssetExecutionContext, landing: LandingZone) -> dg.MaterializeResult[None]:
    """Deliver the run's days if the plant is simulated, and say what lies in the landing folder."""
    from lakehouse_assets.sources.landing import list_landing
    from lakehouse_assets.sources.plant.turbofan_delivery import deliver, holds_day

    landing.require_files("turbofan", context.run.tags)
    folder, (first, last) = landing.folder("turbofan"), days_of(context)
    if landing.simulated:
        deliver(folder, first, last)
    files = [file for file in list_landing(folder) if holds_day(file, first, last)]
    return dg.MaterializeResult(
        metadata={
            "folder": dg.MetadataValue.path(str(folder)),
            "files": len(files),
            "bytes": sum(file.size for file in files),
            "source": "simulated plant" if landing.simulated else "LANDING",
        }
    )


def _append_new_rows(context: dg.AssetExecutionContext, kind: Kind, folder: Any, lake: Any) -> Any:
    from lakehouse_assets.sources.turbofan import raw as turbofan_raw

    first, last = days_of(context)
    key = context.asset_key.path
    held = turbofan_raw.held_deliveries(lake, key, first, last)
    delivered = turbofan_raw.delivered_rows(turbofan_raw.files_for(folder, kind, (first, last)))
    rows = turbofan_raw.rows_to_append(delivered, held, (first, last), datetime.now(UTC))
    context.log.info(f"{len(delivered):,} rows in the landing folder, {len(rows):,} of them new for these days")
    return turbofan_raw.raw_table(rows)


@dg.asset(
    key=["raw", "turbofan", "run_to_failure"],
    deps=[landing_files],
    metadata={**BY_DAY, "write_mode": "append"},
    pool="turbofan_raw",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def run_to_failure(context: dg.AssetExecutionContext, landing: LandingZone, lake: LakeResource) -> Table:
    """Append what raw does not hold yet of the run's days."""
    landing.require_files("turbofan", context.run.tags)
    return _append_new_rows(context, "train", landing.folder("turbofan"), lake.lake())


@dg.asset(
    key=["raw", "turbofan", "in_service"],
    deps=[landing_files],
    metadata={**BY_DAY, "write_mode": "append"},
    pool="turbofan_raw",
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def in_service(context: dg.AssetExecutionContext, landing: LandingZone, lake: LakeResource) -> Table:
    """Append what raw does not hold yet of the run's days."""
    landing.require_files("turbofan", context.run.tags)
    return _append_new_rows(context, "test", landing.folder("turbofan"), lake.lake())


@dg.asset(
    key=["raw", "turbofan", "remaining_lives"],
    deps=[landing_files],
    metadata={"write_mode": "append"},
    pool="turbofan_raw",
)
def raw_remaining_lives(context: dg.AssetExecutionContext, landing: LandingZone, lake: LakeResource) -> Table:
    """Append the lines of RUL files whose delivery is not in force yet."""
    from lakehouse_assets.sources.turbofan.raw import files_for, lives_in_force, lives_table

    held = lives_in_force(lake.lake(), context.asset_key.path)
    return lives_table(files_for(landing.folder("turbofan"), "RUL", None), held, datetime.now(UTC))


@dg.multi_asset(
    name="turbofan_deliveries",
    outs={
        "deliveries": dg.AssetOut(
            key=["raw", "turbofan", "deliveries"],
            metadata={"write_mode": "append"},
        ),
        "quarantine": dg.AssetOut(
            key=["raw", "turbofan", "quarantine"],
            metadata={"write_mode": "append", "merge_keys": ["file", "sha256", "line"]},
        ),
    },
    deps=[landing_files],
    check_specs=[
        dg.AssetCheckSpec(
            "every_delivery_is_readable",
            asset=["raw", "turbofan", "quarantine"],
            description="No line of a delivery that is in force stands in quarantine.",
        )
    ],
    pool="turbofan_raw",
)
def deliveries(landing: LandingZone, lake: LakeResource) -> Iterator[Any]:
    """Read every file that the ledger does not know yet, and set aside what cannot be read."""
    from lakehouse_assets.contracts.personal.erased import erased_persons
    from lakehouse_assets.contracts.personal.pseudonyms import pseudonyms_of_environment
    from lakehouse_assets.sources.turbofan import deliveries as ledger

    erased = erased_persons(lake.lake(), pseudonyms_of_environment())
    seen = ledger.known_deliveries(lake.lake())
    files, rejects = ledger.examine(landing.folder("turbofan"), seen, datetime.now(UTC), erased.redact)
    yield dg.Output(ledger.deliveries_table(files), "deliveries")
    yield dg.Output(ledger.quarantine_table(rejects), "quarantine", metadata={"new_rejects": len(rejects)})
    open_rejects = ledger.open_rejects(lake.lake(), landing.folder("turbofan"), files, rejects)
    yield dg.AssetCheckResult(
        asset_key=["raw", "turbofan", "quarantine"],
        check_name="every_delivery_is_readable",
        passed=open_rejects.empty,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=ledger.check_metadata(open_rejects),
    )
