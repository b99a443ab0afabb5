"""An Open Data Contract Standard v3 file -> a contract, or everything that is wrong with it, line by line."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lakehouse_assets.contracts.contract import (
    ERASURES,
    KEY_RULE,
    LOGICAL_TYPES,
    PERSONAL_CLASSES,
    PHYSICAL_TYPES,
    Column,
    Contract,
    ContractError,
    QualityRule,
)
from lakehouse_assets.contracts.located import LocatedYaml, Place, Problem
from lakehouse_assets.contracts.service_levels import freshness_hours, promise_problems, retention_days

_TABLE: Place = ("schema", 0)
#: Arguments of expectations that name columns.
COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "column_list", "column_set")


def read_contract(path: Path, thorough: bool = True) -> Contract:
    """The contract in a file.

    Args:
        path: The file.
        thorough: Also ask the standard's own model, and look for keys that stand twice. `make check` does; the
            processes that load the assets do without, at a third of the cost.

    Raises:
        ContractError: with all problems that the file has.
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
    problems = [*file.repeated_keys(), *_not_the_standard(file)]
    if not problems:
        problems += [*_head(file), *_columns(file), *_filtered_by(file), *_personal(file), *_rules(file)]
    if problems:
        raise ContractError(sorted(problems, key=lambda problem: problem.line))
    return _contract(file)


def _if_sound(file: LocatedYaml) -> Contract | None:
    """The contract if nothing is wrong at first sight; a file of another shape altogether is for the model to tell."""
    try:
        problems = [*_head(file), *_columns(file), *_filtered_by(file), *_personal(file), *_rules(file)]
        return None if problems else _contract(file)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _not_the_standard(file: LocatedYaml) -> Iterator[Problem]:
    """What the standard itself refuses, in the words of its own model."""
    from open_data_contract_standard.model import OpenDataContractStandard
    from pydantic import ValidationError

    if not isinstance(file.data, dict):
        yield file.problem((), "not an Open Data Contract Standard v3 file: expected a mapping")
        return
    if file.data.get("kind") != "DataContract" or not str(file.data.get("apiVersion", "")).startswith("v3."):
        yield file.problem(("apiVersion",), "expected `kind: DataContract` and `apiVersion: v3.…`")
    try:
        OpenDataContractStandard(**file.data)
    except ValidationError as error:
        for detail in error.errors():
            place = tuple(step for step in detail["loc"] if not (isinstance(step, str) and step.startswith("list[")))
            yield file.problem(place, f"{'.'.join(map(str, place))}: {detail['msg']}")


def _head(file: LocatedYaml) -> Iterator[Problem]:
    data, tables = file.data, file.data.get("schema") or []
    if len(tables) != 1:
        yield file.problem(
            ("schema",),
            f"not an Open Data Contract of one table: expected exactly one table under `schema`, found {len(tables)}",
        )
        return
    if _owner(data) is None:
        yield file.problem(("team",), "expected a member with `role: owner` and a `username` under `team.members`")
    if not _purpose(data):
        yield file.problem(("description",), "expected `description.purpose`: what the table holds, for its readers")
    key = str(tables[0].get("physicalName") or "").split("/")
    if len(key) < 2 or not all(key):
        yield file.problem((*_TABLE, "physicalName"), "expected `physicalName`, the asset key joined by /")
    yield from promise_problems(file)


def _columns(file: LocatedYaml) -> Iterator[Problem]:
    seen: dict[str, Place] = {}
    columns = _listed(file.data, "properties")
    if not columns:
        yield file.problem((*_TABLE, "properties"), "expected the table's columns under `properties`")
    for number, column in enumerate(columns):
        at: Place = (*_TABLE, "properties", number)
        name = column.get("name")
        if not name:
            yield file.problem(at, "column without a name")
            continue
        if name in seen:
            yield file.problem(at, f"column {name}: stands here and in line {file.line(seen[name])}")
        seen[name] = at
        yield from _column(file, at, column)


