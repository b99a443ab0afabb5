"""Repairs of quarantined rows: checked, kept, noted in the audit, and the rows' days made anew."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pandas as pd

from lakehouse_assets.contracts.additions import add_rows, repairs_contract
from lakehouse_assets.contracts.audit import record
from lakehouse_assets.contracts.conform import to_arrow
from lakehouse_assets.contracts.harmonized import HarmonizedTable
from lakehouse_assets.contracts.repairing.file import wishes_in
from lakehouse_assets.contracts.repairing.plan import Author, Plan, Wish, plan
from lakehouse_assets.contracts.repairing.trial import days_of, left_wrong, repaired_rows, stretches
from lakehouse_assets.lake.errors import RequestRefusedError
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.operations.repairs.plan import RepairRequestError
from lakehouse_assets.operations.repairs.repair_config import RepairConfig


def put_back(context: dg.OpExecutionContext, config: RepairConfig, table: HarmonizedTable, lake: Lake) -> None:
    """Check the repairs against the contract, keep them, and make the rows' days anew, unless it is a dry run.

    Raises:
        RepairRequestError: some repairs cannot be taken, and so none is.
        dagster.Failure: they are kept, and their days could not be made anew.
    """
    planned, promise = _planned(context, config, table, lake), repairs_contract(table.promise.key[1])
    if planned.refused:
        raise RepairRequestError(
            f"{len(planned.refused)} of the repairs cannot be taken; nothing was written. " + "; ".join(planned.refused)
        )
    for words in planned.done:
        context.log.info(words)
    told = "; ".join(
        f"{r.source_file} line {r.source_line}: {r.action} {r.values}" for r in planned.repairs.itertuples()
    )
    if config.dry_run:
        context.log.info(f"dry run, nothing was written. Would be done in {table.name}: {told or 'nothing'}")
        return
    if planned.repairs.empty:
        context.log.info(f"there is nothing to do in {table.name}, so nothing was written")
        return
    version = add_rows(lake, promise, to_arrow(planned.repairs, promise), ["repair_id"], context.run_id)
    context.log.info(f"taken in {table.name}: {told}")
    metadata: dict[str, Any] = {"repairs": len(planned.repairs), "made_by": config.who, "delta_version": version}
    context.log_event(dg.AssetMaterialization(table.repairs_key, metadata=metadata))
    _note(context, config, table, lake, planned.repairs)
    _make_anew(context, table, planned.rows)


def _note(
    context: dg.OpExecutionContext, config: RepairConfig, table: HarmonizedTable, lake: Lake, taken: pd.DataFrame
) -> None:
    """One row in the audit, the same one where the step is repeated after a crash."""
    rows = taken[["source_file", "source_line", "action", "values"]].to_dict("records")
    record(
        lake,
        action="repair",
        subject="/".join(table.promise.key),
        who=config.who,
        reason=config.reason,
        details={"repairs": rows},
        run_id=context.run_id,
        entry=json.dumps(["repair", *sorted(taken["repair_id"])]),
    )


def _planned(context: dg.OpExecutionContext, config: RepairConfig, table: HarmonizedTable, lake: Lake) -> Plan:
    aside = table.quarantine.key
    if not lake.exists(aside):
        raise RepairRequestError(f"There is no quarantine {'/'.join(aside)} yet, so nothing to repair.")
    held = table.repairs_in(lake)
    wishes = [Wish(row.source_file, row.source_line, row.values, row.discard, row.undo) for row in config.rows]
    if config.repairs_file:
        try:
            wishes += wishes_in(config.repairs_file)
        except RequestRefusedError as error:
            raise RepairRequestError(str(error)) from error
    return plan(
        wishes,
        table.name,
        lake.read_pandas(aside),
        repaired_rows(table, lake, held, [wish.source_file for wish in wishes]),
        held,
        table.repairable,
        lambda new, rows: left_wrong(table, lake, held, new, rows),
        Author(config.who, config.reason, datetime.now(UTC), context.run_id),
    )


def _make_anew(context: dg.OpExecutionContext, table: HarmonizedTable, rows: pd.DataFrame) -> None:
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


def _spans(table: HarmonizedTable, rows: pd.DataFrame) -> Sequence[dict[str, str]]:
    """Run tags of each stretch of days; one run without any of a table that is not made by days."""
    if not table.has_days:
        return [{}]
    return [
        {"dagster/asset_partition_range_start": str(first), "dagster/asset_partition_range_end": str(last)}
        for first, last in stretches(days_of(rows))
    ]
