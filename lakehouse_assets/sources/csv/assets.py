"""The assets of any source of delimited files, from landing to raw, by its declaration.

Dagster imports this with the definitions, so what is heavy is imported inside the functions that run.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import dagster as dg

from lakehouse_assets.contracts.contract import Contract
from lakehouse_assets.contracts.harmonized import HarmonizedTable
from lakehouse_assets.lake.lazy_types import Table
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.sources.csv.source import CsvSource, SourceError
from lakehouse_assets.sources.daily import BY_DAY, ONE_RUN, days_of
from lakehouse_assets.sources.resource import LandingZone

Simulation = Callable[[Path, date, date], object]
"""Lets a simulated source write its files of the days, both included, into a folder."""

READABLE = "every_delivery_is_readable"

Harmonize = Callable[[Any, CsvSource, Any], Any]
"""Raw rows of whole days, the source, and the table's repairs -> a harmonized table's rows, which its contract types.

It begins with `harmonize.rows_in_force` of these three, and ends with the columns of `harmonize.origin`.
"""


class RawAssets(NamedTuple):
    """What a source's files become: the listing of the landing folder, the raw table, ledger and quarantine."""

    landing: dg.AssetsDefinition
    rows: dg.AssetsDefinition
    deliveries: dg.AssetsDefinition


def raw_assets(
    source: CsvSource, days: dg.DailyPartitionsDefinition, owner: str, description: str, simulate: Simulation
) -> RawAssets:
    """A source's assets from landing to raw.

    Args:
        source: What the source declares.
        days: Its local days.
        owner: Who answers for what was delivered.
        description: Of the raw table.
        simulate: Delivers the days of a simulated source where `LANDING` is unset.
    """
    files = _landing(source, days, owner, simulate)
    return RawAssets(files, _rows(source, days, owner, description, files), _deliveries(source, owner, files))


def _landing(
    source: CsvSource, days: dg.DailyPartitionsDefinition, owner: str, simulate: Simulation
) -> dg.AssetsDefinition:
    @dg.asset(
        key=["landing", source.domain, "files"],
        owners=[owner],
        description=(
            f"The files of a day that the {source.domain} source delivered ({source.grammar}). With LANDING unset, a "
            "simulated one delivers them."
        ),
        metadata={"clock": f"{source.clock_kind}: {source.clock_reason}", "timezone": source.timezone.key},
        partitions_def=days,
        backfill_policy=ONE_RUN,
    )
    def files(context: dg.AssetExecutionContext, landing: LandingZone) -> dg.MaterializeResult[None]:
        """Deliver the run's days if the source is simulated, and say what lies in the landing folder."""
        from lakehouse_assets.sources.csv.raw import files_of

        span = days_of(context)
        if landing.simulated:
            simulate(landing.folder(source.domain), *span)
        if not landing.has_folder(source.domain):
            context.log.warning(f"LANDING={landing.root} has no folder {source.domain}: nothing of it is delivered")
        listed = files_of(landing.listed(source.domain), source, span)
        return dg.MaterializeResult(
            metadata={
                "folder": dg.MetadataValue.path(str(Path(landing.root) / source.domain)),
                "delivered": landing.has_folder(source.domain),
                "files": len(listed),
                "bytes": sum(file.size for file in listed),
                "source": f"simulated {source.domain} source" if landing.simulated else "LANDING",
            }
        )

    return files


def _rows(
    source: CsvSource, days: dg.DailyPartitionsDefinition, owner: str, description: str, files: dg.AssetsDefinition
) -> dg.AssetsDefinition:
    @dg.asset(
        key=source.raw_key,
        deps=[files],
        owners=[owner],
        description=description,
        metadata={**BY_DAY, "write_mode": "append"},
        pool=f"{source.domain}_raw",
        partitions_def=days,
        backfill_policy=ONE_RUN,
    )
    def rows(context: dg.AssetExecutionContext, landing: LandingZone, lake: LakeResource) -> Table:
        """Append what raw does not hold yet of the run's days."""
        from lakehouse_assets.sources.csv.raw import new_rows

        landing.require_files(source.domain, context.run.tags)
        table = new_rows(landing.listed(source.domain), source, lake.lake(), days_of(context), datetime.now(UTC))
        context.log.info(f"{table.num_rows:,} new rows for these days")
        return table

    return rows


