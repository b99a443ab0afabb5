"""An Open Data Contract Standard v3 file -> a contract, or everything that is wrong with it, line by line."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from lakehouse_assets.contracts.contract import Column, Contract, ContractError, QualityRule
from lakehouse_assets.contracts.located import LocatedYaml, Problem
from lakehouse_assets.contracts.odcs.entries import (
    as_list,
    custom_properties,
    in_one_line,
    owner_of,
    purpose_of,
    scope_of,
)
from lakehouse_assets.contracts.odcs.flaws import standard_flaws, table_flaws
from lakehouse_assets.contracts.odcs.service_levels import freshness_hours, retention_days


@cache
def load_contract(path: Path, thorough: bool = True) -> Contract:
    """Read and check one contract file.

    Args:
        path: The file.
        thorough: Also ask the standard's own model, and look for keys that stand twice. `make check` does; the
            processes that load the assets do without, at a third of the cost.

    Raises:
        ContractError: the file is not an ODCS v3 contract, or lacks what a table here needs; the message names file,
            line and what was expected, for everything that is wrong in it.
    """
    try:
        file = LocatedYaml(path, path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContractError([Problem(path, line, f"no YAML: {error.problem}")]) from error
    if not thorough:
        contract = _if_sound(file)
        if contract is not None:
            return contract
    problems = [*file.repeated_keys(), *standard_flaws(file)]
    if not problems:
        problems += table_flaws(file)
    if problems:
        raise ContractError(sorted(problems, key=lambda problem: problem.line))
    return _contract(file)


def _if_sound(file: LocatedYaml) -> Contract | None:
    """The contract if nothing is wrong at first sight; a file of another shape altogether is for the model to tell."""
    try:
        problems = [*table_flaws(file)]
        return None if problems else _contract(file)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _contract(file: LocatedYaml) -> Contract:
    data, table = file.data, file.data["schema"][0]
    own = custom_properties(table).get("classification")
    return Contract(
        path=file.path,
        key=tuple(table["physicalName"].split("/")),
        purpose=purpose_of(data),
        owner=owner_of(data) or "",
        columns=tuple(_read_column(column, own) for column in table["properties"]),
        rules=tuple(_read_rule(rule) for rule in table.get("quality") or ()),
        freshness_hours=freshness_hours(data.get("slaProperties") or ()),
        retention_days=retention_days(data.get("slaProperties") or ()),
        classification=own,
        on_erasure=str(custom_properties(table).get("onErasure", "blank")),
        filtered_by=tuple(as_list(custom_properties(table).get("filteredBy"))),
    )


def _read_column(column: Mapping[str, Any], classification: str | None) -> Column:
    limits = column.get("logicalTypeOptions") or {}
    key = bool(column.get("primaryKey"))
    return Column(
        name=column["name"],
        type=column["physicalType"],
        description=in_one_line(column.get("description")),
        unit=custom_properties(column).get("unit"),
        required=bool(column.get("required") or key),
        primary_key=key,
        minimum=limits.get("minimum"),
        maximum=limits.get("maximum"),
        classification=column.get("classification", classification),
        partitioned=bool(column.get("partitioned")),
        identifier_pattern=custom_properties(column).get("identifierPattern"),
    )


def _read_rule(rule: Mapping[str, Any]) -> QualityRule:
    return QualityRule(
        name=rule["name"],
        description=in_one_line(rule["description"]),
        expectation=rule["implementation"]["type"],
        arguments=dict(rule["implementation"].get("kwargs") or {}),
        blocking=rule["severity"] == "error",
        whole_table=scope_of(rule) == "table",
    )
