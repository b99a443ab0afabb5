"""Platforms as the roads write them, of which docs/lineage.md can ask."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import write_deltalake

from lakehouse_assets.lake.lines_behind import lines_behind
from lakehouse_assets.lake.sql.views import write_sql_views
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lake.writing.commit import Provenance, commit_properties
from lakehouse_assets_tests.conftest import PROJECT

Rows = list[dict[str, Any]]
PAGE = (PROJECT / "docs" / "lineage.md").read_text(encoding="utf-8")
FIRST = date(2024, 3, 1)
#: When the history was loaded, and when a file of it came again.
FIRST_CAME, CAME_AGAIN = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 6, 1, tzinfo=UTC)


def instant(day: int, hour: int = 6) -> datetime:
    """Six in the morning after a day, when its rows are known and its predictions are made."""
    return datetime(2024, 3, 1, hour, tzinfo=UTC) + timedelta(days=day + 1)


def reading(engine: str, day: int, line: int, known: datetime | None = None) -> dict[str, Any]:
    when = FIRST + timedelta(days=day)
    return {
        "engine_id": engine,
        "day": when,
        "known_at": known or instant(day),
        "ingested_at": known or FIRST_CAME,
        "source_file": f"test_FS001_{when}.txt",
        "source_line": line,
    }


def prediction(engine: str, day: int) -> dict[str, Any]:
    made = {"predicted_at": instant(day), "remaining_cycles": 10.0, "model_version": 3, "feature_version": "f1"}
    return {"engine_id": engine, "day": FIRST + timedelta(days=day), **made}


# Engine b's row of the second day came when that day's predictions had been made.
READINGS = [
    *(reading("a", day, 1) for day in range(3)),
    reading("b", 0, 2),
    reading("b", 1, 2, known=instant(1, hour=9)),
    reading("b", 2, 2),
]
PREDICTIONS = [prediction(engine, day) for day in range(3) for engine in "ab"]


def product(day: int, number: int, machine: str = "m1") -> dict[str, Any]:
    """A product's row; machines count their products anew every day."""
    key = {"machine_id": machine, "product_id": f"L{number}", "product_number": number}
    when = FIRST + timedelta(days=day)
    return {
        **key,
        "day": when,
        "known_at": instant(day, hour=2),
        "ingested_at": FIRST_CAME,
        "source_file": f"{machine}_{when}",
        "source_line": number + 1,
    }


def metered(day: int, meter: str = "e1", known: datetime | None = None) -> dict[str, Any]:
    when = FIRST + timedelta(days=day)
    told = known or instant(day, hour=0)
    came = {"known_at": told, "ingested_at": known or FIRST_CAME}
    return {"meter_id": meter, "day": when, **came, "source_file": f"{meter}_{when}", "source_line": 2}


def of_a_product(day: int, number: int) -> dict[str, Any]:
    return {
        name: value
        for name, value in product(day, number).items()
        if "source" not in name and name not in ("known_at", "ingested_at")
    } | {"predicted_at": instant(day)}


#: Each domain's rows and its predictions; two of energy's quarter hours.
ROWS: dict[str, Rows] = {
    "turbofan_rul": READINGS,
    "milling_failure": [*(product(day, number) for day in range(3) for number in (1, 2)), product(2, 1, "m2")],
    # One day too long ago, two within four weeks, one that came late, and another meter's.
    "energy_demand": [
        *(metered(day) for day in (0, 1, 29)),
        metered(28, known=instant(40)),
        metered(29, "e2"),
    ],
}
PREDICTED: dict[str, Rows] = {
    "turbofan_rul": PREDICTIONS,
    "milling_failure": [of_a_product(2, 1)],
    "energy_demand": [
        {
            "meter_id": "e1",
            "target_at": instant(29, hour),
            "day": FIRST + timedelta(days=29),
            "predicted_at": instant(29),
        }
        for hour in (7, 8)
    ],
}
#: A file of each that comes again, its day, an entity and a day whose prediction it reached, and how many it reached.
AGAIN = {
    "turbofan_rul": ("test_FS001_2024-03-01.txt", 0, {"engine_id": "a"}, 2, 6),
    "milling_failure": ("m1_2024-03-03", 2, {"machine_id": "m1"}, 2, 1),
    "energy_demand": ("e1_2024-03-30", 29, {"meter_id": "e1"}, 29, 2),
}


