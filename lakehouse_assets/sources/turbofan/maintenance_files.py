"""Reads delivered files of maintenance records: each line that is not blank becomes either a row or a reject.

A file is CSV in UTF-8 with the header ``badge,engine,day,work,minutes,note``, one record a line, every line with its
line end. Here a record must have these fields, name an engine and the file's own day; whether its minutes are a number
is decided where values get their types. The last field is free text, so a last line without its line end cannot be told
from a torn one and is set aside.

No reason quotes a value: it may be a person's badge that slipped into another field.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakehouse_assets.sources.delimited import delimited_fields
from lakehouse_assets.sources.landing import LandingFile, Redaction, list_landing, read_bytes
from lakehouse_assets.sources.lines import Line, positive_whole_number, split_lines
from lakehouse_assets.sources.turbofan.clock import FIRST_DAY
from lakehouse_assets.sources.turbofan.names import MaintenanceFile, parse_maintenance_name

if TYPE_CHECKING:
    import pandas as pd

Values = tuple[Any, ...]

FIELDS = ("badge", "engine", "day", "work", "minutes", "note")
ROW_COLUMNS = ("engine_id", "fleet", "day", "badge", "engine", "work", "minutes", "note", "file", "sha256", "line")

EMPTY = "empty file: it has not even a header"
HEADER = f"the first line is not the header {','.join(FIELDS)}"
TORN = "file ends inside this line: its line end is missing"
ENGINE = "engine is not a whole number"
OTHER_DAY = "its day is not the day in the file's name"


@dataclass(frozen=True)
class MaintenanceDelivery:
    """One delivered file, read.

    Attributes:
        name: The file's name, without folders.
        sha256: Of the content that was read, erased persons taken out, in hexadecimal digits.
        file: What the name says.
        row_values: The rows (`ROW_COLUMNS`), text as delivered; ``line`` counts from 1, the header's included.
        reject_values: What cannot be read (`files.REJECT_COLUMNS`).
    """

    name: str
    sha256: str
    file: MaintenanceFile
    row_values: tuple[Values, ...] = field(repr=False)
    reject_values: tuple[Values, ...] = field(repr=False)


def maintenance_files(folder: Path) -> list[LandingFile]:
    """The files of maintenance records in a landing folder."""
    return [file for file in list_landing(folder) if parse_maintenance_name(file.name) is not None]


def read_maintenance(source: LandingFile, redact: Redaction) -> MaintenanceDelivery:
    """Read a file of maintenance records.

    Raises:
        LandingError: the file cannot be read at all.
        ValueError: its name is not that of such a file.
    """
    return read_maintenance_content(source.name, redact(read_bytes(source.path)))


def read_maintenance_content(name: str, content: bytes) -> MaintenanceDelivery:
    """Read a file's content, from which erased persons have been taken out."""
    file = parse_maintenance_name(name)
    if file is None:
        raise ValueError(f"{name} is not the name of a file of maintenance records")
    sha256, lines = hashlib.sha256(content).hexdigest(), split_lines(content)
    rows: list[Values] = []
    rejects: list[Values] = []
    whole = EMPTY if not lines else HEADER if delimited_fields(lines[0]) != list(FIELDS) else _day_fault(file.day)
    if whole is not None:
        rejects.append((name, sha256, 0, file.day, whole, "", content))
    for line in lines[1:] if whole is None else ():
        fields = delimited_fields(line)
        reason = _fault(line, fields, file)
        if reason is None and not isinstance(fields, str):
            badge, engine, _, work, minutes, note = fields
            engine_id = f"turbofan-{file.fleet}-{int(engine):03d}"
            rows.append(
                (engine_id, file.fleet, file.day, badge, engine, work, minutes, note, name, sha256, line.number)
            )
        else:
            rejects.append((name, sha256, line.number, file.day, reason, line.text, None if line.is_text else line.raw))
    return MaintenanceDelivery(name, sha256, file, tuple(rows), tuple(rejects))


def records_of(deliveries: Iterable[MaintenanceDelivery]) -> "pd.DataFrame":
    """All rows of several deliveries as one frame of `ROW_COLUMNS`, in the order given."""
    import pandas as pd

    rows = [row for one in deliveries for row in one.row_values]
    return pd.DataFrame(rows, columns=list(ROW_COLUMNS)).astype({"line": "int64"})


def _fault(line: Line, fields: list[str] | str, file: MaintenanceFile) -> str | None:
    """Why a line is no record; None where it is one."""
    if line.is_text and not line.ended:
        return TORN
    if isinstance(fields, str):
        return fields
    if len(fields) != len(FIELDS):
        return f"wrong number of fields: expected {len(FIELDS)}, found {len(fields)}"
    if positive_whole_number(fields[1]) is None:
        return ENGINE
    return None if fields[2] == file.day.isoformat() else OTHER_DAY


def _day_fault(day: date) -> str | None:
    """Why no partition can hold a file of this day; None where one can. Partitions end with today."""
    if FIRST_DAY <= day <= date.today():
        return None
    return f"its day, {day}, lies outside {FIRST_DAY} to today: no partition can hold it"
