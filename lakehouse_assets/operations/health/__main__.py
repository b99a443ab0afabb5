"""`make health`: prints how the platform is. Ends with 1 where there are problems, so that a script can tell."""

import os
import sys
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from lakehouse_assets import settings


def main() -> int:
    """Print, from the records as they are now; nothing runs and nothing is written."""
    settings.switch_telemetry_off()
    import dagster as dg

    from lakehouse_assets.definitions import defs
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.operations.embedded import prepare_dagster_home
    from lakehouse_assets.operations.health.gathering import gather
    from lakehouse_assets.operations.health.model import health
    from lakehouse_assets.operations.health.nights import night_facts
    from lakehouse_assets.operations.health.text import as_text
    from lakehouse_assets.operations.ticks import watched
    from lakehouse_assets.sources.resource import LandingZone

    home = settings.dagster_home()
    os.environ["DAGSTER_HOME"] = str(home)
    prepare_dagster_home(home)
    lake = Lake(settings.lake_uri(), settings.storage_options())
    landing: LandingZone = (defs.resources or {})["landing"]
    assets, now, zone = defs.resolve_asset_graph(), datetime.now(UTC), ZoneInfo(settings.plant_timezone())
    with dg.DagsterInstance.get() as instance:
        nights = night_facts(instance, assets, landing, zone, now, watched(defs.get_repository_def()))
        found = health(gather(instance, lake, assets, now, nights))
    sys.stdout.write(as_text(found) + "\n")
    return 0 if found.is_well else 1


if __name__ == "__main__":
    sys.exit(main())
