"""Going over all tables of the lake: each by itself, so that trouble with one leaves none of the others undone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets.lake.errors import StorageError
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lake.writing.commit import Provenance
from lakehouse_assets.operations.tables.naming import named

if TYPE_CHECKING:
    from lakehouse_assets.lake.maintenance.compaction import CompactionRule
    from lakehouse_assets.lake.maintenance.vacuum import VacuumRule
    from lakehouse_assets.lifecycle.registry import ModelRegistry

Tell = Callable[[str], None]


@dataclass(frozen=True)
class KeptTable:
    """A table that is looked after: its key, and the columns that its contract says people filter by."""

    key: tuple[str, ...]
    sort_by: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The key, joined by /."""
        return "/".join(self.key)


@dataclass(frozen=True)
class Outcome:
    """What was done to each table, by its name, and which failed with what."""

    done: Mapping[str, Mapping[str, Any]]
    failed: Mapping[str, str]


def spec_of(specs: Iterable[dg.AssetSpec], table: str) -> dg.AssetSpec:
    """The asset of a table's name.

    Raises:
        UnknownTableError: with those that are alike.
    """
    return named({"/".join(spec.key.path): spec for spec in specs}, table)


def kept_tables(specs: Iterable[dg.AssetSpec], lake: Lake, wanted: Sequence[str] = ()) -> list[KeptTable]:
    """The tables of these assets that exist, or the wanted among them, also those of which nobody can tell.

    Raises:
        UnknownTableError: a wanted one is no asset.
    """
    specs = list(specs)
    chosen = [spec_of(specs, name) for name in wanted] if wanted else specs
    found = []
    for spec in sorted(chosen, key=lambda spec: tuple(spec.key.path)):
        columns = spec.metadata.get("filtered_by", [])
        if spec.key.path[0] != "landing" and _may_exist(lake, spec.key.path):
            found.append(KeptTable(tuple(spec.key.path), tuple(getattr(columns, "value", columns))))
    return found


def _may_exist(lake: Lake, key: Sequence[str]) -> bool:
    try:
        return lake.exists(list(key))
    except StorageError:
        return True  # whatever is done to it fails, which is told of it alone


def compact_all(
    lake: Lake, tables: Sequence[KeptTable], rule: CompactionRule, checkpoint_after: int, run_id: str, tell: Tell
) -> Outcome:
    """Compacts every table that has enough to do, and keeps its log complete and short to read."""
    from lakehouse_assets.lake.maintenance.compaction import compact
    from lakehouse_assets.lake.maintenance.log import checkpoint, keep_the_log

    def one(table: KeptTable) -> Mapping[str, Any]:
        uri, options, who = lake.table_uri(table.key), lake.storage_options, Provenance(table.name, run_id=run_id)
        keep_the_log(uri, options, who)
        done = asdict(compact(uri, options, rule, table.sort_by, who))
        checkpointed = checkpoint(lake.open(table.key), options, checkpoint_after)
        return {**done, "checkpoint": checkpointed}

    return _each(tables, one, tell)


def vacuum_all(
    lake: Lake,
    tables: Sequence[KeptTable],
    registry: ModelRegistry,
    all_keys: Sequence[Sequence[str]],
    rule: VacuumRule,
    log_days: int,
    dry_run: bool,
    run_id: str,
    tell: Tell,
) -> Outcome:
    """Removes what no version that anybody needs consists of.

    Args:
        lake: the lake.
        tables: those to vacuum.
        registry: whose models pin versions.
        all_keys: all tables of the lake, among which the training manifests are.
        rule: what may go.
        log_days: log entries older than this go, where no pin needs them.
        dry_run: only tell.
        run_id: for the commits.
        tell: is told in words what was done.

    Raises:
        RegistryUnreachableError, ValueError, LakeError: the pins cannot be known; then nothing is removed anywhere.
    """
    from lakehouse_assets.lake.maintenance.log import shorten_log
    from lakehouse_assets.lake.maintenance.vacuum import readable, vacuum
    from lakehouse_assets.operations.tables.pins import gather

    gather(lake, registry, all_keys)

    def one(table: KeptTable) -> Mapping[str, Any]:
        uri, options, who = lake.table_uri(table.key), lake.storage_options, Provenance(table.name, run_id=run_id)

        def pins() -> Mapping[int, Sequence[str]]:
            return readable(gather(lake, registry, all_keys).get(table.name, {}), lake.open(table.key))

        done = asdict(vacuum(uri, options, pins, rule, who, dry_run))
        pinned = pins()
        log = "dry run" if dry_run else shorten_log(uri, options, pinned, log_days, who)
        kept = ", ".join(f"{version} ({'; '.join(needs)})" for version, needs in sorted(pinned.items()))
        return {**done, "versions_kept": kept or "none pinned", "log": log}

    return _each(tables, one, tell)


def _each(tables: Sequence[KeptTable], one: Callable[[KeptTable], Mapping[str, Any]], tell: Tell) -> Outcome:
    from deltalake.exceptions import DeltaError

    from lakehouse_assets.lake.errors import LakeError

    done: dict[str, Mapping[str, Any]] = {}
    failed: dict[str, str] = {}
    for table in tables:
        try:
            done[table.name] = one(table)
        except (LakeError, DeltaError, OSError) as error:
            failed[table.name] = f"{type(error).__name__}: {error}"
            tell(f"{table.name}: failed, the others go on: {error}")
        else:
            told = done[table.name]
            tell(f"{table.name}: " + (told["skipped"] or _in_words(told)))
    return Outcome(done, failed)


def _in_words(told: Mapping[str, Any]) -> str:
    if "files_before" in told:
        return f"{told['partitions']} partitions compacted, {told['files_before']} files are {told['files_after']} now"
    return f"{told['files']} files with {told['bytes']:,} bytes removed"
