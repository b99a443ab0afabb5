"""The sensor that tells people of incidents (docs/runbooks/), and the table of what was told."""

import dagster as dg

from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.operations.alerts.book import INCIDENTS
from lakehouse_assets.sources.resource import LandingZone

incidents_table = dg.AssetSpec(key=INCIDENTS, kinds={"deltalake"})


@dg.sensor(
    name="alerts",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells once of each failed run, failed check, broken promise of freshness, retraining, promotion, "
    "refusal, missed night, sensor or schedule whose ticks fail, table of decisions or files that nobody can read, and "
    "use case that a person has to look into, and once that it is over: in the log, and where ALERT_URLS says. Starts "
    "no run.",
)
def alerts(
    context: dg.SensorEvaluationContext, lake: LakeResource, landing: LandingZone
) -> dg.SensorResult | dg.SkipReason:
    """Look at what happened since the last tick, and tell what nobody was told yet."""
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from lakehouse_assets import settings
    from lakehouse_assets.contracts.additions import AUDIT
    from lakehouse_assets.monitoring.pauses import Pause, pauses
    from lakehouse_assets.operations.alerts.book import tell
    from lakehouse_assets.operations.alerts.channels import channels
    from lakehouse_assets.operations.alerts.cursor import Cursor
    from lakehouse_assets.operations.alerts.look import look
    from lakehouse_assets.operations.alerts.lost_book import opened, tell_of_it
    from lakehouse_assets.operations.alerts.messages import Places
    from lakehouse_assets.operations.asset_graph import graph_of
    from lakehouse_assets.operations.health.reports import write_runbooks
    from lakehouse_assets.operations.nights.awaited import awaited
    from lakehouse_assets.operations.ticks import ALERTS, ticking, watched
    from lakehouse_assets.operations.unreadable import Reading

    if context.repository_def is None:
        raise dg.DagsterInvariantViolationError("the sensor alerts needs its code location to know the assets")
    now, store = datetime.now(UTC), lake.lake()
    graph, cursor = graph_of(context.repository_def.asset_graph), Cursor.read(context.cursor, now)
    places, told_by = Places(settings.ui_url(), settings.runbooks_url()), channels(context.log.info)
    known = opened(store, cursor, ticking(context.instance, {ALERTS}).get(ALERTS), now)
    if known is None:
        write_runbooks(settings.reports_root())
        for reason in tell_of_it(cursor, graph, places, told_by):
            context.log.warning(reason)
        context.update_cursor(cursor.written())
        return dg.SkipReason(f"nothing is looked at while the table of incidents cannot be read: {cursor.lost_why}")
    reading, resting = Reading(), dict[str, Pause]()
    paused, zone = reading.of(AUDIT, lambda: pauses(store, now), resting).keys(), ZoneInfo(settings.plant_timezone())
    waited_for = awaited(context.instance, context.repository_def.asset_graph, landing)
    ticks = ticking(context.instance, watched(context.repository_def) - {ALERTS})
    facts = look(context.instance, store, graph, known.incidents, cursor, now, zone, paused, waited_for, ticks, reading)
    if facts:
        write_runbooks(settings.reports_root())  # the pages that messages link to
    failed = tell(store, known, facts, graph, places, told_by)
    for reason in failed:
        context.log.warning(reason)
    # The log takes everything, so what another channel did not take stands in the table and is told from there.
    context.update_cursor(cursor.written())
    return dg.SkipReason(f"{len(facts)} facts since the last look, {len(failed)} messages not taken")
