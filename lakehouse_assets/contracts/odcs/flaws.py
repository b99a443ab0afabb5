"""What is wrong with a contract's file, line by line: against the standard, and against what a table here needs."""

from collections.abc import Iterator, Mapping
from typing import Any

from lakehouse_assets.contracts.contract import (
    ERASURES,
    KEY_RULE,
    LOGICAL_TYPES,
    PERSONAL_CLASSES,
    PHYSICAL_TYPES,
)
from lakehouse_assets.contracts.located import LocatedYaml, Place, Problem
from lakehouse_assets.contracts.odcs.entries import (
    TABLE,
    as_list,
    custom_properties,
    entries_of,
    named_columns,
    owner_of,
    purpose_of,
    scope_of,
)
from lakehouse_assets.contracts.odcs.service_levels import promise_problems


def standard_flaws(file: LocatedYaml) -> Iterator[Problem]:
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


def table_flaws(file: LocatedYaml) -> Iterator[Problem]:
    """What a table here needs and the file lacks or says wrongly."""
    for part in (_head, _columns, _filtered_by, _personal, _rules):
        yield from part(file)


def _head(file: LocatedYaml) -> Iterator[Problem]:
    data, tables = file.data, file.data.get("schema") or []
    if len(tables) != 1:
        yield file.problem(
            ("schema",),
            f"not an Open Data Contract of one table: expected exactly one table under `schema`, found {len(tables)}",
        )
        return
    if owner_of(data) is None:
        yield file.problem(("team",), "expected a member with `role: owner` and a `username` under `team.members`")
    if not purpose_of(data):
        yield file.problem(("description",), "expected `description.purpose`: what the table holds, for its readers")
    key = str(tables[0].get("physicalName") or "").split("/")
    if len(key) < 2 or not all(key):
        yield file.problem((*TABLE, "physicalName"), "expected `physicalName`, the asset key joined by /")
    yield from promise_problems(file)


def _columns(file: LocatedYaml) -> Iterator[Problem]:
    seen: dict[str, Place] = {}
    columns = entries_of(file.data, "properties")
    if not columns:
        yield file.problem((*TABLE, "properties"), "expected the table's columns under `properties`")
    for number, column in enumerate(columns):
        at: Place = (*TABLE, "properties", number)
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
    named = as_list(custom_properties(tables[0]).get("filteredBy")) if tables else []
    partitioned = {
        str(column.get("name")): bool(column.get("partitioned")) for column in entries_of(file.data, "properties")
    }
    for name in named:
        if partitioned.get(name, True):
            found = (
                "it is the partition's column" if name in partitioned else f"the columns are {', '.join(partitioned)}"
            )
            yield file.problem(
                (*TABLE, "customProperties"),
                f"filteredBy must name columns that the table is not partitioned by, found {name!r}: {found}",
            )


def _personal(file: LocatedYaml) -> Iterator[Problem]:
    """What pseudonyms and erasing could not keep."""
    tables = file.data.get("schema") or []
    on_erasure = custom_properties(tables[0]).get("onErasure", "blank") if tables else "blank"
    if on_erasure not in ERASURES:
        yield file.problem(
            (*TABLE, "customProperties"), f"onErasure must be one of {', '.join(ERASURES)}, found {on_erasure!r}"
        )
    for number, column in enumerate(entries_of(file.data, "properties")):
        if column.get("classification") not in PERSONAL_CLASSES:
            continue
        at: Place = (*TABLE, "properties", number)
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
    names = {column.get("name") for column in entries_of(file.data, "properties")}
    seen: set[str] = {KEY_RULE}
    for number, rule in enumerate(entries_of(file.data, "quality")):
        at: Place = (*TABLE, "quality", number)
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
        if scope_of(rule) not in ("partitions", "table"):
            yield file.problem((*at, "customProperties"), f"quality rule {name}: scope must be partitions or table")
        for column in named_columns(how.get("kwargs") or {}):
            if column not in names:
                yield file.problem((*at, "implementation"), f"quality rule {name}: the table has no column {column!r}")
