"""Where a contract's file says what: the entries of the standard that every reader of one needs."""

from collections.abc import Mapping, Sequence
from typing import Any

from lakehouse_assets.contracts.located import Place

TABLE: Place = ("schema", 0)
#: Arguments of expectations that name columns.
COLUMN_ARGUMENTS = ("column", "column_A", "column_B", "column_list", "column_set")


def named_columns(arguments: Mapping[str, Any]) -> list[str]:
    """The columns that an expectation's arguments name, with those of its row condition."""
    found: list[str] = []
    for argument in COLUMN_ARGUMENTS:
        value = arguments.get(argument)
        found += [value] if isinstance(value, str) else list(value or ())
    return list(dict.fromkeys(found))


def scope_of(rule: Mapping[str, Any]) -> str:
    """Whether a rule is about the partitions of a run or about the whole table."""
    return str(custom_properties(rule).get("scope", "partitions"))


def custom_properties(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry says beside the standard, by name."""
    return {one.get("property"): one.get("value") for one in entry.get("customProperties") or ()}


def as_list(value: Any) -> list[str]:
    """A text, or a list of them, as a list."""
    return [value] if isinstance(value, str) else list(value or ())


def owner_of(data: Mapping[str, Any]) -> str | None:
    """Who answers for the table; None where nobody is named."""
    team = data.get("team")
    members = team.get("members") if isinstance(team, dict) else None
    return next((m["username"] for m in members or () if m.get("role") == "owner" and m.get("username")), None)


def purpose_of(data: Mapping[str, Any]) -> str:
    """What the table holds, in one line; empty where it does not say."""
    told = data.get("description")
    purpose = told.get("purpose") if isinstance(told, dict) else None
    return in_one_line(purpose or data["schema"][0].get("description"))


def in_one_line(text: Any) -> str:
    """A text without its line breaks."""
    return " ".join(str(text or "").split())


def entries_of(data: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    """The table's entries of a name, `properties` or `quality`; none where it has none."""
    tables = data.get("schema") or []
    return (tables[0].get(name) or []) if tables else []