@dataclass
class Platform:
    """A use case's tables, written as its road writes them: each commit names what it read."""

    folder: Path
    use_case: str

    @property
    def lake(self) -> Lake:
        return Lake(str(self.folder / "lake"))

    @property
    def way(self) -> list[str]:
        """As the page says."""
        if self.use_case == "turbofan_rul":
            [block] = re.findall(r"way = (\[.*?\])", PAGE, re.S)
            way: list[str] = ast.literal_eval(block)
            return way
        return [*(f"delivery/{self.use_case}/{table}" for table in ("predictions", "features")), told(self.use_case)[1]]

    def comes(self, rows: Rows, days: Sequence[int]) -> None:
        """The source's rows of some days, and what is only computed from a day itself."""
        self._write(self.way[-1], rows, days, ())
        for table in self.way[2:-1]:
            self._write(table, rows, days, self.way[-1:])

    def predicts(self, days: Sequence[int], features: bool = True) -> None:
        """Predictions of some days, from features that are made for them or that are there."""
        rows = [{"day": FIRST + timedelta(days=day), "age": day} for day in days]
        if features:
            self._write(self.way[1], rows, days, self.way[2:3])
        # As in the real lake: it reads the source too, of which it takes no values.
        self._write(self.way[0], PREDICTED[self.use_case], days, (self.way[1], self.way[-1]))

    def _write(self, table: str, rows: Rows, days: Sequence[int], read: Sequence[str]) -> None:
        uri, of = self.lake.table_uri(table.split("/")), [FIRST + timedelta(days=day) for day in days]
        given = pa.Table.from_pylist(rows, schema=_schema(rows))
        given = given.filter(pc.is_in(given["day"], pa.array(of)))
        inputs = {one: str(self.lake.version(one.split("/"))) for one in read} or {"raw/some/table": "0"}
        noted = commit_properties(Provenance(table, partitions=tuple(map(str, of)), inputs=inputs), {})
        if self.lake.exists(table.split("/")):
            quoted = ", ".join(f"'{day}'" for day in of)
            write_deltalake(uri, given, mode="overwrite", predicate=f"day IN ({quoted})", commit_properties=noted)
        else:
            write_deltalake(uri, given, partition_by=["day"], commit_properties=noted)

    def ask(self, name: str, where: Mapping[str, Any], **parameters: object) -> Rows:
        """The answer of the page's query of this name, of the use case as the page's table says."""
        [query] = [one for one in re.findall(r"```sql\n(.*?)```", PAGE, re.S) if one.startswith(f"-- {name}:")]
        own = [*next(iter(ROWS[self.use_case])), "day"]
        columns = [one for one in own if one not in ("day",)]
        if self.use_case != "turbofan_rul":
            query = _adapted(query, self.use_case)
        lines = lines_behind(self.lake, self.way, columns, where)
        assert lines is not None, "the query reads it by its name"
        write_sql_views(self.lake.uri, self.folder / "lake.duckdb")
        with duckdb.connect(str(self.folder / "lake.duckdb"), read_only=True) as connection:
            rows: Rows = connection.execute(query, parameters).to_arrow_table().to_pylist()
            return rows


def told(use_case: str) -> tuple[str, str, str]:
    """The page's row of another use case: predictions, source, join."""
    found = re.findall(r"^\| `(delivery\.\w+)` \| `([\w/]+)` \| `(.+)` \|$", PAGE, re.M)
    [one] = [row for row in found if row[0] == f"delivery.{use_case}_predictions"]
    return one


#: How each names a prediction, and how many of a day and entity a file reached.
NAMED = {
    "milling_failure": (
        "p.machine_id",
        "p.machine_id = $machine_id AND p.product_number = $number AND p.day = $day",
        "",
    ),
    "energy_demand": (
        "p.meter_id",
        "p.meter_id = $meter_id AND p.target_at = $target_at",
        ", count(DISTINCT p.target_at) AS quarters",
    ),
}


def _adapted(query: str, use_case: str) -> str:
    predictions, _, join = told(use_case)
    entity, named, counted = NAMED[use_case]
    changes = {
        "delivery.turbofan_rul_predictions": predictions,
        "r.engine_id = p.engine_id AND r.day <= p.day": join,
        "p.engine_id = r.engine_id AND p.day >= r.day": join,
        "p.engine_id = $engine_id AND p.day = $day": named,
        " AS lines": f" AS lines{counted}",
        "p.engine_id": entity,
        ", p.model_version": "",
        ", p.feature_version": "",
    }
    for of_turbofan, own in changes.items():
        query = query.replace(of_turbofan, own)
    return query


def _schema(rows: Rows) -> pa.Schema:
    schema = pa.Table.from_pylist(rows).schema
    fields = [
        pa.field(one.name, pa.timestamp("us", "UTC")) if pa.types.is_timestamp(one.type) else one for one in schema
    ]
    return pa.schema(fields)