def _column(file: LocatedYaml, at: Place, column: Mapping[str, Any]) -> Iterator[Problem]:
    name, kind = column["name"], str(column.get("physicalType"))
    if kind not in PHYSICAL_TYPES:
        yield file.problem(
            (*at, "physicalType"),
            f"column {name}: physicalType must be one of {', '.join(PHYSICAL_TYPES)}, found {kind!r}",
        )
    elif column.get("logicalType", LOGICAL_TYPES[kind]) != LOGICAL_TYPES[kind]:
        yield file.problem(
            (*at, "logicalType"),
            f"column {name}: a {kind} has the logicalType {LOGICAL_TYPES[kind]}, found {column['logicalType']!r}",
        )
    if not column.get("description"):
        yield file.problem(at, f"column {name}: expected a description")
    limits = column.get("logicalTypeOptions") or {}
    low, high = limits.get("minimum"), limits.get("maximum")
    for word, limit in (("minimum", low), ("maximum", high)):
        if limit is not None and (not isinstance(limit, int | float) or LOGICAL_TYPES.get(kind) == "string"):
            yield file.problem(
                (*at, "logicalTypeOptions", word), f"column {name}: {word} must be a number, of a column of numbers"
            )
            return
    if low is not None and high is not None and low > high:
        yield file.problem(
            (*at, "logicalTypeOptions", "minimum"), f"column {name}: minimum {low} lies above maximum {high}"
        )


def _filtered_by(file: LocatedYaml) -> Iterator[Problem]:
    """The columns that maintenance sorts files by must be some, and not those of the partitions."""
    tables = file.data.get("schema") or []
    named = _listed_value(_custom(tables[0]).get("filteredBy")) if tables else []
    partitioned = {
        str(column.get("name")): bool(column.get("partitioned")) for column in _listed(file.data, "properties")
    }
    for name in named:
        if partitioned.get(name, True):
            found = (
                "it is the partition's column" if name in partitioned else f"the columns are {', '.join(partitioned)}"
            )
            yield file.problem(
                (*_TABLE, "customProperties"),
                f"filteredBy must name columns that the table is not partitioned by, found {name!r}: {found}",
            )


def _personal(file: LocatedYaml) -> Iterator[Problem]:
    """What pseudonyms and erasing could not keep."""
    tables = file.data.get("schema") or []
    on_erasure = _custom(tables[0]).get("onErasure", "blank") if tables else "blank"
    if on_erasure not in ERASURES:
        yield file.problem(
            (*_TABLE, "customProperties"), f"onErasure must be one of {', '.join(ERASURES)}, found {on_erasure!r}"
        )
    for number, column in enumerate(_listed(file.data, "properties")):
        if column.get("classification") not in PERSONAL_CLASSES:
            continue
        at: Place = (*_TABLE, "properties", number)
        told = f"column {column.get('name')} is personal"
        if LOGICAL_TYPES.get(str(column.get("physicalType"))) != "string":
            yield file.problem(at, f"{told}: expected string, found {column.get('physicalType')}")
        if column.get("partitioned"):
            yield file.problem(
                at,
                f"{told} and may not be a partition: its values would be names of folders, which stay in the log",
            )
        if column.get("primaryKey") and on_erasure == "blank":
            yield file.problem(
                at,
                f"{told} and part of the key: blanked rows would have one key; set the table's customProperty "
                "onErasure to delete_row",
            )


