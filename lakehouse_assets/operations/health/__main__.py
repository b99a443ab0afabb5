"""`make health`: prints how the platform is. Ends with 1 where there are problems, so that a script can tell."""

import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lakehouse_assets import settings

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.operations.health.model import Health


def main() -> int:
    """Print, from the records as they are now; nothing runs and nothing is written.

    Where records cannot be reached, that is what is printed.
    """
    settings.switch_telemetry_off()
    from lakehouse_assets.definitions import defs
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.operations.health.away import as_text_without_records, unreached
    from lakehouse_assets.operations.health.text import as_text

    assets, now = defs.resolve_asset_graph(), datetime.now(UTC)
    home, lake = settings.dagster_home(), Lake(settings.lake_uri(), settings.storage_options())
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        found = _health(lake, now)
    except Exception as error:
        why = unreached(error)
        if why is None:
            raise
        sys.stdout.write(as_text_without_records(why, lake, assets, now) + "\n")
        return 1
    sys.stdout.write(as_text(found) + "\n")
    return 0 if found.is_well else 1


def _health(lake: "Lake", now: datetime) -> "Health":
    from zoneinfo import ZoneInfo

    import dagster as dg

    from lakehouse_assets.definitions import defs
    from lakehouse_assets.operations.embedded import prepare_dagster_home
    from lakehouse_assets.operations.health.gathering import gather
    from lakehouse_assets.operations.health.model import health
    from lakehouse_assets.operations.health.nights import night_facts
    from lakehouse_assets.operations.ticks import watched
    from lakehouse_assets.operations.unreadable import ReadingNow
    from lakehouse_assets.sources.resource import LandingZone

    prepare_dagster_home(settings.dagster_home())
    landing: LandingZone = (defs.resources or {})["landing"]
    assets, zone = defs.resolve_asset_graph(), ZoneInfo(settings.plant_timezone())
    with dg.DagsterInstance.get() as instance:
        nights = night_facts(instance, assets, landing, zone, now, watched(defs.get_repository_def()))
        return health(gather(instance, lake, assets, now, nights, ReadingNow()))


if __name__ == "__main__":
    sys.exit(main())
