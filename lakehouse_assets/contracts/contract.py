"""One table's contract, read from its Open Data Contract Standard v3 file."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

#: The physical types that a contract may name: those of Delta Lake.
PHYSICAL_TYPES = ("string", "long", "integer", "double", "float", "boolean", "date", "timestamp")

#: Classifications of columns about a person: an identifier, and free text that may mention one (`pseudonyms.py`).
PERSONAL_CLASSES = ("personal", "personal_text")
#: What becomes of an erased person's row: the person's values are blanked, or the row goes.
ERASURES = ("blank", "delete_row")


class ContractError(ValueError):
    """A contract file that cannot be used as it stands."""


@dataclass(frozen=True)
class Column:
    """One column as promised: its type, and the limits that every row keeps."""

    name: str
    type: str
    description: str
    unit: str | None = None
    required: bool = False
    primary_key: bool = False
    minimum: float | None = None
    maximum: float | None = None
    classification: str | None = None
    identifier_pattern: str | None = None


@dataclass(frozen=True)
class QualityRule:
    """A rule about the whole table, executed by Great Expectations as an asset check."""

    name: str
    description: str
    expectation: str
    arguments: dict[str, Any]
    blocking: bool


@dataclass(frozen=True)
class Contract:
    """What a table's owner promises to its readers."""

    path: Path
    key: tuple[str, ...]
    purpose: str
    owner: str
    columns: tuple[Column, ...]
    rules: tuple[QualityRule, ...]
    freshness_hours: float | None = None
    on_erasure: str = "blank"

    @property
    def personal_columns(self) -> dict[str, str]:
        """Name and classification of the columns that say something about a person."""
        return {c.name: c.classification for c in self.columns if c.classification in PERSONAL_CLASSES}

    @property
    def primary_key(self) -> list[str]:
        """Names of the columns that together identify a row."""
        return [column.name for column in self.columns if column.primary_key]

    @property
    def column_names(self) -> list[str]:
        """Names of all columns, in the promised order."""
        return [column.name for column in self.columns]


@cache
def load_contract(path: Path) -> Contract:
    """Read and check one contract file.

    Raises:
        ContractError: the file is not an ODCS v3 contract, or lacks what a table here needs; the message names file,
            place and what was expected.
    """
    from open_data_contract_standard.model import OpenDataContractStandard
    from pydantic import ValidationError

    try:
        parsed = OpenDataContractStandard.from_string(path.read_text(encoding="utf-8"))
    except (ValidationError, TypeError, ValueError) as error:
        raise ContractError(f"{path}: not an Open Data Contract Standard v3 file: {error}") from error
    if not parsed.schema_ or len(parsed.schema_) != 1:
        raise ContractError(f"{path}: expected exactly one table under `schema`, found {len(parsed.schema_ or [])}")
    table = parsed.schema_[0]
    owners = [m.username for m in getattr(parsed.team, "members", None) or [] if m.role == "owner" and m.username]
    if not owners:
        raise ContractError(f"{path}: expected a member with `role: owner` and a `username` under `team.members`")
    contract = Contract(
        path=path,
        key=tuple((table.physicalName or "").split("/")),
        purpose=" ".join((table.description or "").split()),
        owner=owners[0],
        columns=tuple(_column(path, prop) for prop in table.properties or []),
        rules=tuple(_rule(path, rule) for rule in table.quality or []),
        freshness_hours=_freshness(parsed.slaProperties or []),
        on_erasure=_custom(table).get("onErasure", "blank"),
    )
    _check_personal(contract, [prop.name or "" for prop in table.properties or [] if prop.partitioned])
    return contract


def _column(path: Path, prop: Any) -> Column:
    if prop.physicalType not in PHYSICAL_TYPES:
        raise ContractError(
            f"{path}: column {prop.name}: physicalType must be one of {', '.join(PHYSICAL_TYPES)}, "
            f"found {prop.physicalType!r}"
        )
    limits = prop.logicalTypeOptions or {}
    custom = _custom(prop)
    return Column(
        name=prop.name,
        type=prop.physicalType,
        description=" ".join((prop.description or "").split()),
        unit=custom.get("unit"),
        required=bool(prop.required or prop.primaryKey),
        primary_key=bool(prop.primaryKey),
        minimum=limits.get("minimum"),
        maximum=limits.get("maximum"),
        classification=prop.classification,
        identifier_pattern=custom.get("identifierPattern"),
    )


def _custom(described: Any) -> dict[str, Any]:
    return {p.property: p.value for p in described.customProperties or []}


def _check_personal(contract: Contract, partitioned: list[str]) -> None:
    """Refuse what pseudonyms and erasing could not keep."""
    if contract.on_erasure not in ERASURES:
        raise ContractError(
            f"{contract.path}: onErasure must be one of {', '.join(ERASURES)}, found {contract.on_erasure!r}"
        )
    for column in contract.columns:
        if column.name not in contract.personal_columns:
            continue
        if column.type != "string":
            raise ContractError(
                f"{contract.path}: column {column.name} is personal: expected string, found {column.type}"
            )
        if column.name in partitioned:
            raise ContractError(
                f"{contract.path}: column {column.name} is personal and may not be a partition: its values would be "
                "names of folders, which stay in the log"
            )
        if column.primary_key and contract.on_erasure == "blank":
            raise ContractError(
                f"{contract.path}: column {column.name} is personal and part of the key: blanked rows would have one "
                "key; set the table's customProperty onErasure to delete_row"
            )


def _rule(path: Path, rule: Any) -> QualityRule:
    if rule.engine != "greatExpectations" or not isinstance(rule.implementation, dict) or not rule.name:
        raise ContractError(
            f"{path}: quality rule {rule.name!r}: expected a `name`, `engine: greatExpectations` and an "
            "`implementation` with `type` and `kwargs`"
        )
    return QualityRule(
        name=rule.name,
        description=" ".join((rule.description or "").split()),
        expectation=rule.implementation["type"],
        arguments=dict(rule.implementation.get("kwargs") or {}),
        blocking=rule.severity == "error",
    )


def _freshness(properties: Sequence[Any]) -> float | None:
    for prop in properties:
        if prop.property == "latency":
            hours_each = {"h": 1.0, "hours": 1.0, "d": 24.0, "days": 24.0}[prop.unit]
            return float(prop.value) * hours_each
    return None
