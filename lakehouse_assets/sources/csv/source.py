"""What a source of delimited text files declares of itself, in one YAML file.

```yaml
domain: energy                # folder below the landing folder, and second part of the tables' keys
table: readings               # raw/energy/readings
timezone: Asia/Seoul          # where its days begin and end
first_day: 2018-01-01         # no partition is older
clock: {kind: measured, why: the meter stamps every reading}     # or declared
known: {days_after: 1, at: "00:30", connected_on: null}          # see sources/known.py
labels_known: {days_after: 1, at: "12:00", connected_on: null}   # what an inspection finds; optional
delimiter: ","                # a comma where left out
columns:                      # header as delivered -> name in raw, in the file's order
  date: stamp
entity: {name: meter_id, prefix: energy-}                        # the raw column with the equipment's key
key: [stamp]                  # a row in which one of these is blank is no row
last_values: [Light_Load]     # what the last column may say: tells a whole last line from a torn one
files:                        # names, in order of preference; {entity} and {day} stand for what they say
  - {name: "steel_{entity}_{day}.csv", stamp: {column: stamp, format: "%d/%m/%Y %H:%M"}}
  - {name: "Steel.csv", entity: EM00, stamp: {column: stamp, format: "%d/%m/%Y %H:%M"}}
  - {name: "ai4i2020.csv", entity: M0, count: {column: udi, every_seconds: 60, first: "2024-01-01T00:00:00+00:00"}}
  - {name: "ai4i_{entity}_{day}.csv", count: {column: udi, every_seconds: 192, offset_seconds: 21600}}
```

Instead of standing in the name, the entity may stand in a column: ``entity_column: machine``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from lakehouse_assets.sources.csv.clock import Clock, Counted, Stamped
from lakehouse_assets.sources.known import Availability
from lakehouse_assets.sources.named_file import NamedFile


class SourceError(ValueError):
    """A source's declaration that cannot be used as it stands."""


@dataclass(frozen=True)
class FileName:
    """What a file's name says: which of the declared forms it has, whose it is, and its day if it is a daily file."""

    form: "FileForm"
    entity: str | None
    day: date | None


@dataclass(frozen=True)
class FileForm:
    """One form of file: its name, whose rows it holds, and the clock they happened by."""

    name: str
    clock: Clock
    entity: str | None = None
    entity_column: str | None = None

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        said = {"{entity}": "(?P<entity>[A-Za-z0-9-]+)", "{day}": "(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"}
        parts = re.split(r"(\{entity\}|\{day\})", self.name)
        return re.compile("".join(said.get(part) or re.escape(part) for part in parts))

    def parse(self, name: str) -> FileName | None:
        """Read a file's name; None where it is not of this form or names no day of the calendar."""
        match = self._pattern.fullmatch(name)
        if match is None:
            return None
        said = match.groupdict()
        try:
            day = date.fromisoformat(said["day"]) if "day" in said else None
        except ValueError:
            return None
        return FileName(self, said.get("entity", self.entity), day)

    def file_name(self, entity: str, day: date) -> str:
        """The name of a daily file: the inverse of `parse`."""
        return self.name.format(entity=entity, day=day.isoformat())


@dataclass(frozen=True)
class CsvSource:
    """A source of delimited text files, as its YAML declares it (see the module)."""

    domain: str
    table: str
    columns: Mapping[str, str]
    key: tuple[str, ...]
    forms: tuple[FileForm, ...]
    entity_name: str
    entity_prefix: str
    availability: Availability
    first_day: date
    clock_kind: str
    clock_reason: str
    label_availability: Availability | None = None
    delimiter: str = ","
    last_values: frozenset[str] = frozenset()

    @property
    def timezone(self) -> ZoneInfo:
        """Where its days begin and end."""
        return self.availability.timezone

    @property
    def raw_key(self) -> list[str]:
        """The asset key of the raw table."""
        return ["raw", self.domain, self.table]

    @cached_property
    def value_columns(self) -> list[str]:
        """Names of the columns as delivered, in the file's order."""
        return list(self.columns.values())

    @cached_property
    def raw_columns(self) -> list[str]:
        """Columns of the raw table: the values as delivered, and whose, when and where from each row is."""
        return [self.entity_name, "day", *self.value_columns, "file", "sha256", "line", "ingested_at"]

    def parse_name(self, name: str) -> FileName | None:
        """Read a file's name (without folders) by the first form that it has; None where it has none."""
        return next((parsed for form in self.forms if (parsed := form.parse(name)) is not None), None)

    def named_file(self, name: str) -> NamedFile | None:
        """What a file's name says to the night; None for a name that is none of the source's."""
        said = self.parse_name(name)
        return NamedFile(said.day) if said is not None else None

    @property
    def grammar(self) -> str:
        """The forms of name in words that an error can quote."""
        return " or ".join(re.sub(r"\{(\w+)\}", r"<\1>", form.name) for form in self.forms)


