"""What all domains share, made after their nights: the equipment, the plants' days, the SQL views."""

import dagster as dg

from lakehouse_assets.defs.shared.equipment import EQUIPMENT
from lakehouse_assets.defs.shared.plant_days import PLANT_DAYS

shared_nightly = dg.define_asset_job(
    "shared_nightly",
    selection=dg.AssetSelection.assets(EQUIPMENT, PLANT_DAYS, ["delivery", "platform", "sql_views"]),
    description="One day of what all domains share: equipment with its history, each plant's day for BI, SQL views.",
)
shared_nightly_schedule = dg.build_schedule_from_partitioned_job(
    shared_nightly,
    name="shared_nightly_schedule",
    hour_of_day=4,
    description="Every night at 04:00 UTC, when the domains' nights are over: the day before.",
)
