"""Turbofan, harmonized: raw rows typed and conformed by their contracts; what breaks one is set aside, never lost."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from lakehouse_assets.contracts.harmonized import HarmonizedTable
from lakehouse_assets.defs.turbofan import harmonize
from lakehouse_assets.defs.turbofan.days import DAYS, contract
from lakehouse_assets.lake.lazy_types import Frame
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.operations.repairs.quarantined import repairing
from lakehouse_assets.sources.daily import BY_DAY, ONE_RUN

READINGS = HarmonizedTable(
    contract("harmonized", "readings"),
    contract("harmonized", "quarantine"),
    raw=(["raw", "turbofan", "run_to_failure"], ["raw", "turbofan", "in_service"]),
    typed=lambda raw, repairs: harmonize.harmonized_readings(raw[0], raw[1], repairs),
    delivered=harmonize.DELIVERED,
    repairable=[*harmonize.SETTINGS, *harmonize.SENSORS],
)
REMAINING_LIVES = HarmonizedTable(
    contract("harmonized", "remaining_lives"),
    contract("harmonized", "remaining_lives_quarantine"),
    raw=(["raw", "turbofan", "remaining_lives"],),
    typed=lambda raw, repairs: harmonize.stated_lives(raw[0], repairs),
    delivered=harmonize.DELIVERED,
    repairable=["remaining_cycles"],
)
FAILURES = HarmonizedTable(
    contract("harmonized", "failures"),
    contract("harmonized", "failures_quarantine"),
    raw=(["raw", "turbofan", "run_to_failure"],),
    typed=lambda raw, _: harmonize.failure_events(raw[0]),
    delivered=harmonize.DELIVERED,
    repairable=[],  # that an engine failed comes from its file alone
)
repairs, repair_job = repairing(READINGS, REMAINING_LIVES)


def _nothing_set_aside(quarantine: str, name: str, description: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(name, asset=["harmonized", "turbofan", quarantine], description=description)


def _said_of(table: HarmonizedTable, name: str, broken: Any) -> dg.AssetCheckResult:
    """The check on a quarantine: it warns as long as rows stand there."""
    from lakehouse_assets.contracts.quarantine import quarantine_check

    return quarantine_check(table.quarantine.key, name, broken, repair_job.name if table.repairable else None)


@dg.multi_asset(
    name="turbofan_readings",
    outs={
        "readings": dg.AssetOut(key=["harmonized", "turbofan", "readings"], metadata=BY_DAY),
        "quarantine": dg.AssetOut(key=["harmonized", "turbofan", "quarantine"], metadata=BY_DAY),
    },
    ins={
        "run_to_failure": dg.AssetIn(key=["raw", "turbofan", "run_to_failure"]),
        "in_service": dg.AssetIn(key=["raw", "turbofan", "in_service"]),
    },
    deps=[repairs],
    check_specs=[
        _nothing_set_aside("quarantine", "every_row_keeps_the_contract", "No row of these days was set aside.")
    ],
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def readings(run_to_failure: Frame, in_service: Frame, lake: LakeResource) -> Iterator[Any]:
    """Type the rows in force as repaired, convert them to SI units, and set aside what breaks the contract."""
    made = READINGS.harmonised([run_to_failure, in_service], READINGS.repairs_in(lake.lake()))
    yield dg.Output(made.table, "readings", metadata=harmonize.readings_metadata(made.rows))
    yield dg.Output(made.set_aside, "quarantine")
    yield _said_of(READINGS, "every_row_keeps_the_contract", made.broken)


@dg.multi_asset(
    name="turbofan_failures",
    outs={
        "failures": dg.AssetOut(key=["harmonized", "turbofan", "failures"], metadata=BY_DAY),
        "quarantine": dg.AssetOut(key=["harmonized", "turbofan", "failures_quarantine"], metadata=BY_DAY),
    },
    ins={"run_to_failure": dg.AssetIn(key=["raw", "turbofan", "run_to_failure"])},
    check_specs=[
        _nothing_set_aside("failures_quarantine", "every_failure_keeps_the_contract", "No failure was set aside.")
    ],
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def failures(run_to_failure: Frame) -> Iterator[Any]:
    """The engines whose last row in a train file lies on these days."""
    made = FAILURES.harmonised([run_to_failure])
    yield dg.Output(made.table, "failures", metadata={"failed_engines": len(made.rows)})
    yield dg.Output(made.set_aside, "quarantine")
    yield _said_of(FAILURES, "every_failure_keeps_the_contract", made.broken)


@dg.multi_asset(
    name="turbofan_remaining_lives",
    outs={
        "lives": dg.AssetOut(key=["harmonized", "turbofan", "remaining_lives"]),
        "quarantine": dg.AssetOut(key=["harmonized", "turbofan", "remaining_lives_quarantine"]),
    },
    ins={"raw_lives": dg.AssetIn(key=["raw", "turbofan", "remaining_lives"])},
    deps=[repairs],
    check_specs=[
        _nothing_set_aside(
            "remaining_lives_quarantine",
            "every_stated_life_is_a_number",
            "No line of a RUL file in force was set aside.",
        )
    ],
)
def remaining_lives(raw_lives: Frame, lake: LakeResource) -> Iterator[Any]:
    """The publisher's true remaining lives, typed; the latest delivery of each file is in force, as repaired."""
    made = REMAINING_LIVES.harmonised([raw_lives], REMAINING_LIVES.repairs_in(lake.lake()))
    yield dg.Output(made.table, "lives")
    yield dg.Output(made.set_aside, "quarantine")
    yield _said_of(REMAINING_LIVES, "every_stated_life_is_a_number", made.broken)
