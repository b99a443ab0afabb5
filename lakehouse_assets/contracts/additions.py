"""Adding rows to a table of the lake outside of an asset, held to its contract."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lakehouse_assets import settings
from lakehouse_assets.contracts.contract import Contract, of_domain
from lakehouse_assets.contracts.odcs.reading import load_contract

if TYPE_CHECKING:
    import pyarrow as pa

    from lakehouse_assets.lake.table import Lake


#: What people did to the lake by hand, one row a deed; and what they switched, such as the pause of a use case.
AUDIT = ["monitoring", "platform", "audit"]
#: Contracts of the platform's own tables, which jobs keep.
PLATFORM = settings.PROJECT_ROOT / "lakehouse_assets" / "defs" / "platform" / "contracts"
#: Contract of every domain's table of repairs.
REPAIRS = settings.PROJECT_ROOT / "lakehouse_assets" / "defs" / "shared" / "contracts" / "raw" / "repairs.yaml"


def platform_contract(key: Sequence[str]) -> Contract:
    """The contract of one of the platform's own tables, by its asset key."""
    return load_contract(PLATFORM / key[0] / f"{key[-1]}.yaml", False)


def repairs_contract(domain: str) -> Contract:
    """The contract of a domain's table of repairs."""
    return of_domain(load_contract(REPAIRS, False), domain)


def keep(lake: "Lake", key: Sequence[str], rows: Sequence[Mapping[str, Any]], run_id: str = "") -> int:
    """Add rows to one of the platform's own tables; a row whose key stands there already is left out (`add_rows`)."""
    import pyarrow as pa

    from lakehouse_assets.contracts.schema import arrow_schema

    contract = platform_contract(key)
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=arrow_schema(contract))
    return add_rows(lake, contract, table, contract.primary_key, run_id)


def add_rows(lake: "Lake", contract: Contract, rows: "pa.Table", keys: Sequence[str], run_id: str) -> int:
    """Add the rows whose keys the table does not hold yet, in one commit; twice is as once.

    Args:
        lake: Where the table lies; it is made if it is not there.
        contract: The table's.
        rows: In the contract's schema.
        keys: Columns that tell rows apart.
        run_id: Run that adds them, for the commit.

    Returns:
        The table's version with the rows in it.

    Raises:
        PromiseBrokenError: rows break the contract. Nothing was written.
        SchemaChangedError: the table was made by another contract. Nothing was written.
    """
    from lakehouse_assets.contracts.promise import table_promise
    from lakehouse_assets.lake.reading.read import table_schema
    from lakehouse_assets.lake.settings import SchemaMode, WriteMode, WriteSettings
    from lakehouse_assets.lake.writing.commit import Provenance
    from lakehouse_assets.lake.writing.constraints import loosen, tighten
    from lakehouse_assets.lake.writing.promise import hold_to, promised_schema
    from lakehouse_assets.lake.writing.rows import Rows
    from lakehouse_assets.lake.writing.write import Target, write_rows

    uri, options, promise = lake.table_uri(contract.key), lake.storage_options, table_promise(contract)
    provenance = Provenance(asset="/".join(contract.key), run_id=run_id)
    there = table_schema(lake.open(contract.key)) if lake.exists(contract.key) else None
    schema, change = promised_schema(rows.schema, there, promise, provenance, uri)
    with Rows(rows.select(schema.names).cast(schema)) as given:
        hold_to(promise, given.batches(), provenance, uri)
        if there is not None:
            loosen(uri, options, promise, provenance)
        mode = SchemaMode.MERGE if change.added else SchemaMode.STRICT
        settings = WriteSettings(write_mode=WriteMode.APPEND, merge_keys=tuple(keys), schema_mode=mode)
        written = write_rows(given, Target(uri, options, description=promise.description), settings, provenance, {})
    tighten(uri, options, promise, provenance)
    return written.version
