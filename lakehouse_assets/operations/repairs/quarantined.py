"""A domain's job that puts repaired rows back: quarantined rows get corrected values, or are discarded.

Dagster imports this with the definitions; what the job does is in `put_back`, which is imported when it runs.
"""

from enum import Enum
from typing import Any

import dagster as dg
from pydantic import Field, create_model

from lakehouse_assets.contracts.harmonized import HarmonizedTable
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.operations.repairs.repair_config import RepairConfig
from lakehouse_assets.sources.daily import BY_HAND, NIGHT_TAG

#: The job's only op, alike in every domain, so that a run config is too.
REPAIRING = "repair_quarantined_rows"


def repairing(*tables: HarmonizedTable) -> tuple[dg.AssetSpec, dg.JobDefinition]:
    """What a domain needs so that people can repair its quarantined rows.

    Args:
        tables: Its tables whose rows can be repaired; the first is meant where a run config names none.

    Returns:
        The table of repairs, which the domain's harmonized assets name among their `deps`, and the job that keeps it.
    """
    domain, by_name = tables[0].promise.key[1], {table.name.upper(): table for table in tables}
    members = [(name, table.name) for name, table in by_name.items()]
    choices: Any = Enum("RepairedTable", members)  # type: ignore[misc]  # mypy reads no members that are computed
    columns = "; ".join(f"{name}: {', '.join(table.repairable)}" for name, table in by_name.items())
    told = f"The table whose quarantine holds the rows. Raw columns that can be corrected of {columns}."
    table_field: Any = (choices, Field(default=choices[tables[0].name.upper()], description=told))
    form: Any = create_model(f"{domain.title()}Repairs", __base__=RepairConfig, table=table_field)

    @dg.op(name=f"repairing_{domain}")
    def repair(context: dg.OpExecutionContext, config: form, lake: LakeResource) -> None:
        """Check the repairs against the contract, keep them, and make the rows' days anew, unless it is a dry run."""
        from lakehouse_assets.operations.repairs.put_back import put_back

        put_back(context, config, by_name[config.table.name], lake.lake())

    @dg.job(
        name=f"{domain}_repair_quarantined_rows",
        description="Put quarantined rows right, or discard them, or take that back; a dry run first.",
        tags={NIGHT_TAG: BY_HAND},
    )
    def job() -> None:
        repair.alias(REPAIRING)()

    # Not made by a run over days but by the job, whenever somebody repairs a row.
    return dg.AssetSpec(key=tables[0].repairs_key), job
