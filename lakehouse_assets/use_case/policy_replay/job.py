"""The job that plays past days as nights under several retraining policies, before one of them is switched on."""

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field, ValidationInfo, field_validator

from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.use_case.plan import Plan

if TYPE_CHECKING:
    from lakehouse_assets.monitoring.deciding.policy import Policy
    from lakehouse_assets.monitoring.replays.replay_results import Replayed
    from lakehouse_assets.use_case.policy_replay.playing import Asked

POLICIES = ["never", "every 30 days", "every 7 days", "drift", "performance", "drift or performance", "own"]


class Changes(dg.Config):
    """The use case's own policy, with these entries in place of its own; what is left empty stays."""

    on_drift: bool | None = Field(default=None, description="Train again when monitored columns drift.")
    on_performance: bool | None = Field(default=None, description="Train again when performance is lost.")
    on_more_data: float | None = Field(
        default=None, gt=0, description="Train again at this share of new rows, of those that were learned from."
    )
    learn_days: int | None = Field(default=None, ge=0, description="Days of a change that must be learned.")
    least_new_rows: int | None = Field(default=None, ge=0, description="So many new rows there must be.")
    drift_at_least: int | None = Field(default=None, ge=1, description="So many drifting reports ...")
    drift_of_last: int | None = Field(default=None, ge=1, description="... of the last so many.")
    loss_at_least: int | None = Field(default=None, ge=1, description="So many reports of lost performance ...")
    loss_of_last: int | None = Field(default=None, ge=1, description="... of the last so many.")
    calm_reports: int | None = Field(default=None, ge=1, description="So many calm reports in a row end an episode.")
    cool_down_days: int | None = Field(default=None, ge=0, description="Days between retrainings for drift.")
    loss_cool_down_days: int | None = Field(default=None, ge=0, description="Days between those for performance.")
    per_week: int | None = Field(default=None, ge=1, description="Retrainings in seven days, at most.")


class PolicyReplayConfig(dg.Config):
    """Which days to play, under which policies, and for how long."""

    first_day: str = Field(description="First night, as 2024-03-01: the first model is trained on what it knew.")
    last_day: str = Field(description="Last night.")
    policies: list[str] = Field(
        default=POLICIES, description=f"Played side by side: {', '.join(POLICIES)}; every n days, for any n."
    )
    changed: list[Changes] = Field(
        default=[], description="Further policies: the use case's own with some entries in place of its own."
    )
    apart_from: str | None = Field(
        default=None, description="First day that shall have no part in choosing; errors before and after stand apart."
    )
    cpu_minutes: float = Field(
        default=30.0, gt=0, description="No night but the first begins after so many CPU minutes."
    )

    @field_validator("first_day", "last_day", "apart_from")
    @classmethod
    def _a_day(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value and info.field_name == "apart_from":
            return None
        try:
            day = date.fromisoformat(value or "")
        except ValueError as error:
            raise ValueError(f"{info.field_name} {value!r}: expected a day such as 2024-03-01") from error
        if day > datetime.now(UTC).date():
            raise ValueError(f"{info.field_name} {value!r}: expected a past day, and that is to come")
        return value


def policy_replays_spec(plan: Plan) -> dg.AssetSpec:
    """The table of replays, which the job keeps and no asset makes."""
    deps = [dg.AssetKey(table.split("/")) for table in plan.learned_tables]
    return dg.AssetSpec(
        plan.key("monitoring", "policy_replays"),
        deps=deps,
        owners=[plan.declaration.owner],
        tags={"use_case": plan.name, "domain": plan.declaration.domain},
    )


def policy_replay_job(plan: Plan) -> dg.JobDefinition:
    """`<use case>_policy_replay`."""

    @dg.op(name=f"{plan.name}_playing_policies", pool=f"{plan.name}_training")
    def playing(context: dg.OpExecutionContext, config: PolicyReplayConfig, lake: LakeResource) -> None:
        """Play the nights, add one row a policy to the table, and show them with the plot."""
        from lakehouse_assets.contracts.additions import add_rows
        from lakehouse_assets.contracts.conform import to_arrow
        from lakehouse_assets.use_case.policy_replay import playing as policy_replay

        store, asked = lake.lake(), asked_of(config, plan.declaration.retraining)
        played = policy_replay.play(plan, store, asked, context.log.info)
        contract = plan.contract("monitoring", "policy_replays")
        rows = policy_replay.as_rows(plan, asked, played, context.run_id, datetime.now(UTC))
        version = add_rows(store, contract, to_arrow(rows, contract), contract.primary_key, context.run_id)
        metadata = {**metadata_of(plan, asked, played, policy_replay.markdown(rows)), "delta_version": version}
        context.log_event(dg.AssetMaterialization(plan.key("monitoring", "policy_replays"), metadata=metadata))

    @dg.job(
        name=f"{plan.name}_policy_replay",
        description=f"Play past days of {plan.name} as nights, under several retraining policies side by side: error "
        "over time, retrainings, their cost and false alarms. Registers and promotes nothing.",
    )
    def job() -> None:
        playing()

    return job


def asked_of(config: PolicyReplayConfig, own: "Policy") -> "Asked":
    """What the config asks for.

    Raises:
        ReplayRequestError: it names a policy that nobody knows.
        ValueError: the days are none, no policy is named, or one twice.
    """
    from lakehouse_assets.use_case.policy_replay.playing import Asked, changed, named_once, policy_named

    named = [(name, policy_named(name, own)) for name in config.policies]
    policies = named_once([*named, *(changed(own, one.model_dump(exclude_none=True)) for one in config.changed)])
    first, last = date.fromisoformat(config.first_day), date.fromisoformat(config.last_day)
    apart = date.fromisoformat(config.apart_from) if config.apart_from else None
    return Asked(first, last, policies, apart, config.cpu_minutes * 60)


def metadata_of(plan: Plan, asked: "Asked", played: "list[Replayed]", table: str) -> dict[str, Any]:
    """What the asset page shows: the table, the plot, and why each policy trained."""
    from lakehouse_assets.lifecycle.drawing.plots import as_markdown
    from lakehouse_assets.monitoring.replays.replay_plot import replay_plot
    from lakehouse_assets.use_case.policy_replay.night_model import loss_name

    measure, unit = loss_name(plan)
    picture = as_markdown(
        replay_plot(played, unit, asked.apart_from, measure), "error over time and nights of training"
    )
    reasons = "\n".join(f"- {one.name}, {done.day}: {done.reason}" for one in played for done in one.retrainings)
    last = max(day for one in played for day in one.errors)
    return {
        "nights": f"{asked.first} to {last}" + ("" if last == asked.last else f"; {asked.last} was not reached"),
        "policies": dg.MetadataValue.md(table),
        "replay": dg.MetadataValue.md(picture),
        "retrainings": dg.MetadataValue.md(reasons or "none"),
    }
