"""Compaction and vacuum of all tables as assets, with their jobs. Every night ends with compaction."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import Field

from lakehouse_assets.contracts.catalogue import catalogue
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.storage import is_local
from lakehouse_assets.lifecycle.registry import ModelRegistry
from lakehouse_assets.sources.daily import CADENCE, CLOSING, WEEK

PLATFORM, PLATFORM_SUBJECT = "team:platform", "platform"
_DEFS = Path(__file__).parents[1]
COMPACTION = ["monitoring", "platform", "compaction"]
VACUUM = ["monitoring", "platform", "vacuum"]
#: What makes versions or removes them runs alone: vacuum, sandboxes and restoring share it.
POOL = "lake_versions"
#: What nothing of a night is made from, by its place: the end of every domain and use case. A test finds others.
_ENDS = {("raw", "deliveries"), ("raw", "quarantine"), ("models", "model_card"), ("monitoring", "feature_statistics")}
#: Compaction is made after these in a run that makes both, and so after everything else of it.
AFTER = [
    ("delivery", PLATFORM_SUBJECT, "sql_views"),
    *(key for key in catalogue(_DEFS) if (key[0], key[-1]) in _ENDS),
]
MB = 1 << 20

TABLES: list[str] = Field(default=[], description="Only these tables, each as its asset key joined by /. Empty: all.")


class CompactionConfig(dg.Config):
    """How much there has to be to do before files are rewritten."""

    tables: list[str] = TABLES
    min_small_files: int = Field(default=4, ge=2, description="Small files that make a partition worth compacting.")
    small_mb: int = Field(default=16, ge=1, description="A file below this many MB is small.")
    target_mb: int = Field(default=128, ge=1, description="Size in MB that files are made up to.")
    sort_from_mb: int = Field(
        default=8,
        ge=0,
        description="MB from which a partition is sorted by the columns that its contract names under filteredBy.",
    )
    checkpoint_after_commits: int = Field(
        default=30, ge=1, description="Commits after which the log gets a checkpoint, so that the table opens fast."
    )


class VacuumConfig(dg.Config):
    """What may be removed. Pinned versions never are."""

    dry_run: bool = Field(default=True, description="Only tell what would be removed.")
    tables: list[str] = TABLES
    retention_days: int = Field(
        default=7,
        ge=1,
        description="Every version that was the newest within these days stays readable, pinned or not.",
    )
    min_mb: int = Field(default=64, ge=0, description="MB that must be removable in a table before it is touched.")
    log_retention_days: int = Field(
        default=365, ge=30, description="Log entries older than this go, unless a pinned version is older."
    )


@dg.asset(
    key=COMPACTION,
    deps=[dg.AssetKey(list(key)) for key in AFTER],
    owners=[PLATFORM],
    kinds={"python"},
    tags={CADENCE: CLOSING},
    pool=POOL,
    description="Small files of every table made into few, sorted by what people filter by. No row changes.",
)
def compaction(
    context: dg.AssetExecutionContext, config: CompactionConfig, lake: LakeResource
) -> dg.MaterializeResult[None]:
    """Compact the tables that have enough to do."""
    from lakehouse_assets.lake.maintenance.compaction import CompactionRule
    from lakehouse_assets.operations.tables.housekeeping import compact_all, kept_tables

    rule = CompactionRule(config.min_small_files, config.small_mb * MB, config.target_mb * MB, config.sort_from_mb * MB)
    store = lake.lake()
    tables = kept_tables(specs(), store, config.tables)
    outcome = compact_all(store, tables, rule, config.checkpoint_after_commits, context.run.run_id, context.log.info)
    return told(outcome, ("files_before", "files_after", "bytes_before", "bytes_after"))


@dg.asset(
    key=VACUUM,
    deps=[COMPACTION],
    owners=[PLATFORM],
    kinds={"python"},
    tags={CADENCE: WEEK},
    pool=POOL,
    description=(
        "Files that no needed version consists of, removed. Needed are the newest version, all of the retention "
        "window, and what registered models, training manifests and sandboxes are pinned to."
    ),
)
def vacuum(
    context: dg.AssetExecutionContext, config: VacuumConfig, lake: LakeResource, registry: ModelRegistry
) -> dg.MaterializeResult[None]:
    """Vacuum the tables in which enough can be removed."""
    from lakehouse_assets.defs.platform.sql_views import make_views
    from lakehouse_assets.lake.maintenance.vacuum import VacuumRule
    from lakehouse_assets.operations.tables.housekeeping import kept_tables, vacuum_all

    rule = VacuumRule(config.retention_days * 24, config.min_mb * MB)
    store, days = lake.lake(), config.log_retention_days
    tables, every = kept_tables(specs(), store, config.tables), [spec.key.path for spec in specs()]
    if not config.dry_run and is_local(lake.lake_uri):
        make_views(lake.lake_uri)  # from now on they name files of the newest versions, which stay
    outcome = vacuum_all(
        store, tables, registry, every, rule, days, config.dry_run, context.run.run_id, context.log.info
    )
    return told(outcome, ("files", "bytes"))


def specs() -> list[dg.AssetSpec]:
    """All assets of the code location. Asked for when a step runs: a step's context knows only its own job's."""
    from lakehouse_assets.definitions import defs

    return list(defs.resolve_all_asset_specs())


def told(outcome: Any, sums: tuple[str, ...]) -> dg.MaterializeResult[None]:
    """The result as metadata: a table with a row a table, and sums over those that were worked on.

    Raises:
        dg.Failure: tables failed; the metadata tells of all the same.
    """
    worked = [row for row in outcome.done.values() if not row["skipped"]]
    metadata: dict[str, Any] = {
        "tables": dg.MetadataValue.table([_record(name, row) for name, row in outcome.done.items()])
        if outcome.done
        else "none",
        "tables_worked_on": len(worked),
        **{name: sum(row[name] for row in worked) for name in sums},
    }
    if outcome.failed:
        failures = "; ".join(f"{name}: {why}" for name, why in outcome.failed.items())
        raise dg.Failure(f"{len(outcome.failed)} tables failed: {failures}", metadata=metadata, allow_retries=False)
    return dg.MaterializeResult(metadata=metadata)


def _record(name: str, row: Mapping[str, Any]) -> dg.TableRecord:
    return dg.TableRecord({"table": name, **{key: "" if value is None else value for key, value in row.items()}})


lake_compaction = dg.define_asset_job(
    "lake_compaction", selection=[dg.AssetKey(COMPACTION)], description="Few, sorted files in every table."
)
lake_vacuum = dg.define_asset_job(
    "lake_vacuum",
    selection=[dg.AssetKey(VACUUM)],
    description="Remove files that nobody needs. A dry run unless its config says dry_run: false.",
)

lake_vacuum_weekly = dg.ScheduleDefinition(
    name="lake_vacuum_weekly",
    job=lake_vacuum,
    cron_schedule="0 5 * * 0",
    run_config={"ops": {"__".join(VACUUM): {"config": {"dry_run": False}}}},
    description="Every Sunday at 05:00 UTC, in earnest.",
)
