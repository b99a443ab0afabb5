"""The milling domain's jobs and its nightly schedule."""

import dagster as dg

from lakehouse_assets.defs.shared.equipment import EQUIPMENT
from lakehouse_assets.sources.daily import nightly

_ALL = dg.AssetSelection.groups("milling") | dg.AssetSelection.assets(EQUIPMENT)

milling_road = dg.define_asset_job(
    "milling_road",
    selection=_ALL,
    description="The whole road for a range of days in one run: files to zones, and the equipment they are about.",
)
milling_nightly = dg.define_asset_job(
    "milling_nightly",
    selection=_ALL,
    description="One day: files to zones, and the equipment they are about.",
)
milling_nightly_schedule = nightly(milling_nightly)
