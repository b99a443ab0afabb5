"""A contract as the lake takes it: the promise that a table is held to, and the IO manager that holds it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets import settings
from lakehouse_assets.contracts.catalogue import contract_named
from lakehouse_assets.contracts.contract import Contract
from lakehouse_assets.contracts.schema import CONTRACT, arrow_schema, shown_name
from lakehouse_assets.lake.io_manager import DeltaIOManager

if TYPE_CHECKING:
    from lakehouse_assets.lake.writing.promise import TablePromise


def table_promise(contract: Contract) -> "TablePromise":
    """What the contract promises of its table, in the lake's words."""
    from lakehouse_assets.lake.writing.promise import Limits, TablePromise

    return TablePromise(
        schema=arrow_schema(contract),
        source=shown_name(contract),
        description=contract.purpose,
        limits={
            column.name: Limits(column.minimum, column.maximum)
            for column in contract.columns
            if column.minimum is not None or column.maximum is not None
        },
    )


def promise_named(metadata: Mapping[str, Any]) -> "TablePromise | None":
    """The promise of the contract that an asset's metadata names; None where it names none."""
    named = metadata.get(CONTRACT)
    if named is None:
        return None
    return table_promise(contract_named(settings.PROJECT_ROOT / str(getattr(named, "value", named))))


class ContractedIOManager(DeltaIOManager):
    """The Delta IO manager that holds each table to the contract named in its asset's metadata (``contract``)."""

    def promise_for(self, context: dg.OutputContext) -> "TablePromise | None":
        """The promise of the output's asset; an asset without a contract is held to none."""
        return promise_named(context.definition_metadata)
