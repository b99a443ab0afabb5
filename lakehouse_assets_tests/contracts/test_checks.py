import datetime as dt
from pathlib import Path

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse_assets.contracts.checks import check_specs, contract_checks, run_rules
from lakehouse_assets.contracts.contract import Column, Contract, QualityRule
from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lake.table import Lake

DAYS = dg.DailyPartitionsDefinition(start_date="2024-01-01", end_date="2024-01-04")
KEY = ("harmonized", "press", "presses")
UNIQUE_EVER = QualityRule(
    "unique_press", "No press twice, ever.", "ExpectColumnValuesToBeUnique", {"column": "press_id"}, False, True
)
FORCE_READ = QualityRule(
    "force_read",
    "Half the forces are read.",
    "ExpectColumnValuesToNotBeNull",
    {"column": "force", "mostly": 0.5},
    False,
)
CONTRACT = Contract(
    Path("x.yaml"),
    KEY,
    "",
    "team:plant",
    (
        Column("press_id", "string", "", primary_key=True),
        Column("day", "date", "", primary_key=True, partitioned=True),
        Column("force", "double", ""),
        Column("operator", "string", "", classification="personal"),
    ),
    (UNIQUE_EVER, FORCE_READ),
)


def presses(**columns: list[object]) -> pd.DataFrame:
    rows = len(next(iter(columns.values())))
    base = {"press_id": list("abcdefg")[:rows], "day": [dt.date(2024, 1, 1)] * rows, "force": [1.0] * rows}
    return pd.DataFrame({**base, "operator": ["Kim"] * rows, **columns})


def test_rules_and_the_key_become_asset_checks_that_block_where_the_contract_says_error() -> None:
    assert [(spec.name, spec.blocking) for spec in check_specs(CONTRACT)] == [
        ("one_row_per_key", True),
        ("unique_press", False),
        ("force_read", False),
    ]


def test_a_broken_rule_tells_counts_share_and_the_rows_that_break_it() -> None:
    frame = presses(press_id=["a", "a", "b", "c"], force=[1.0, 2.5, 3.0, 4.0])
    (key,) = run_rules(frame, CONTRACT, [CONTRACT.all_rules[0]])
    assert not key.passed
    assert key.severity == dg.AssetCheckSeverity.ERROR
    assert key.metadata["rows"].value == 4
    assert key.metadata["rows_breaking_it"].value == 2
    assert key.metadata["share_percent"].value == 50.0
    assert key.metadata["rule"].value == "No two rows have the same press_id, day."
    assert key.metadata["examples"].value.splitlines()[2:] == ["| a | 2024-01-01 |", "| a | 2024-01-01 |"]


def test_an_example_row_shows_key_and_the_rules_column() -> None:
    frame = presses(force=[None, None, 3.0])
    (read,) = run_rules(frame, CONTRACT, [FORCE_READ])
    assert not read.passed
    assert read.severity == dg.AssetCheckSeverity.WARN
    assert read.metadata["examples"].value.splitlines() == [
        "| press_id | day | force |",
        "| --- | --- | --- |",
        "| a | 2024-01-01 | nan |",
        "| b | 2024-01-01 | nan |",
    ]


@pytest.mark.parametrize(
    ("expectation", "arguments"),
    [
        ("ExpectColumnValuesToBeInSet", {"column": "operator", "value_set": ["Lee"]}),
        ("ExpectColumnDistinctValuesToEqualSet", {"column": "operator", "value_set": ["Lee"]}),
    ],
)
def test_values_of_personal_columns_are_masked_in_examples(expectation: str, arguments: dict[str, object]) -> None:
    rule = QualityRule("operators", "Only Lee works here.", expectation, arguments, False)
    (told,) = run_rules(presses(operator=["Kim"]), CONTRACT, [rule])
    assert not told.passed
    assert "Kim" not in str(told.metadata)
    assert "•••" in told.metadata["examples"].value


def test_rules_that_hold_pass() -> None:
    assert all(check.passed for check in run_rules(presses(force=[1.0, None]), CONTRACT, CONTRACT.all_rules))


def test_an_empty_frame_breaks_no_rule_about_rows_but_one_about_their_number() -> None:
    number = QualityRule("some_rows", "There are rows.", "ExpectTableRowCountToBeBetween", {"min_value": 1}, False)
    told = list(run_rules(presses(force=[1.0]).iloc[:0], CONTRACT, [*CONTRACT.all_rules, number]))
    assert [check.passed for check in told] == [True, True, True, False]


def test_a_rule_that_cannot_be_executed_fails_the_step_and_is_no_broken_rule() -> None:
    rule = QualityRule("odd", "Odd.", "ExpectColumnValuesToBeBetween", {"column": "operator", "min_value": 1}, False)
    with pytest.raises(RuntimeError, match=r"rule odd of x\.yaml could not be executed"):
        list(run_rules(presses(force=[1.0]), CONTRACT, [rule]))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A table of two days, in which press `a` stands on both, and on the second without a force."""
    lake = Lake(str(tmp_path))
    rows = presses(press_id=["a", "a"], day=[dt.date(2024, 1, 1), dt.date(2024, 1, 2)], force=[1.0, None])
    write_deltalake(lake.table_uri(KEY), pa.Table.from_pandas(rows), partition_by=["day"])
    return lake


def checked(lake: Lake, day: str | None) -> dict[str, tuple[bool, int]]:
    spec = dg.AssetSpec(KEY, partitions_def=DAYS, metadata={"partition_expr": "day"})

    @dg.multi_asset(specs=[spec], name="presses")
    def made() -> None: ...

    checks = contract_checks(spec, CONTRACT)
    assert checks is not None
    done = dg.Definitions(
        assets=[made], asset_checks=[checks], resources={"lake": LakeResource(lake_uri=lake.uri)}
    ).resolve_implicit_global_asset_job_def()
    told = done.execute_in_process(partition_key=day or "2024-01-01").get_asset_check_evaluations()
    return {one.check_name: (one.passed, one.metadata["rows"].value) for one in told}


def test_a_check_looks_at_the_runs_partition_and_at_the_whole_table_where_its_rule_says_so(lake: Lake) -> None:
    assert checked(lake, "2024-01-01") == {
        "one_row_per_key": (True, 1),
        "unique_press": (False, 2),
        "force_read": (True, 1),
    }
    assert checked(lake, "2024-01-02")["force_read"] == (False, 1)


def test_a_check_of_a_real_contract_shows_no_value_of_a_personal_column() -> None:
    from lakehouse_assets.defs.turbofan.days import contract

    promise = contract("harmonized", "maintenance_records")
    (result,) = run_rules(pd.DataFrame({"badge": ["B-10423", "erased"]}), promise, promise.rules)
    assert not result.passed
    assert result.metadata["rows_breaking_it"].value == 1
    assert "10423" not in str(result.metadata)