@cache
def load_source(path: Path) -> CsvSource:
    """Read a source's declaration.

    Raises:
        SourceError: the file says something that is not understood; names the file, the place and what was expected.
    """
    import yaml

    try:
        # libyaml where it is there: pure Python takes ten times as long, each time that the definitions load.
        told = yaml.load(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return _source(told)
    except KeyError as error:
        raise SourceError(f"{path}: {error} is missing") from error
    except (TypeError, ValueError, AttributeError, ZoneInfoNotFoundError, yaml.YAMLError) as error:
        raise SourceError(f"{path}: {error}") from error


_KNOWN_WORDS = {
    "domain",
    "table",
    "timezone",
    "first_day",
    "clock",
    "known",
    "labels_known",
    "delimiter",
    "columns",
    "entity",
    "key",
    "last_values",
    "files",
}


def _source(told: dict[str, Any]) -> CsvSource:
    if unknown := sorted(set(told) - _KNOWN_WORDS):
        raise ValueError(f"unknown entries {', '.join(unknown)}: expected some of {', '.join(sorted(_KNOWN_WORDS))}")
    zone = ZoneInfo(told["timezone"])
    columns, last_values = dict(told["columns"]), [str(value) for value in told.get("last_values", ())]
    key = tuple(told["key"])
    if missing := [name for name in key if name not in columns.values()]:
        raise ValueError(
            f"key: {', '.join(missing)}: expected names of raw columns, one of {', '.join(columns.values())}"
        )
    if torn := [one for one in last_values for other in last_values if one != other and other.startswith(one)]:
        raise ValueError(f"last_values: {', '.join(torn)} begins another value, so a torn line could say it")
    if told["clock"]["kind"] not in ("declared", "measured"):
        raise ValueError(f"clock.kind: expected declared or measured, found {told['clock']['kind']!r}")
    return CsvSource(
        domain=told["domain"],
        table=told["table"],
        columns=columns,
        key=key,
        forms=tuple(_form(form, zone, list(columns.values())) for form in told["files"]),
        entity_name=told["entity"]["name"],
        entity_prefix=told["entity"].get("prefix", ""),
        availability=_availability(told["known"], zone),
        first_day=told["first_day"],
        clock_kind=told["clock"]["kind"],
        clock_reason=told["clock"]["why"],
        label_availability=_availability(told["labels_known"], zone) if "labels_known" in told else None,
        delimiter=told.get("delimiter", ","),
        last_values=frozenset(last_values),
    )


def _form(told: dict[str, Any], zone: ZoneInfo, columns: list[str]) -> FileForm:
    name = told["name"]
    if ("stamp" in told) == ("count" in told):
        raise ValueError(f"files: {name}: expected either `stamp` or `count`")
    if ("{entity}" in name) + ("entity" in told) + ("entity_column" in told) != 1:
        raise ValueError(f"files: {name}: expected the entity in exactly one of the name, `entity` or `entity_column`")
    clock = _stamped(told["stamp"]) if "stamp" in told else _counted(told["count"], zone, daily="{day}" in name)
    for column in (clock.column, told.get("entity_column")):
        if column is not None and column not in columns:
            raise ValueError(f"files: {name}: {column} is none of the columns {', '.join(columns)}")
    return FileForm(name, clock, told.get("entity"), told.get("entity_column"))


def _stamped(told: dict[str, Any]) -> Stamped:
    return Stamped(told["column"], told["format"])


def _counted(told: dict[str, Any], zone: ZoneInfo, *, daily: bool) -> Counted:
    first = None if daily else datetime.fromisoformat(told["first"])
    if first is not None and first.tzinfo is None:
        raise ValueError(f"files: count.first: expected an instant with its offset from UTC, found {told['first']!r}")
    every, offset = timedelta(seconds=told["every_seconds"]), timedelta(seconds=told.get("offset_seconds", 0))
    return Counted(told["column"], every, zone, first, offset)


def _availability(told: dict[str, Any], zone: ZoneInfo) -> Availability:
    return Availability(zone, int(told["days_after"]), time.fromisoformat(told["at"]), told.get("connected_on"))
