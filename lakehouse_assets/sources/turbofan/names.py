"""The grammar of turbofan file names, and the keys of the engines in them.

``<kind>_<fleet>[_<YYYY-MM-DD>].txt``. Without a day it is a *cohort file*, as NASA published C-MAPSS (Saxena and
Goebel 2008): whole histories, where the engines of ``train`` and ``test`` are different ones numbered alike. With a
day it is a *daily file*: the rows of that day, units numbered within the fleet.

In a ``train`` file of either form a unit's last row is its failure; in a ``test`` file the unit is still in service
after its last row. A ``RUL`` file has one line per engine of the cohort's test file, in unit order: the cycles that
truly remained after its last row.

``maintenance_<fleet>_<YYYY-MM-DD>.csv`` holds what people did to a fleet's engines on a day (`maintenance_files`).
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast

Kind = Literal["train", "test", "RUL"]

GRAMMAR = (
    "<train|test|RUL>_<two capitals and three digits>[_<YYYY-MM-DD>].txt "
    "or maintenance_<two capitals and three digits>_<YYYY-MM-DD>.csv"
)
"""The grammar in words that an error can quote."""

_NAME = re.compile(r"(train|test|RUL)_([A-Z]{2}[0-9]{3})(?:_([0-9]{4}-[0-9]{2}-[0-9]{2}))?\.txt")
_MAINTENANCE = re.compile(r"maintenance_([A-Z]{2}[0-9]{3})_([0-9]{4}-[0-9]{2}-[0-9]{2})\.csv")


@dataclass(frozen=True)
class MaintenanceFile:
    """What the name of a file of maintenance records says."""

    name: str
    fleet: str
    day: date


@dataclass(frozen=True)
class TurbofanFile:
    """What the name of a turbofan file says.

    ``day`` is None in a cohort file, and the day of all rows in a daily file.
    """

    name: str
    kind: Kind
    fleet: str
    day: date | None = None

    @property
    def is_cohort(self) -> bool:
        """Whether the file holds whole histories, as the publisher's files do."""
        return self.day is None


def parse_name(name: str) -> TurbofanFile | None:
    """Read a file's name (without folders); None where it is not of the grammar or names no day of the calendar."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    kind, fleet, text = match.groups()
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        return None
    return TurbofanFile(name, cast(Kind, kind), fleet, day)


def parse_maintenance_name(name: str) -> MaintenanceFile | None:
    """Read the name of a file of maintenance records; None where it is another, or names no day of the calendar."""
    match = _MAINTENANCE.fullmatch(name)
    if match is None:
        return None
    try:
        return MaintenanceFile(name, match[1], date.fromisoformat(match[2]))
    except ValueError:
        return None


def maintenance_file_name(fleet: str, day: date) -> str:
    """The name of a file of maintenance records: the inverse of `parse_maintenance_name`."""
    return f"maintenance_{fleet}_{day.isoformat()}.csv"


def file_name(kind: Kind, fleet: str, day: date | None = None) -> str:
    """The name of a file: the inverse of `parse_name`."""
    return f"{kind}_{fleet}.txt" if day is None else f"{kind}_{fleet}_{day.isoformat()}.txt"


def engine_id(file: TurbofanFile, unit: int) -> str:
    """An engine's key across the platform: ``turbofan-FD001-train-001`` or, in a daily file, ``turbofan-FS001-001``.

    A cohort's train and test engines share their numbers, so their kind is part of the key; the lines of a ``RUL`` file
    are about the test engines. Units past 999 take more digits.
    """
    if not file.is_cohort:
        return f"turbofan-{file.fleet}-{unit:03d}"
    cohort = "train" if file.kind == "train" else "test"
    return f"turbofan-{file.fleet}-{cohort}-{unit:03d}"
