"""A domain's job that feeds repaired rows back: quarantined rows get corrected values, or are discarded, and say by whom.

Dagster imports this with the definitions, so what is heavy is imported inside the functions that run.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field, create_model

from lakehouse_assets.contracts.harmonized import HarmonizedTable
from lakehouse_assets.lake.resource import LakeResource

#: The job's only op, alike in every domain, so that a run config is too.
REPAIRING = "repair_quarantined_rows"


class RowRepair(dg.Config):
    """What to do with one quarantined row."""

    source_file: str = Field(description="The row's file, as the quarantine names it.")
    source_line: int = Field(description="The row's line in that file.", ge=1)
    values: dict[str, str] = Field(
        default_factory=dict,
        description="Corrected values by raw column (those of `table`), in the units as delivered: "
        '{"s4": "1400.60"}. "NaN" says that there is no reading.',
    )
    discard: bool = Field(default=False, description="Leave the row out for good, a second row of a day for example.")


class RepairConfig(dg.Config):
    """Who puts which quarantined rows right, and why. A domain adds `table`: which of its tables they are for."""

    made_by: str = Field(description="Who repairs; stands in the domain's repairs and the audit.", pattern=r"\S")
    reason: str = Field(description="Why these values are the right ones.", pattern=r"\S")
    rows: list[RowRepair] = Field(default_factory=list, description="The repairs, one a row.")
    repairs_file: str | None = Field(
        default=None,
        description="A CSV or Parquet file with more of them: columns source_file, source_line, discard if wanted, and "
        "one for each raw column to correct. An empty cell leaves a value as it is.",
    )
    dry_run: bool = Field(default=True, description="Only say what would be done. Untick to do it.")


def repairing(*tables: HarmonizedTable) -> tuple[dg.AssetSpec, dg.JobDefinition]:
    """What a domain needs so that people can repair its quarantined rows.

    Args:
        tables: Its tables whose rows can be repaired; the first is meant where a run config names none.

    Returns:
        The table of repairs, which the domain's harmonized assets name among their `deps`, and the job that keeps it.
    """
    domain, by_name = tables[0].promise.key[1], {table.name.upper(): table for table in tables}
    choices = Enum("RepairedTable", {name: table.name for name, table in by_name.items()})
    columns = "; ".join(f"{name}: {', '.join(table.repairable)}" for name, table in by_name.items())
    told = f"The table whose quarantine holds the rows. Raw columns that can be corrected of {columns}."
    table_field: Any = (choices, Field(default=choices[tables[0].name.upper()], description=told))
    form: Any = create_model(f"{domain.title()}Repairs", __base__=RepairConfig, table=table_field)

    @dg.op(name=f"repairing_{domain}")
    def repair(context: dg.OpExecutionContext, config: form, lake: LakeResource) -> None:
        """Check the repairs against the contract, keep them, and make the rows' days anew, unless it is a dry run."""
        _repair(context, config, by_name[config.table.name], lake)

    @dg.job(
        name=f"{domain}_repair_quarantined_rows",
        description="Put quarantined rows right, or discard them; a dry run first.",
    )
    def job() -> None:
        repair.alias(REPAIRING)()

    # Not made by a run over days but by the job, whenever somebody repairs a row.
    return dg.AssetSpec(key=tables[0].repairs_key), job


def _repair(context: dg.OpExecutionContext, config: RepairConfig, table: HarmonizedTable, lake: LakeResource) -> None:
    from lakehouse_assets.contracts.additions import add_rows, repairs_contract
    from lakehouse_assets.contracts.conform import to_arrow

    planned, promise = _planned(context, config, table, lake), repairs_contract(table.promise.key[1])
    if planned.refused:
        raise dg.Failure(
            f"{len(planned.refused)} of the repairs cannot be taken; nothing was written. "
            + "; ".join(planned.refused),
            allow_retries=False,
        )
    told = "; ".join(
        f"{r.source_file} line {r.source_line}: {r.action} {r.values}" for r in planned.repairs.itertuples()
    )
    if config.dry_run or planned.repairs.empty:
        context.log.info(f"dry run, nothing was written. Would be done in {table.name}: {told or 'nothing'}")
        return
    version = add_rows(lake.lake(), promise, to_arrow(planned.repairs, promise), ["repair_id"], context.run_id)
    context.log.info(f"taken in {table.name}: {told}")
    metadata: dict[str, Any] = {"repairs": len(planned.repairs), "made_by": config.made_by, "delta_version": version}
    context.log_event(dg.AssetMaterialization(table.repairs_key, metadata=metadata))
    _note(context, config, table, lake, planned.repairs)
    _make_anew(context, table, planned.rows)


def _note(
    context: dg.OpExecutionContext, config: RepairConfig, table: HarmonizedTable, lake: LakeResource, repairs: Any
) -> None:
    """One row in the audit, the same one where the step is repeated after a crash."""
    from lakehouse_assets.operations.audit import record

    rows = repairs[["source_file", "source_line", "action", "values"]].to_dict("records")
    record(
        lake.lake(),
        action="repair",
        subject="/".join(table.promise.key),
        who=config.made_by,
        reason=config.reason,
        details={"repairs": rows},
        run_id=context.run_id,
        entry=json.dumps(["repair", *sorted(repairs["repair_id"])]),
    )


def _planned(context: dg.OpExecutionContext, config: RepairConfig, table: HarmonizedTable, lake: LakeResource) -> Any:
    from lakehouse_assets.contracts import repairs
    from lakehouse_assets.contracts.repair_trial import left_wrong

    store, aside = lake.lake(), table.quarantine.key
    if not store.exists(aside):
        raise dg.Failure(f"There is no quarantine {'/'.join(aside)} yet, so nothing to repair.", allow_retries=False)
    held = table.repairs_in(store)
    wishes = [repairs.Wish(row.source_file, row.source_line, row.values, row.discard) for row in config.rows]
    if config.repairs_file:
        wishes += repairs.wishes_in(config.repairs_file)
    return repairs.plan(
        wishes,
        table.name,
        store.read_pandas(aside),
        held,
        table.repairable,
        lambda new, rows: left_wrong(table, store, held, new, rows),
        repairs.Author(config.made_by, config.reason, datetime.now(UTC), context.run_id),
    )


def _make_anew(context: dg.OpExecutionContext, table: HarmonizedTable, rows: Any) -> None:
    """Harmonise the repaired rows' days, each stretch of days in a run of its own that the UI shows."""
    # A run started in this process knows only its own job.
    from lakehouse_assets.definitions import defs

    keys = [dg.AssetKey(list(key)) for key in (table.promise.key, table.quarantine.key)]
    job = defs.resolve_implicit_global_asset_job_def()
    for tags in _spans(table, rows):
        again = job.execute_in_process(instance=context.instance, tags=tags, asset_selection=keys, raise_on_error=False)
        if not again.success:
            raise dg.Failure(
                f"The repairs are kept, but run {again.run_id} that makes {table.name} anew failed; its log says why. "
                f"The next run of these days takes the repairs: {tags}",
                allow_retries=False,
            )
        context.log.info(f"made anew in run {again.run_id}: {tags or table.name}")


def _spans(table: HarmonizedTable, rows: Any) -> Sequence[dict[str, str]]:
    """Run tags of each stretch of days; one run without any of a table that is not made by days."""
    from lakehouse_assets.contracts.repair_trial import days_of
    from lakehouse_assets.contracts.repairs import stretches

    if not table.has_days:
        return [{}]
    return [
        {"dagster/asset_partition_range_start": str(first), "dagster/asset_partition_range_end": str(last)}
        for first, last in stretches(days_of(rows))
    ]
