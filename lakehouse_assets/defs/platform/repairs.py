"""Jobs by which people repair from the launchpad: make again from a broken asset down, retrain now, pause, resume."""

from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from lakehouse_assets.contracts.asking import REASON, SAID, WHO
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.sources.daily import BY_HAND, NIGHT_TAG

if TYPE_CHECKING:
    from lakehouse_assets.operations.repairs.plan import Rerun

USE_CASE: str = Field(pattern=SAID, description="The use case, such as the second part of its tables' asset keys.")


class RerunConfig(dg.Config):
    """What to make again."""

    table: str = Field(
        pattern=SAID, description="The broken asset, as its key joined by /, such as raw/turbofan/in_service."
    )
    first_day: str = Field(
        default="", description="First day to make again, such as 2024-03-05. Empty: it has no days."
    )
    last_day: str = Field(default="", description="Last day, included. Empty: only the first.")
    downstream: bool = Field(default=True, description="Make all that is made from it as well.")
    later_days: bool = Field(
        default=True,
        description="Make later days that look back on these again as well, as far as they were made, once these are.",
    )
    with_training: bool = Field(default=False, description="Also what trainings make; otherwise the models stay.")
    dry_run: bool = Field(default=True, description="Only tell what would be made.")
    who: str = WHO
    reason: str = REASON


class RetrainConfig(dg.Config):
    """Which use case to train."""

    use_case: str = USE_CASE
    dry_run: bool = Field(default=True, description="Only tell what would be trained.")
    who: str = WHO
    reason: str = REASON


class PauseConfig(dg.Config):
    """Which use case rests, and for how long."""

    use_case: str = USE_CASE
    days: int = Field(default=7, ge=1, le=90, description="Days after which it goes on by itself.")
    shorten: bool = Field(
        default=False, description="Let it end earlier than a pause that holds already; otherwise that is refused."
    )
    dry_run: bool = Field(default=True, description="Only tell what would rest.")
    who: str = WHO
    reason: str = REASON


class ResumeConfig(dg.Config):
    """Which use case goes on."""

    use_case: str = USE_CASE
    dry_run: bool = Field(default=True, description="Only tell whether it rests.")
    who: str = WHO
    reason: str = REASON


def graph() -> Any:
    """All assets of the code location. Asked for when a step runs: a step's context knows only its own job's."""
    from lakehouse_assets.definitions import defs
    from lakehouse_assets.operations.asset_graph import graph_of

    return graph_of(defs.resolve_asset_graph())


def days_of(key: str) -> tuple[str, str]:
    """First and last day that an asset of the code location has now; as `graph`, asked for when a step runs."""
    from lakehouse_assets.definitions import defs
    from lakehouse_assets.operations.asset_graph import days_of

    return days_of(defs.resolve_asset_graph(), key)


@dg.op
def rerunning(context: dg.OpExecutionContext, config: RerunConfig, lake: LakeResource) -> None:
    """Tell what would be made, and ask for it."""
    from datetime import UTC, datetime

    from lakehouse_assets.operations.repairs import plan, requests
    from lakehouse_assets.operations.repairs.later_days import plan_later
    from lakehouse_assets.operations.repairs.own_days import within_days

    assets, would = graph(), "dry run, would " if config.dry_run else ""
    wanted = plan.plan_rerun(
        assets, config.table, config.first_day, config.last_day, config.downstream, config.with_training
    )
    wanted = within_days(assets, config.table, wanted, days_of, datetime.now(UTC).date())
    context.log.info(f"{would}{wanted.words}")

    def made(key: str) -> set[str]:
        return context.instance.get_materialized_partitions(dg.AssetKey(key.split("/")))

    later = plan_later(assets, config.table, wanted, made) if config.later_days else []
    for one in later:
        context.log.info(f"{would}then, since they look back on it, {one.words}")
    if not config.dry_run:
        before = _ask(context, lake, requests.RERUN, config.table, config, wanted.assets, _days(wanted))
        # One after the other: a day may look back on one that the run before makes again.
        for one in later:
            before = _ask(context, lake, requests.RERUN, config.table, config, one.assets, _days(one), before)


