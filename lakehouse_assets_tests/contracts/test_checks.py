from pathlib import Path

import pandas as pd

from lakehouse_assets.contracts.checks import check_specs, run_rules
from lakehouse_assets.contracts.contract import Contract, QualityRule

RULES = (
    QualityRule(
        "unique_press", "No press twice.", "ExpectColumnValuesToBeUnique", {"column": "press_id"}, blocking=True
    ),
    QualityRule(
        "force_read",
        "Half the forces are read.",
        "ExpectColumnValuesToNotBeNull",
        {"column": "force", "mostly": 0.5},
        False,
    ),
)
CONTRACT = Contract(Path("x.yaml"), ("harmonized", "press", "presses"), "", "team:plant", (), RULES)


def test_rules_become_asset_checks_that_block_where_the_contract_says_error() -> None:
    assert [(s.name, s.blocking) for s in check_specs(CONTRACT)] == [("unique_press", True), ("force_read", False)]


def test_a_broken_rule_fails_with_counts_share_and_examples() -> None:
    frame = pd.DataFrame({"press_id": ["a", "a", "b", "c"], "force": [1.0, None, None, None]})
    unique, read = run_rules(frame, CONTRACT)
    assert not unique.passed
    assert unique.metadata["rows_breaking_it"].value == 2
    assert unique.metadata["share_percent"].value == 50.0
    assert "a" in unique.metadata["examples"].value
    assert unique.metadata["rule"].value == "No press twice."
    assert not read.passed


def test_rules_that_hold_pass() -> None:
    frame = pd.DataFrame({"press_id": ["a", "b"], "force": [1.0, None]})
    assert [check.passed for check in run_rules(frame, CONTRACT)] == [True, True]


def test_an_empty_frame_breaks_no_rule() -> None:
    frame = pd.DataFrame({"press_id": pd.Series(dtype=str), "force": pd.Series(dtype=float)})
    assert [check.passed for check in run_rules(frame, CONTRACT)] == [True, True]


def test_a_check_shows_no_value_of_a_personal_column() -> None:
    from lakehouse_assets.defs.turbofan.days import contract

    promise = contract("maintenance_records")
    (result,) = run_rules(pd.DataFrame({"badge": ["B-10423", "erased"]}), promise)
    assert not result.passed
    assert result.metadata["rows_breaking_it"].value == 1
    assert "10423" not in str(result.metadata)
