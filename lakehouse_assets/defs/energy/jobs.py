"""The energy domain's jobs and its nightly schedule."""

import dagster as dg

from lakehouse_assets.defs.shared.equipment import EQUIPMENT
from lakehouse_assets.sources.daily import nightly

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
energy_nightly_schedule = nightly(energy_nightly)
