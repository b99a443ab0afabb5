"""The job that lets a former champion serve again, and asks for the reference that its drift is measured by."""

import dagster as dg
from pydantic import Field

from lakehouse_assets.contracts.asking import REASON, WHO
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.use_case.plan import Plan


class RollBackConfig(dg.Config):
    """To which version, and why."""

    to_version: int | None = Field(default=None, description="Empty: the champion before the present one.")
    forced: bool = Field(default=False, description="Also to a version that never was champion.")
    dry_run: bool = Field(default=True, description="Check everything and tell; move and write nothing.")
    who: str = WHO
    reason: str = REASON


def roll_back_job(plan: Plan) -> dg.JobDefinition:
    """`<use case>_roll_back`."""

    @dg.op(name=f"{plan.name}_rolling_back", pool=f"{plan.name}_training")
    def rolling_back(
        context: dg.OpExecutionContext, config: RollBackConfig, lake: LakeResource, registry: ModelRegistry
    ) -> None:
        """Choose, load in a clean process, move the alias, write the reason down."""
        from lakehouse_assets.lifecycle.judging.rolling_back import Wish
        from lakehouse_assets.use_case.judging.rolled_back import Asked

        wish = Wish(config.reason, config.to_version, config.forced)
        run = context.run.root_run_id or context.run.tags.get("dagster/root_run_id") or context.run_id
        asked = Asked(plan, lake.lake(), registry, wish, config.who, run)
        planned = asked.planned()
        context.log.info(planned.in_words(config.reason, config.dry_run))
        if not config.dry_run:
            context.log_event(asked.carry_out(planned))

    @dg.job(
        name=f"{plan.name}_roll_back",
        description=f"Let a former champion of {plan.name} serve again; a dry run unless `dry_run: false`.",
    )
    def job() -> None:
        rolling_back()

    return job
