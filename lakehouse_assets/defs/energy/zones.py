"""Energy from landing to harmonized: what the meters delivered, kept as delivered, then typed and conformed."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from lakehouse_assets.defs.energy import harmonize
from lakehouse_assets.defs.energy.days import DAYS, SOURCE, contract
from lakehouse_assets.lake.lazy_types import Frame
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.operations.repairs.quarantined import repairing
from lakehouse_assets.sources.csv.assets import harmonized_table, raw_assets
from lakehouse_assets.sources.daily import BY_DAY, ONE_RUN, PLANT_DATA

READINGS = harmonized_table(
    SOURCE,
    contract("harmonized", "readings"),
    contract("harmonized", "quarantine"),
    harmonize.readings,
    ["load_type", *harmonize.MEASURES],
)
QUARANTINE = READINGS.quarantine.key
repairs, repair_job = repairing(READINGS)


def simulate(folder: Path, first: date, last: date) -> None:
    """Let the simulated meters deliver their files of the days, both included."""
    from lakehouse_assets.sources.plant.energy import Works, write_days
    from lakehouse_assets.sources.plant.environment import column_drifts_from_environment, seed_from_environment

    works, drifts = Works(seed_from_environment()), column_drifts_from_environment("energy", "usage_kwh")
    write_days(works, folder, first, last, drifts)


landing_files, raw_readings, deliveries = raw_assets(
    SOURCE, DAYS, PLANT_DATA, "Quarter-hourly readings of the electricity meters as delivered.", simulate
)


@dg.multi_asset(
    name="energy_readings",
    outs={
        "readings": dg.AssetOut(key=["harmonized", "energy", "readings"], metadata=BY_DAY),
        "quarantine": dg.AssetOut(key=list(QUARANTINE), metadata=BY_DAY),
    },
    ins={"raw": dg.AssetIn(key=SOURCE.raw_key)},
    deps=[repairs],
    check_specs=[
        dg.AssetCheckSpec(
            "every_meter_day_is_whole",
            asset=["harmonized", "energy", "readings"],
            description="Each meter has one reading for every quarter hour of a local day on which it has any: 96, "
            "or 92 and 100 where the local clock jumps.",
        ),
        dg.AssetCheckSpec(
            "every_row_keeps_the_contract", asset=list(QUARANTINE), description="No row of these days was set aside."
        ),
    ],
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def readings(raw: Frame, lake: LakeResource) -> Iterator[Any]:
    """Type the rows in force as repaired, put stamps right and into UTC, and set aside what breaks the contract."""
    from lakehouse_assets.contracts.quarantine import quarantine_check

    made = READINGS.harmonised([raw], READINGS.repairs_in(lake.lake()))
    yield dg.Output(made.table, "readings", metadata=harmonize.readings_metadata(made.rows))
    yield dg.Output(made.set_aside, "quarantine")
    broken = harmonize.broken_days(made.rows, SOURCE.timezone)
    yield dg.AssetCheckResult(
        asset_key=dg.AssetKey(list(READINGS.promise.key)),
        check_name="every_meter_day_is_whole",
        passed=broken.empty,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=harmonize.day_check_metadata(broken),
    )
    yield quarantine_check(QUARANTINE, "every_row_keeps_the_contract", made.broken, repair_job.name)
