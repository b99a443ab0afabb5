"""Jobs that people start from the launchpad: restore a table, make a sandbox, drop one. Each leaves an audit row."""

import dagster as dg
from pydantic import Field

from lakehouse_assets.contracts.asking import REASON, SAID, WHO
from lakehouse_assets.defs.platform.maintenance import POOL, specs
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.sandbox import SANDBOXES
from lakehouse_assets.sources.daily import BY_HAND, NIGHT_TAG


class RestoreConfig(dg.Config):
    """What to bring back, and to when."""

    table: str = Field(description="The table, as its asset key joined by /, such as delivery/turbofan_rul/features.")
    version: int | None = Field(default=None, description="The Delta version to restore to. Either this or time.")
    time: str | None = Field(
        default=None,
        description="Or the time, such as 2024-03-05T04:00:00+00:00: the version that was the newest then.",
    )
    partitions: list[str] = Field(default=[], description="Only these partition keys. Empty: the whole table.")
    fill_new_columns: bool = Field(
        default=False, description="With partitions: leave columns that the table got since null in the restored rows."
    )
    dry_run: bool = Field(default=True, description="Only tell what would be restored.")
    who: str = WHO
    reason: str = REASON


class PinnedTable(dg.Config):
    """A table of a sandbox, and its version."""

    table: str = Field(description="The table, as its asset key joined by /.")
    version: int | None = Field(default=None, description="Its version. Without version and time: the newest.")
    time: str | None = Field(default=None, description="Or the time, such as 2024-03-05T04:00:00+00:00.")


class MakeSandboxConfig(dg.Config):
    """A sandbox: tables at fixed versions, for somebody, until a day."""

    name: str = Field(description="Its name: small letters, digits, - and _.")
    tables: list[PinnedTable] = Field(description="Its tables.", min_length=1)
    purpose: str = Field(pattern=SAID, description="What it is for.")
    days: int = Field(default=30, ge=1, le=365, description="Days for which its versions are kept from vacuum.")
    who: str = Field(pattern=SAID, description="Whose sandbox it is.")


class DropSandboxConfig(dg.Config):
    """A sandbox that is not needed any more."""

    name: str = Field(description="Its name.")
    dry_run: bool = Field(default=True, description="Only tell what it holds.")
    who: str = WHO
    reason: str = Field(default="not needed any more", pattern=SAID, description="Why.")


def made_by_runs(key: dg.AssetKey) -> bool:
    """Whether a run makes the asset; jobs keep the platform's own tables. Asked for when a step runs."""
    from lakehouse_assets.definitions import defs

    return defs.resolve_asset_graph().get(key).is_executable


@dg.op(pool=POOL)
def restoration(context: dg.OpExecutionContext, config: RestoreConfig, lake: LakeResource) -> None:
    """Look, note it in the audit, restore as a new commit, tell Dagster the partitions' data versions."""
    from lakehouse_assets.contracts import audit
    from lakehouse_assets.contracts.schema import CONTRACT
    from lakehouse_assets.operations.tables import restore
    from lakehouse_assets.operations.tables.housekeeping import spec_of
    from lakehouse_assets.operations.tables.restorable import require_restorable

    store, spec = lake.lake(), spec_of(specs(), config.table)
    require_restorable(config.table, has_contract=CONTRACT in spec.metadata, made_by_runs=made_by_runs(spec.key))
    to = restore.moment(config.version, config.time)
    wanted = restore.RestoreRequest(spec, to, tuple(config.partitions), config.fill_new_columns)
    planned = restore.examine(wanted, store, context.instance)
    context.log.info(f"{'dry run, would restore' if config.dry_run else 'restoring'}: {planned.describe()}")
    if config.dry_run:
        return
    run, subject = context.run.root_run_id or context.run_id, [config.table, *config.partitions]

    def note(action: str, **more: str) -> None:
        audit.record(
            store,
            action=action,
            subject=config.table,
            who=config.who,
            reason=config.reason,
            details={**planned.describe(), **more},
            run_id=context.run_id,
            entry=restore.audit_entry(action, run, subject),
        )

    # First, so that no table is ever restored without a row that says by whom and why.
    note("restore")
    try:
        restored = restore.carry_out(planned, store, context.run_id)
    except Exception as error:
        # Its text stays in the run's log, which the row names: it may tell of what rows hold.
        note("restore_failed", error=type(error).__name__)
        raise
    for event in restore.events(planned, restored):
        context.log_event(event)
    if restored.constraints_pending:
        context.log.warning(
            f"restored, but rows of then break the contract of now; the table is without: {restored.describe()}. They "
            "stay until their partitions are made again."
        )


@dg.op(pool=POOL)
def sandbox_making(context: dg.OpExecutionContext, config: MakeSandboxConfig, lake: LakeResource) -> None:
    """Resolve the versions, pin them, look whether they are whole, note it in the audit."""
    from lakehouse_assets.contracts import audit
    from lakehouse_assets.operations.tables import sandboxes

    store = lake.lake()
    wanted = sandboxes.SandboxRequest(
        config.name,
        {one.table: (one.version, one.time) for one in config.tables},
        config.who,
        config.purpose,
        config.days,
    )
    made = sandboxes.make_sandbox(wanted, store, specs(), context.run_id)
    for event in sandboxes.events(made):
        context.log_event(event)
    audit.record(
        store,
        action="make_sandbox",
        subject=made.name,
        who=config.who,
        reason=config.purpose,
        details={"versions": dict(made.versions), "expires_on": made.expires_on},
        run_id=context.run_id,
    )


@dg.op(pool=POOL)
def sandbox_dropping(context: dg.OpExecutionContext, config: DropSandboxConfig, lake: LakeResource) -> None:
    """End a sandbox's pins, and note it in the audit."""
    from lakehouse_assets.contracts import audit
    from lakehouse_assets.lake.sandbox import drop, open_sandbox
    from lakehouse_assets.lake.writing.commit import Provenance

    store = lake.lake()
    there = open_sandbox(store, config.name)
    context.log.info(f"sandbox {there.name} of {there.owner}, {there.purpose}: {dict(there.versions)}")
    if config.dry_run:
        return
    drop(store, config.name, Provenance("/".join(SANDBOXES), run_id=context.run_id))
    audit.record(
        store,
        action="drop_sandbox",
        subject=config.name,
        who=config.who,
        reason=config.reason,
        details={"versions": dict(there.versions), "owner": there.owner},
        run_id=context.run_id,
    )


@dg.job(
    description="Bring a table or some of its partitions back to a version or a time, as a new commit.",
    tags={NIGHT_TAG: BY_HAND},
)
def restore_table() -> None:
    """Restore."""
    restoration()


@dg.job(description="Pin chosen tables at chosen versions for exploring: nothing is copied, vacuum keeps them.")
def make_sandbox() -> None:
    """Make a sandbox."""
    sandbox_making()


@dg.job(description="End a sandbox before its day, so that its versions may be vacuumed.")
def drop_sandbox() -> None:
    """Drop a sandbox."""
    sandbox_dropping()


#: Its jobs write it; no run materialises it.
sandboxes_table = dg.AssetSpec(key=SANDBOXES, kinds={"deltalake"})
