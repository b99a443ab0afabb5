"""What all domains share, for a day: the equipment, the plants' days, the SQL views."""

import dagster as dg

from lakehouse_assets.defs.shared.equipment import EQUIPMENT
from lakehouse_assets.defs.shared.plant_days import PLANT_DAYS
from lakehouse_assets.sources.daily import BY_HAND, NIGHT_TAG

shared_nightly = dg.define_asset_job(
    "shared_nightly",
    selection=dg.AssetSelection.assets(EQUIPMENT, PLANT_DAYS, ["delivery", "platform", "sql_views"]),
    run_tags={NIGHT_TAG: BY_HAND},
    description="One day of what all domains share: equipment with its history, each plant's day for BI, SQL views.",
)
