"""The jobs, the schedule and the sensor of a use case."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.sources.daily import BY_HAND, CADENCE, NIGHT_TAG, SEARCH, TRAINING
from lakehouse_assets.use_case.plan import Plan
from lakehouse_assets.use_case.retraining.sensor import retraining_sensor


def jobs_of(plan: Plan, assets: Sequence[dg.AssetsDefinition]) -> dg.Definitions:
    """Training, scoring, tuning, replay and rolling back; the regular retraining; the sensor that asks for one."""
    own = dg.AssetSelection.assets(*(key for one in assets for key in one.keys))
    card = dg.AssetSelection.assets(plan.key("models", "model_card"))
    searched, learned = (own & dg.AssetSelection.tag(CADENCE, one) for one in (SEARCH, TRAINING))
    training = dg.define_asset_job(
        f"{plan.name}_training",
        selection=learned | card,
        description=f"Train {plan.name} on all that is known, measure it on held-out rows, and let the gate decide.",
    )
    scoring = dg.define_asset_job(
        f"{plan.name}_scoring",
        selection=own - learned - searched,
        run_tags={NIGHT_TAG: BY_HAND},
        description=f"One day of {plan.name}: features, predictions, outcomes, drift and performance.",
    )
    jobs = [training, scoring]
    if plan.declaration.tuning is not None:
        jobs.append(
            dg.define_asset_job(
                f"{plan.name}_tuning",
                selection=searched,
                description=f"Search for settings of {plan.name}; the next training uses the best of them.",
            )
        )
    return dg.Definitions(
        jobs=[*jobs, *_by_people(plan)],
        schedules=list(_schedules(plan, training)),
        sensors=[retraining_sensor(plan, training)],
    )


def _by_people(plan: Plan) -> list[dg.JobDefinition]:
    from lakehouse_assets.use_case.jobs.replay_job import replay_job
    from lakehouse_assets.use_case.jobs.roll_back_job import roll_back_job
    from lakehouse_assets.use_case.policy_replay.job import policy_replay_job

    return [replay_job(plan), policy_replay_job(plan), roll_back_job(plan)]


def _schedules(plan: Plan, training: Any) -> Iterator[dg.ScheduleDefinition]:
    if plan.declaration.schedule.training:

        @dg.schedule(
            name=f"{plan.name}_training_schedule",
            job=training,
            cron_schedule=plan.declaration.schedule.training,
            execution_timezone=plan.declaration.timezone,
            description=f"A regular retraining of {plan.name}, whatever drift says.",
        )
        def regular(context: dg.ScheduleEvaluationContext, lake: LakeResource) -> dg.RunRequest | dg.SkipReason:
            """Ask for a training unless somebody paused the use case."""
            from lakehouse_assets.monitoring.pauses import paused

            pause = paused(lake.lake(), plan.name)
            return dg.SkipReason(pause.words) if pause else dg.RunRequest(tags={"use_case": plan.name})

        yield regular
