"""Maintenance records from raw to harmonized: the domain's personal data (docs/personal_data.md).

Not partitioned: with ten records a day, partitions would cost a backfill of 200 days 10 CPU-s of events.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from lakehouse_assets.defs.turbofan.days import contract
from lakehouse_assets.lake.lazy_types import Frame, Table
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.sources.resource import LandingZone

_RAW = ["raw", "turbofan", "maintenance_records"]
_QUARANTINE = ["harmonized", "turbofan", "maintenance_quarantine"]


@dg.asset(
    key=_RAW,
    deps=[dg.AssetKey(["landing", "turbofan", "files"])],
    metadata={"write_mode": "append"},
    pool="turbofan_raw",
)
def raw_maintenance_records(context: dg.AssetExecutionContext, landing: LandingZone, lake: LakeResource) -> Table:
    """Append the deliveries that are not in force yet; persons on the list of the erased are left out."""
    from lakehouse_assets.contracts.personal.erased import erased_persons
    from lakehouse_assets.contracts.personal.pseudonyms import pseudonyms_of_environment
    from lakehouse_assets.sources.turbofan import maintenance_raw
    from lakehouse_assets.sources.turbofan.maintenance_files import maintenance_files, read_maintenance

    erased = erased_persons(lake.lake(), pseudonyms_of_environment())
    files = maintenance_files(landing.folder("turbofan"))
    deliveries = [read_maintenance(file, erased.redact) for file in files]
    held = maintenance_raw.held_deliveries(lake.lake())
    rows = maintenance_raw.rows_to_append(deliveries, held, datetime.now(UTC))
    context.log.info(f"{len(files):,} files of maintenance records, {len(rows):,} rows of them new")
    return maintenance_raw.raw_table(rows)


@dg.multi_asset(
    name="turbofan_maintenance_records",
    outs={
        "records": dg.AssetOut(key=["harmonized", "turbofan", "maintenance_records"]),
        "quarantine": dg.AssetOut(key=_QUARANTINE),
    },
    ins={"raw": dg.AssetIn(key=_RAW)},
    check_specs=[
        dg.AssetCheckSpec(
            "every_record_keeps_the_contract", asset=_QUARANTINE, description="No record in force was set aside."
        ),
    ],
)
def maintenance_records(raw: Frame) -> Iterator[Any]:
    """Type the records in force, with a pseudonym in place of every badge, and set aside what breaks the contract."""
    from lakehouse_assets.contracts.conform import conform, to_arrow
    from lakehouse_assets.contracts.personal.pseudonyms import without_pseudonyms
    from lakehouse_assets.contracts.quarantine import quarantine_check
    from lakehouse_assets.defs.turbofan.harmonize_maintenance import quarantine_table, records_in_force

    promise = contract("harmonized", "maintenance_records")
    split = conform(records_in_force(raw), promise)
    yield dg.Output(to_arrow(split.rows, promise), "records", metadata={"people": int(split.rows["badge"].nunique())})
    yield dg.Output(quarantine_table(split.broken, contract("harmonized", "maintenance_quarantine")), "quarantine")
    shown = split.broken.assign(rule=split.broken["rule"].map(without_pseudonyms))
    yield quarantine_check(_QUARANTINE, "every_record_keeps_the_contract", shown)