def _rules(file: LocatedYaml) -> Iterator[Problem]:
    names = {column.get("name") for column in _listed(file.data, "properties")}
    seen: set[str] = {KEY_RULE}
    for number, rule in enumerate(_listed(file.data, "quality")):
        at: Place = (*_TABLE, "quality", number)
        name, how = rule.get("name"), rule.get("implementation")
        if rule.get("engine") != "greatExpectations" or not isinstance(how, dict) or not name or not how.get("type"):
            yield file.problem(
                at,
                f"quality rule {name!r}: expected a `name`, `engine: greatExpectations` and an "
                "`implementation` with `type` and `kwargs`",
            )
            continue
        if name in seen:
            yield file.problem(at, f"quality rule {name}: the name is taken")
        seen.add(name)
        if not rule.get("description"):
            yield file.problem(at, f"quality rule {name}: expected a description, the rule in words")
        if rule.get("severity") not in ("error", "warning"):
            yield file.problem((*at, "severity"), f"quality rule {name}: severity must be error or warning")
        if _scope(rule) not in ("partitions", "table"):
            yield file.problem((*at, "customProperties"), f"quality rule {name}: scope must be partitions or table")
        for column in named_columns(how.get("kwargs") or {}):
            if column not in names:
                yield file.problem((*at, "implementation"), f"quality rule {name}: the table has no column {column!r}")


def named_columns(arguments: Mapping[str, Any]) -> list[str]:
    """The columns that an expectation's arguments name, with those of its row condition."""
    found: list[str] = []
    for argument in COLUMN_ARGUMENTS:
        value = arguments.get(argument)
        found += [value] if isinstance(value, str) else list(value or ())
    return list(dict.fromkeys(found))


def _contract(file: LocatedYaml) -> Contract:
    data, table = file.data, file.data["schema"][0]
    own = _custom(table).get("classification")
    return Contract(
        path=file.path,
        key=tuple(table["physicalName"].split("/")),
        purpose=_purpose(data),
        owner=_owner(data) or "",
        columns=tuple(_read_column(column, own) for column in table["properties"]),
        rules=tuple(_read_rule(rule) for rule in table.get("quality") or ()),
        freshness_hours=freshness_hours(data.get("slaProperties") or ()),
        retention_days=retention_days(data.get("slaProperties") or ()),
        classification=own,
        on_erasure=str(_custom(table).get("onErasure", "blank")),
        filtered_by=tuple(_listed_value(_custom(table).get("filteredBy"))),
    )


def _read_column(column: Mapping[str, Any], classification: str | None) -> Column:
    limits = column.get("logicalTypeOptions") or {}
    key = bool(column.get("primaryKey"))
    return Column(
        name=column["name"],
        type=column["physicalType"],
        description=_words(column.get("description")),
        unit=_custom(column).get("unit"),
        required=bool(column.get("required") or key),
        primary_key=key,
        minimum=limits.get("minimum"),
        maximum=limits.get("maximum"),
        classification=column.get("classification", classification),
        partitioned=bool(column.get("partitioned")),
        identifier_pattern=_custom(column).get("identifierPattern"),
    )


def _read_rule(rule: Mapping[str, Any]) -> QualityRule:
    return QualityRule(
        name=rule["name"],
        description=_words(rule["description"]),
        expectation=rule["implementation"]["type"],
        arguments=dict(rule["implementation"].get("kwargs") or {}),
        blocking=rule["severity"] == "error",
        whole_table=_scope(rule) == "table",
    )


def _scope(rule: Mapping[str, Any]) -> str:
    return str(_custom(rule).get("scope", "partitions"))


def _custom(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {one.get("property"): one.get("value") for one in entry.get("customProperties") or ()}


def _listed_value(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _owner(data: Mapping[str, Any]) -> str | None:
    team = data.get("team")
    members = team.get("members") if isinstance(team, dict) else None
    return next((m["username"] for m in members or () if m.get("role") == "owner" and m.get("username")), None)


def _purpose(data: Mapping[str, Any]) -> str:
    told = data.get("description")
    purpose = told.get("purpose") if isinstance(told, dict) else None
    return _words(purpose or data["schema"][0].get("description"))


def _words(text: Any) -> str:
    return " ".join(str(text or "").split())


def _listed(data: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    tables = data.get("schema") or []
    return (tables[0].get(name) or []) if tables else []
