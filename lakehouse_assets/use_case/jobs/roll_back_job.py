"""The job that lets a former champion serve again, and asks for the reference that its drift is measured by."""

from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.use_case.plan import Plan


class RollBackConfig(dg.Config):
    """To which version, and why."""

    to_version: int | None = Field(default=None, description="Empty: the champion before the present one.")
    forced: bool = Field(default=False, description="Also to a version that never was champion.")
    dry_run: bool = Field(default=True, description="Check everything, move nothing.")
    who: str = Field(pattern=r"\S", description="Who asks for it; stands in the record.")
    reason: str = Field(pattern=r"\S", description="Why; stands in the record, and the gate tells it of the version.")


def roll_back_job(plan: Plan) -> dg.JobDefinition:
    """`<use case>_roll_back`."""

    @dg.op(name=f"{plan.name}_rolling_back", pool=f"{plan.name}_training")
    def rolling_back(
        context: dg.OpExecutionContext, config: RollBackConfig, lake: LakeResource, registry: ModelRegistry
    ) -> None:
        """Choose, load in a clean process, move the alias, write the reason down."""
        from lakehouse_assets.contracts import audit
        from lakehouse_assets.contracts.additions import add_rows
        from lakehouse_assets.contracts.conform import to_arrow
        from lakehouse_assets.lifecycle.judging.champions import ROLL_BACK
        from lakehouse_assets.lifecycle.judging.promotion import Occasion
        from lakehouse_assets.lifecycle.judging.rolling_back import roll_back
        from lakehouse_assets.use_case.judging import gated

        store, contract = lake.lake(), plan.contract("models", "champion")
        rows = store.read_pandas(plan.declaration.key("delivery", "training_set"))
        written = roll_back(
            registry,
            plan.name,
            gated.record_of(plan, store),
            Occasion(datetime.now(UTC), config.who, context.run_id),
            config.reason,
            lambda version: gated.sample_error(plan, registry, store, version, rows),
            config.to_version,
            config.forced,
            config.dry_run,
        )
        version = add_rows(store, contract, to_arrow(written, contract), contract.primary_key, context.run_id)
        last = written.iloc[-1]
        context.log.info(str(last["reason"]))
        told = {"action": last["action"], "to_version": int(last["to_version"]), "reason": last["reason"]}
        context.log_event(
            dg.AssetMaterialization(plan.key("models", "champion"), metadata={**told, "delta_version": version})
        )
        if not config.dry_run:
            # What the row names is made by the sensor repairs_asked_for: a job cannot start a run.
            anew = [plan.key("monitoring", table).path for table in ("reference", "thresholds")]
            details = {"from_version": int(last["from_version"]), "to_version": told["to_version"]}
            details |= {"assets": ["/".join(path) for path in anew], "tags": {}}
            run, said = context.run.root_run_id or context.run_id, {"who": config.who, "reason": config.reason}
            entry = f"{ROLL_BACK} {plan.name} {run}"
            audit.record(store, action=ROLL_BACK, subject=plan.name, details=details, run_id=run, entry=entry, **said)

    @dg.job(
        name=f"{plan.name}_roll_back",
        description=f"Let a former champion of {plan.name} serve again; a dry run unless `dry_run: false`.",
    )
    def job() -> None:
        rolling_back()

    return job