def _deliveries(source: CsvSource, owner: str, files: dg.AssetsDefinition) -> dg.AssetsDefinition:
    quarantine = ["raw", source.domain, "quarantine"]

    @dg.multi_asset(
        name=f"{source.domain}_deliveries",
        outs={
            "deliveries": dg.AssetOut(
                key=["raw", source.domain, "deliveries"],
                description="The ledger of files seen in the landing folder: what each held, and how much was read.",
                owners=[owner],
                metadata={"write_mode": "append"},
            ),
            "quarantine": dg.AssetOut(
                key=quarantine,
                description="Lines and files that could not be read, with file, line and reason. Nothing is lost.",
                owners=[owner],
                metadata={"write_mode": "append", "merge_keys": ["file", "sha256", "line"]},
            ),
        },
        deps=[files],
        check_specs=[
            dg.AssetCheckSpec(
                READABLE,
                asset=quarantine,
                description="No line of a delivery that is in force stands in quarantine.",
            )
        ],
        pool=f"{source.domain}_raw",
    )
    def deliveries(landing: LandingZone, lake: LakeResource) -> Iterator[Any]:
        """Read every file that the ledger does not know yet, and set aside what cannot be read."""
        from lakehouse_assets.contracts.personal.erased import erased_persons
        from lakehouse_assets.contracts.personal.pseudonyms import pseudonyms_of_environment
        from lakehouse_assets.sources import deliveries as ledgers
        from lakehouse_assets.sources.csv.files import read_csv_file

        listed, store = landing.listed(source.domain), lake.lake()
        erased = erased_persons(store, pseudonyms_of_environment())
        ledger = ledgers.Ledger(source.domain, lambda file: read_csv_file(file, source, erased.redact))
        new, rejects = ledger.examine(listed, ledger.known(store), datetime.now(UTC))
        yield dg.Output(ledgers.deliveries_table(new), "deliveries")
        yield dg.Output(ledgers.quarantine_table(rejects), "quarantine", metadata={"new_rejects": len(rejects)})
        still_open = ledger.open_rejects(store, listed, new, rejects)
        yield dg.AssetCheckResult(
            asset_key=quarantine,
            check_name=READABLE,
            passed=still_open.empty,
            severity=dg.AssetCheckSeverity.WARN,
            metadata=ledgers.check_metadata(still_open),
        )

    return deliveries


def harmonized_table(
    source: CsvSource, promise: Contract, quarantine: Contract, harmonize: Harmonize, repairable: Sequence[str]
) -> HarmonizedTable:
    """A table that is made from a source's raw rows.

    Args:
        source: What the source declares.
        promise: The table's contract.
        quarantine: The contract of its quarantine.
        harmonize: Makes its rows.
        repairable: Raw columns that a repair of a quarantined row may set.

    Raises:
        SourceError: one of them is none of the source's, or tells whose row it is or when it happened.
    """
    fixed = {*source.key, *(name for form in source.forms for name in (form.clock.column, form.entity_column))}
    if wrong := [name for name in repairable if name in fixed or name not in source.value_columns]:
        free = [name for name in source.value_columns if name not in fixed]
        raise SourceError(
            f"{'/'.join(promise.key)}: {', '.join(wrong)} cannot be repaired: expected some of {', '.join(free)}; "
            "what tells whose row it is, or when it happened, comes from the file alone"
        )
    return HarmonizedTable(
        promise,
        quarantine,
        raw=(source.raw_key,),
        typed=lambda raw, repairs: harmonize(raw[0], source, repairs),
        delivered=source.value_columns,
        repairable=repairable,
    )
