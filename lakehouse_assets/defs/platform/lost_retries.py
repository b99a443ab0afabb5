"""Dead runs that Dagster's daemon forgot to start again."""

import dagster as dg


@dg.sensor(
    name="lost_retries",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reports the failure of a dead run once more if it was to be started again and was not, so that the "
    "daemon starts it; where that does not help, people are told. Starts no run itself.",
)
def lost_retries(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Look for runs that wait in vain."""
    from datetime import UTC, datetime

    from lakehouse_assets.operations.lost_retries import lost_retries, report_again

    lost = lost_retries(context.instance, datetime.now(UTC))
    for run in lost:
        report_again(context.instance, run)
    return dg.SkipReason(f"{len(lost)} dead runs were not started again: {', '.join(run.run_id for run in lost)}")
