"""The job that feeds repaired rows back: quarantined rows get corrected values, or are discarded, and say by whom."""

import json
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field

from lakehouse_assets.defs.turbofan.days import contract
from lakehouse_assets.defs.turbofan.harmonized import REPAIR_JOB, REPAIRS
from lakehouse_assets.lake.resource import LakeResource

#: What is made anew when a row of a table was repaired: it and its quarantine.
AGAIN_JOB = "turbofan_harmonise"


class RepairedTable(Enum):
    """A harmonized table whose quarantined rows can be repaired."""

    READINGS = "readings"
    REMAINING_LIVES = "remaining_lives"

    @property
    def quarantine(self) -> str:
        """The table's quarantine."""
        return "quarantine" if self is RepairedTable.READINGS else f"{self.value}_quarantine"


class RowRepair(dg.Config):
    """What to do with one quarantined row."""

    source_file: str = Field(description="The row's file, as the quarantine names it.")
    source_line: int = Field(description="The row's line in that file.", ge=1)
    values: dict[str, str] = Field(
        default_factory=dict,
        description="Corrected values by raw column (s1 to s21, setting_1 to setting_3; remaining_cycles), in the "
        'units as delivered: {"s4": "1400.60"}. "NaN" says that there is no reading.',
    )
    discard: bool = Field(default=False, description="Leave the row out for good, a second row of a day for example.")


class RepairConfig(dg.Config):
    """Who puts which quarantined rows right, and why."""

    made_by: str = Field(description="Who repairs; stands in raw/turbofan/repairs and the audit.", pattern=r"\S")
    reason: str = Field(description="Why these values are the right ones.", pattern=r"\S")
    table: RepairedTable = Field(
        default=RepairedTable.READINGS, description="The table whose quarantine holds the rows."
    )
    rows: list[RowRepair] = Field(default_factory=list, description="The repairs, one a row.")
    repairs_file: str | None = Field(
        default=None,
        description="A CSV or Parquet file with more of them: columns source_file, source_line, discard if wanted, and "
        "one for each raw column to correct. An empty cell leaves a value as it is.",
    )
    dry_run: bool = Field(default=True, description="Only say what would be done. Untick to do it.")


@dg.op(name="repair_quarantined_rows")
def repair_quarantined_rows(context: dg.OpExecutionContext, config: RepairConfig, lake: LakeResource) -> None:
    """Check the repairs against the contract, keep them, and make the rows' days anew, unless it is a dry run."""
    from lakehouse_assets.contracts.additions import add_rows
    from lakehouse_assets.contracts.conform import to_arrow

    planned, promise = _planned(context, config, lake), contract("raw", "repairs")
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
        context.log.info(f"dry run, nothing was written. Would be done: {told or 'nothing'}")
        return
    version = add_rows(lake.lake(), promise, to_arrow(planned.repairs, promise), ["repair_id"], context.run_id)
    context.log.info(f"taken: {told}")
    metadata: dict[str, Any] = {"repairs": len(planned.repairs), "made_by": config.made_by, "delta_version": version}
    context.log_event(dg.AssetMaterialization(REPAIRS, metadata=metadata))
    _note(context, config, lake, planned.repairs)
    _make_anew(context, config.table, planned.rows)


def _note(context: dg.OpExecutionContext, config: RepairConfig, lake: LakeResource, repairs: Any) -> None:
    """One row in the audit, the same one where the step is repeated after a crash."""
    from lakehouse_assets.operations.audit import record

    rows = repairs[["source_file", "source_line", "action", "values"]].to_dict("records")
    record(
        lake.lake(),
        action="repair",
        subject=f"harmonized/turbofan/{config.table.value}",
        who=config.made_by,
        reason=config.reason,
        details={"repairs": rows},
        run_id=context.run_id,
        entry=json.dumps(["repair", *sorted(repairs["repair_id"])]),
    )


def _planned(context: dg.OpExecutionContext, config: RepairConfig, lake: LakeResource) -> Any:
    import pandas as pd

    from lakehouse_assets.contracts import repairs
    from lakehouse_assets.defs.turbofan import harmonize

    store, table = lake.lake(), config.table.value
    aside = contract("harmonized", config.table.quarantine)
    if not store.exists(aside.key):
        raise dg.Failure(
            f"There is no quarantine {'/'.join(aside.key)} yet, so nothing to repair.", allow_retries=False
        )
    held = store.read_pandas(REPAIRS) if store.exists(REPAIRS) else pd.DataFrame(columns=repairs.REPAIR_COLUMNS)
    wishes = [repairs.Wish(row.source_file, row.source_line, row.values, row.discard) for row in config.rows]
    if config.repairs_file:
        wishes += repairs.wishes_in(config.repairs_file)
    return repairs.plan(
        wishes,
        table,
        store.read_pandas(aside.key),
        held,
        harmonize.REPAIRABLE[table],
        lambda row: harmonize.rule_still_broken(row, table, contract("harmonized", table), store),
        repairs.Author(config.made_by, config.reason, datetime.now(UTC), context.run_id),
    )


def _make_anew(context: dg.OpExecutionContext, table: RepairedTable, rows: Any) -> None:
    """Run the harmonisation of the repaired rows' days, as a run of its own that the UI shows."""
    keys = [dg.AssetKey(["harmonized", "turbofan", name]) for name in (table.value, table.quarantine)]
    # A run started in this process knows only its own job.
    from lakehouse_assets.definitions import defs

    job = defs.resolve_job_def(AGAIN_JOB)
    for tags in _spans(rows) if table is RepairedTable.READINGS else [{}]:
        again = job.execute_in_process(instance=context.instance, tags=tags, asset_selection=keys, raise_on_error=False)
        if not again.success:
            raise dg.Failure(
                f"The repairs are kept, but run {again.run_id} that makes {table.value} anew failed; its log says why. "
                f"The next run of these days takes the repairs: {tags}",
                allow_retries=False,
            )
        context.log.info(f"made anew in run {again.run_id}: {tags or table.value}")


def _spans(rows: Any) -> list[dict[str, str]]:
    """Run tags of each stretch of days without a gap."""
    import pandas as pd

    days = sorted(set(pd.to_datetime(rows["day"]).dt.date))
    spans: list[list[Any]] = []
    for day in days:
        if spans and day - spans[-1][1] == timedelta(days=1):
            spans[-1][1] = day
        else:
            spans.append([day, day])
    return [
        {"dagster/asset_partition_range_start": str(first), "dagster/asset_partition_range_end": str(last)}
        for first, last in spans
    ]


@dg.job(name=REPAIR_JOB, description="Put quarantined rows right, or discard them; a dry run first.")
def turbofan_repair_quarantined_rows() -> None:
    """Repair, and make the rows' days anew."""
    repair_quarantined_rows()


turbofan_harmonise = dg.define_asset_job(
    AGAIN_JOB,
    selection=dg.AssetSelection.key_prefixes(["harmonized", "turbofan"]),
    description="Make harmonized tables anew from the raw zone, with all repairs.",
)
