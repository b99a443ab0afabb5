"""The job that trains any registered version again, and says whether the same model comes of it."""

import dagster as dg
from pydantic import Field

from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.use_case.plan import Plan


class ReplayConfig(dg.Config):
    """Which version."""

    version: int | None = Field(default=None, description="Version of the registered model; empty: the champion.")


def replay_job(plan: Plan) -> dg.JobDefinition:
    """`<use case>_replay`."""

    @dg.op(name=f"{plan.name}_replaying", pool=f"{plan.name}_training")
    def replaying(
        context: dg.OpExecutionContext, config: ReplayConfig, lake: LakeResource, registry: ModelRegistry
    ) -> None:
        """Rebuild the rows from the noted table versions, train, compare, say what differs."""
        from lakehouse_assets.use_case.jobs import replayed

        outcome = replayed.replay(plan, lake.lake(), registry, config.version, context.log.info)
        context.log.info(str(outcome))
        context.log_event(
            dg.AssetObservation(
                plan.key("models", "candidate"), description=str(outcome), metadata=replayed.metadata_of(outcome)
            )
        )
        if not outcome.same:
            raise dg.Failure(str(outcome), metadata=replayed.metadata_of(outcome), allow_retries=False)

    @dg.job(
        name=f"{plan.name}_replay",
        description=f"Train a registered version of {plan.name} again from the table versions it came from; fails "
        "and says what differs if the metrics are not the same. Registers and promotes nothing.",
    )
    def job() -> None:
        replaying()

    return job
