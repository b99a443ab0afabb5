"""The energy domain's jobs and its nightly schedule."""

import dagster as dg

from lakehouse_assets.defs.shared.equipment import EQUIPMENT

_ALL = dg.AssetSelection.groups("energy") | dg.AssetSelection.assets(EQUIPMENT)

energy_road = dg.define_asset_job(
    "energy_road",
    selection=_ALL,
    description="The whole road for a range of days in one run: files to zones, and the equipment they are about.",
)
energy_nightly = dg.define_asset_job(
    "energy_nightly",
    selection=_ALL,
    description="One day: files to zones, and the equipment they are about.",
)

energy_nightly_schedule = dg.build_schedule_from_partitioned_job(
    energy_nightly,
    name="energy_nightly_schedule",
    hour_of_day=2,
    description="Every night at 02:00 UTC: the day before.",
)
