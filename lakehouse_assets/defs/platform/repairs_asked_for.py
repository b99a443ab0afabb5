"""The sensor that makes runs of what repair jobs and roll backs ask for."""

import dagster as dg

from lakehouse_assets.lake.resource import LakeResource


@dg.sensor(
    name="repairs_asked_for",
    asset_selection=dg.AssetSelection.all(),
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Starts the runs that the jobs rerun_from and retrain_now ask for, each once.",
)
def repairs_asked_for(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
    """Ask for a run for each request that has none; the entry makes it one whatever restarts. Tell of those too old."""
    from datetime import UTC, datetime

    from lakehouse_assets.operations.repairs.requests import REPAIR, open_requests, tell_expired

    def was_run(entry: str, *statuses: dg.DagsterRunStatus) -> bool:
        asked = dg.RunsFilter(tags={REPAIR: entry}, statuses=statuses or None)
        return bool(context.instance.get_runs(asked, limit=1))

    def succeeded(entry: str) -> bool:
        return was_run(entry, dg.DagsterRunStatus.SUCCESS)

    look = open_requests(lake.lake(), context.cursor, datetime.now(UTC), succeeded, was_run)
    for one in look.expired:
        context.log.warning(tell_expired(lake.lake(), one))
    if not look.to_start:
        return dg.SensorResult(skip_reason="nothing was asked for", cursor=look.cursor)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=one.entry,
                asset_selection=[dg.AssetKey(key.split("/")) for key in one.assets],
                tags={**one.tags, REPAIR: one.entry},
            )
            for one in look.to_start
        ],
        cursor=look.cursor,
    )
