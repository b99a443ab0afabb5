"""Turbofan, harmonized: raw rows typed and conformed by their contracts; what breaks one is set aside, never lost."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from lakehouse_assets.defs.turbofan.days import DAYS, contract
from lakehouse_assets.lake.lazy_types import Frame
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.sources.daily import BY_DAY, ONE_RUN

REPAIRS = ["raw", "turbofan", "repairs"]
REPAIR_JOB = "turbofan_repair_quarantined_rows"

#: Not made by a run over days but by the repair job, whenever somebody repairs a row.
repairs_table = dg.AssetSpec(key=REPAIRS)


def _nothing_set_aside(quarantine: str, name: str, description: str) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(name, asset=["harmonized", "turbofan", quarantine], description=description)


def _said_of(quarantine: str, name: str, broken: Any) -> dg.AssetCheckResult:
    """The check on a quarantine: it warns as long as rows stand there."""
    from lakehouse_assets.contracts.quarantine import quarantine_check

    return quarantine_check(["harmonized", "turbofan", quarantine], name, broken, REPAIR_JOB)


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
    deps=[REPAIRS],
    check_specs=[
        _nothing_set_aside("quarantine", "every_row_keeps_the_contract", "No row of these days was set aside.")
    ],
    partitions_def=DAYS,
    backfill_policy=ONE_RUN,
)
def readings(run_to_failure: Frame, in_service: Frame, lake: LakeResource) -> Iterator[Any]:
    """Type the rows in force as repaired, convert them to SI units, and set aside what breaks the contract."""
    from lakehouse_assets.contracts.conform import conform, to_arrow
    from lakehouse_assets.defs.turbofan import harmonize

    promise = contract("harmonized", "readings")
    repairs = harmonize.repairs_of(lake.lake(), REPAIRS, "readings")
    raw = [harmonize.repaired(frame, repairs) for frame in (run_to_failure, in_service)]
    split = conform(harmonize.harmonized_readings(run_to_failure, in_service, repairs), promise)
    yield dg.Output(to_arrow(split.rows, promise), "readings", metadata=harmonize.readings_metadata(split.rows))
    yield dg.Output(harmonize.set_aside(split.broken, raw, contract("harmonized", "quarantine")), "quarantine")
    yield _said_of("quarantine", "every_row_keeps_the_contract", split.broken)


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
    from lakehouse_assets.contracts.conform import conform, to_arrow
    from lakehouse_assets.defs.turbofan import harmonize

    promise = contract("harmonized", "failures")
    split = conform(harmonize.failure_events(run_to_failure), promise)
    aside = harmonize.set_aside(split.broken, [run_to_failure], contract("harmonized", "failures_quarantine"))
    yield dg.Output(to_arrow(split.rows, promise), "failures", metadata={"failed_engines": len(split.rows)})
    yield dg.Output(aside, "quarantine")
    yield _said_of("failures_quarantine", "every_failure_keeps_the_contract", split.broken)


@dg.multi_asset(
    name="turbofan_remaining_lives",
    outs={
        "lives": dg.AssetOut(key=["harmonized", "turbofan", "remaining_lives"]),
        "quarantine": dg.AssetOut(key=["harmonized", "turbofan", "remaining_lives_quarantine"]),
    },
    ins={"raw_lives": dg.AssetIn(key=["raw", "turbofan", "remaining_lives"])},
    deps=[REPAIRS],
    check_specs=[
        _nothing_set_aside(
            "remaining_lives_quarantine",
            "every_stated_life_is_a_number",
            "No line of a RUL file in force was set aside.",
        )
    ],
)
def remaining_lives(raw_lives: Frame, lake: LakeResource) -> Iterator[Any]:
    """The publisher's true remaining lives, typed; the latest delivery of each file is in force."""
    from lakehouse_assets.contracts.conform import conform, to_arrow
    from lakehouse_assets.defs.turbofan import harmonize

    promise = contract("harmonized", "remaining_lives")
    raw = harmonize.repaired(raw_lives, harmonize.repairs_of(lake.lake(), REPAIRS, "remaining_lives"))
    split = conform(harmonize.stated_lives(raw), promise)
    yield dg.Output(to_arrow(split.rows, promise), "lives")
    yield dg.Output(
        harmonize.set_aside(split.broken, [raw], contract("harmonized", "remaining_lives_quarantine")), "quarantine"
    )
    yield _said_of("remaining_lives_quarantine", "every_stated_life_is_a_number", split.broken)
