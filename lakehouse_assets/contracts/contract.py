"""One table's contract: its columns, rules, owner and promises, whatever file it came from."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lakehouse_assets.contracts.located import Problem

#: The physical types that a contract may name: those of Delta Lake.
PHYSICAL_TYPES = ("string", "long", "integer", "double", "float", "boolean", "date", "timestamp", "binary")

#: The standard's logical type of each physical type.
LOGICAL_TYPES = {
    "string": "string",
    "long": "integer",
    "integer": "integer",
    "double": "number",
    "float": "number",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "binary": "string",
}

#: Name of the check that follows from a contract's primary key.
KEY_RULE = "one_row_per_key"

#: Classifications of columns about a person: an identifier, and free text that may mention one (`pseudonyms.py`).
PERSONAL_CLASSES = ("personal", "personal_text")
#: What becomes of an erased person's row: the person's values are blanked, or the row goes.
ERASURES = ("blank", "delete_row")

#: In the place of the domain in a contract's key: every domain with tables in that zone has such a table.
EVERY_DOMAIN = "*"


class ContractError(ValueError):
    """A contract file that cannot be used as it stands; ``problems`` say where and why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


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
    partitioned: bool = False
    identifier_pattern: str | None = None
    """Form of the identifiers that name people in this column (a regular expression), for finding them in texts."""

    @property
    def is_personal(self) -> bool:
        """Whether its values are about a person, and are masked wherever rows are shown."""
        return (self.classification or "").lower() in (*PERSONAL_CLASSES, "sensitive", "restricted")


@dataclass(frozen=True)
class QualityRule:
    """A rule about many rows at once, executed by Great Expectations as an asset check."""

    name: str
    description: str
    expectation: str
    arguments: dict[str, Any]
    blocking: bool
    whole_table: bool = False
    """Whether it looks at the whole table rather than at the partitions that the run wrote."""


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
    retention_days: int | None = None
    """For how many days the pages of its reports are kept (`operations.report_pages`); its rows stay."""

    classification: str | None = None
    filtered_by: tuple[str, ...] = ()
    on_erasure: str = "blank"
    part: str = ""
    """Which of the contracts that follow from one YAML (``path``), a component's or one for every domain, this is;
    empty for a file of its own."""

    key_is_checked: bool = True
    """Whether a check asks that no key stands twice. Not of tables whose rows the platform's own code numbers or
    groups: a step and 0.2 s a table and run for what cannot be."""

    @property
    def personal_columns(self) -> dict[str, str]:
        """Name and classification of the columns that say something about a person."""
        return {c.name: c.classification for c in self.columns if c.classification in PERSONAL_CLASSES}

    @property
    def primary_key(self) -> list[str]:
        """Names of the columns that together identify a row."""
        return [column.name for column in self.columns if column.primary_key]

    @property
    def partition_columns(self) -> list[str]:
        """Names of the columns that hold the table's partitions."""
        return [column.name for column in self.columns if column.partitioned]

    @property
    def column_names(self) -> list[str]:
        """Names of all columns, in the promised order."""
        return [column.name for column in self.columns]

    @property
    def all_rules(self) -> tuple[QualityRule, ...]:
        """The rules as written, and before them that of the primary key: one row per key."""
        keys = self.primary_key
        if not keys or not self.key_is_checked:
            return self.rules
        # A key that spans the partition column can only be repeated within a partition.
        whole = not set(self.partition_columns) & set(keys)
        named = ", ".join(keys)
        expectation, arguments = (
            ("ExpectColumnValuesToBeUnique", {"column": keys[0]})
            if len(keys) == 1
            else ("ExpectCompoundColumnsToBeUnique", {"column_list": keys})
        )
        own = QualityRule(KEY_RULE, f"No two rows have the same {named}.", expectation, arguments, True, whole)
        return (own, *self.rules)


def of_domain(contract: Contract, domain: str) -> Contract:
    """A contract for every domain (`EVERY_DOMAIN`) as that of one domain's table.

    Such tables are kept by the platform's own jobs, which take no key twice, and no run would execute a check of them.
    """
    zone, _, table = contract.key
    return replace(contract, key=(zone, domain, table), part=domain, key_is_checked=False)
