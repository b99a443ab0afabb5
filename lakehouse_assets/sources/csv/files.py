"""Reads delivered delimited files: each line below the header becomes either a row, as delivered, or a reject.

A file begins with the declared header; a byte order mark may stand before it, lines may end in LF or CRLF. A field may
be quoted (RFC 4180), but does not go on in the next line: a quote that is left open would swallow the rest of the file.
Whether ``abc`` may stand in a number's field is decided where values get their types.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

import pandas as pd

from lakehouse_assets.sources.csv.source import CsvSource, FileName
from lakehouse_assets.sources.delimited import delimited_fields
from lakehouse_assets.sources.delivered import EMPTY, TORN, Values, frame_of, rejects_of
from lakehouse_assets.sources.landing import LandingFile, Redaction, read_bytes
from lakehouse_assets.sources.lines import Line, split_lines


@dataclass(frozen=True)
class CsvFile:
    """One delivered file, read.

    Attributes:
        name: The file's name, without folders.
        sha256: Of the content that was read, in hexadecimal digits.
        source: What its source declares.
        is_readable: Whether name and header are as declared, so that its lines could be looked at.
        row_values: Values of the rows in the order of the raw columns, without ``ingested_at``.
        reject_values: What cannot be read (`delivered.REJECT_COLUMNS`).
    """

    name: str
    sha256: str
    source: CsvSource
    is_readable: bool
    row_values: tuple[Values, ...] = field(repr=False)
    reject_values: tuple[Values, ...] = field(repr=False)

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The rows that can be read: values are text exactly as delivered, ``line`` counts from 1."""
        return rows_of([self], self.source)

    @cached_property
    def rejects(self) -> pd.DataFrame:
        """What cannot be read, with the reason."""
        return rejects_of([self])


def rows_of(files: Iterable[CsvFile], source: CsvSource) -> pd.DataFrame:
    """All rows of several files as one frame, in the order given."""
    return frame_of([row for one in files for row in one.row_values], source.raw_columns[:-1])


def read_csv_file(file: LandingFile | Path, source: CsvSource, redact: Redaction = bytes) -> CsvFile:
    """Read a delivered file. Its digest is that of the bytes read now, not of those listed earlier.

    Args:
        file: The file.
        source: What its source declares.
        redact: Takes erased persons out of a file of unknown kind, which is kept as it is; those of the source hold
            measurements only.

    Raises:
        LandingError: the file cannot be read at all.
    """
    path = file.path if isinstance(file, LandingFile) else file
    content = read_bytes(path)
    return read_csv_content(file.name, content if source.parse_name(file.name) else redact(content), source)


def read_csv_content(name: str, content: bytes, source: CsvSource) -> CsvFile:
    """Read a file's content as what its name says it is. 26,000 lines of 11 fields take about 0.3 CPU-s."""
    sha256, lines, parsed = hashlib.sha256(content).hexdigest(), split_lines(content), source.parse_name(name)
    fault = _file_fault(parsed, lines, source)
    if fault is not None or parsed is None:
        day = parsed.day if parsed is not None else None
        return CsvFile(name, sha256, source, False, (), ((name, sha256, 0, day, fault, "", content),))
    reader = _Reader(source, parsed)
    rows: list[Values] = []
    rejects: list[Values] = []
    for line in lines[1:]:
        read = reader.read(line)
        if isinstance(read, str):
            told = None if line.is_text else line.raw
            rejects.append((name, sha256, line.number, parsed.day, read, line.text, told))
        else:
            entity, day, fields = read
            rows.append((entity, day, *fields, name, sha256, line.number))
    return CsvFile(name, sha256, source, True, tuple(rows), tuple(rejects))


def _file_fault(parsed: FileName | None, lines: list[Line], source: CsvSource) -> str | None:
    """Why a whole file cannot be read; None where its lines can be looked at."""
    if parsed is None:
        return f"unknown file: its name is not {source.grammar}"
    if not lines:
        return EMPTY
    found = delimited_fields(lines[0], source.delimiter)
    expected = list(source.columns)
    if isinstance(found, str) or [name.strip() for name in found] != expected:
        return f"wrong header: expected {source.delimiter.join(expected)!r}, found {lines[0].text!r}"
    return None


class _Reader:
    """Reads the lines of one file."""

    def __init__(self, source: CsvSource, name: FileName) -> None:
        columns = source.value_columns
        self._source, self._name = source, name
        self._clock = name.form.clock
        self._clock_field = columns.index(self._clock.column)
        entity = name.form.entity_column
        self._entity_field = columns.index(entity) if entity is not None else None
        self._key_fields = [(column, columns.index(column)) for column in source.key]
        self._today = date.today()

    def read(self, line: Line) -> tuple[str, date, list[str]] | str:
        """Whose the row is, its day and its fields; or why the line is no row."""
        fields = delimited_fields(line, self._source.delimiter)
        if isinstance(fields, str):
            return TORN if not line.ended and line.is_text else fields
        fault = self._shape_fault(line, fields)
        if fault is not None:
            return fault
        day = self._clock.day(fields[self._clock_field], self._name.day)
        if isinstance(day, str):
            return day
        if not self._source.first_day <= day <= self._today:
            return f"its day, {day}, lies outside {self._source.first_day} to today: no partition can hold it"
        said = self._name.entity if self._entity_field is None else fields[self._entity_field]
        return f"{self._source.entity_prefix}{said}", day, fields

    def _shape_fault(self, line: Line, fields: list[str]) -> str | None:
        expected = len(self._source.columns)
        if not line.ended and (len(fields) < expected or fields[-1] not in self._source.last_values):
            return f"{TORN}: it has no line end" if len(fields) == expected else TORN
        if len(fields) != expected:
            return f"wrong number of fields: expected {expected}, found {len(fields)}"
        blank = [name for name, place in self._key_fields if not fields[place].strip()]
        if blank:
            return f"{', '.join(blank)} is blank"
        if self._entity_field is not None and not fields[self._entity_field].strip():
            return f"{self._name.form.entity_column} is blank"
        return None