@dg.op
def retraining(context: dg.OpExecutionContext, config: RetrainConfig, lake: LakeResource) -> None:
    """Tell what would be trained, and ask for it. A use case that rests is trained all the same: somebody wants it."""
    from lakehouse_assets.monitoring.deciding.history import RETRAINING_REASON
    from lakehouse_assets.operations.repairs import plan, requests

    assets = plan.plan_retraining(graph(), config.use_case)
    context.log.info(f"{'dry run, would train' if config.dry_run else 'training'}: {', '.join(assets)}")
    if not config.dry_run:
        tags = {RETRAINING_REASON: f"{config.who}: {config.reason}", "use_case": config.use_case}
        _ask(context, lake, requests.RETRAIN, config.use_case, config, assets, tags)


@dg.op
def pausing(context: dg.OpExecutionContext, config: PauseConfig, lake: LakeResource) -> None:
    """Write the pause down, which is the switch."""
    from datetime import UTC, datetime, timedelta

    from lakehouse_assets.monitoring.pauses import PAUSE, paused
    from lakehouse_assets.operations.repairs.plan import require_no_longer_pause, require_use_case

    require_use_case(graph(), config.use_case)
    until = datetime.now(UTC) + timedelta(days=config.days)
    holds = paused(lake.lake(), config.use_case)
    if holds:
        context.log.info(f"until now: {holds.words}")
        require_no_longer_pause(holds.words, holds.until, until, config.shorten)
    context.log.info(
        f"{'dry run, would pause' if config.dry_run else 'pausing'} {config.use_case} "
        f"until {until:%Y-%m-%d %H:%M} UTC: no training of it starts by itself (its nights go on), "
        "and nobody is told that its tables are late"
    )
    if not config.dry_run:
        _record(context, lake, PAUSE, config, {"until": until.isoformat()})


@dg.op
def resuming(context: dg.OpExecutionContext, config: ResumeConfig, lake: LakeResource) -> None:
    """Write down that the pause is over."""
    from lakehouse_assets.monitoring.pauses import RESUME, paused
    from lakehouse_assets.operations.repairs.plan import require_use_case

    require_use_case(graph(), config.use_case)
    pause = paused(lake.lake(), config.use_case)
    if not pause:
        context.log.info(f"{config.use_case} is not paused; there is nothing to do")
    elif config.dry_run:
        context.log.info(f"dry run, would end this pause: {pause.words}")
    else:
        _record(context, lake, RESUME, config, {"paused_since": pause.since})
        context.log.info(
            f"{config.use_case} goes on: the pause of {pause.who} until {pause.until:%Y-%m-%d %H:%M} UTC is over"
        )


def _ask(
    context: dg.OpExecutionContext,
    lake: LakeResource,
    action: str,
    subject: str,
    config: RerunConfig | RetrainConfig,
    assets: tuple[str, ...],
    tags: dict[str, str],
    after: str = "",
) -> str:
    from lakehouse_assets.operations.repairs.requests import REPAIR, ask

    run = context.run.root_run_id or context.run_id
    entry = ask(lake.lake(), action, subject, config.who, config.reason, assets, tags, run, after)
    when = " once the one before succeeded" if after else ""
    context.log.info(f"asked for; repairs_asked_for starts the run{when}, with the tag {REPAIR}: {entry}")
    return entry


def _days(wanted: "Rerun") -> dict[str, str]:
    """Tags of a run over days, which waits for nights."""
    from lakehouse_assets.operations.repairs.requests import FIRST_DAY, LAST_DAY

    return {FIRST_DAY: wanted.first, LAST_DAY: wanted.last, NIGHT_TAG: BY_HAND} if wanted.first else {}


def _record(
    context: dg.OpExecutionContext,
    lake: LakeResource,
    action: str,
    config: PauseConfig | ResumeConfig,
    details: dict[str, Any],
) -> None:
    from lakehouse_assets.contracts import audit

    run = context.run.root_run_id or context.run_id
    audit.record(
        lake.lake(),
        action=action,
        subject=config.use_case,
        who=config.who,
        reason=config.reason,
        details=details,
        run_id=context.run_id,
        entry=f"{action} {config.use_case} {run}",
    )


@dg.job(
    description="Make an asset again, and all that is made from it, for some days; a dry run unless told otherwise."
)
def rerun_from() -> None:
    """Rerun."""
    rerunning()


@dg.job(description="Train a use case now; the gate decides as ever. A dry run unless `dry_run: false`.")
def retrain_now() -> None:
    """Retrain."""
    retraining()


@dg.job(description="Let a use case rest for some days: it is not trained by itself. A dry run unless told otherwise.")
def pause_use_case() -> None:
    """Pause."""
    pausing()


@dg.job(description="End the pause of a use case before its day. A dry run unless `dry_run: false`.")
def resume_use_case() -> None:
    """Resume."""
    resuming()
