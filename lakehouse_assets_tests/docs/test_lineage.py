"""The queries of docs/lineage.md, as they stand there, on tables as the roads write them."""

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
import pytest
from deltalake import write_deltalake

from lakehouse_assets.lake.commit import Provenance, commit_properties
from lakehouse_assets.lake.errors import MissingTableError
from lakehouse_assets.lake.lines_behind import UnknownOriginError, lines_behind
from lakehouse_assets.lake.sql_views import write_sql_views
from lakehouse_assets.lake.table import Lake
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


@pytest.fixture
def platform(tmp_path: Path, request: pytest.FixtureRequest) -> Platform:
    """A use case whose days were loaded and predicted in one go."""
    made = Platform(tmp_path, getattr(request, "param", "turbofan_rul"))
    made.comes(ROWS[made.use_case], range(30))
    made.predicts(range(30))
    return made


every_use_case = pytest.mark.parametrize("platform", list(ROWS), indirect=True)


def lines_by_hand(engine: str, day: int) -> list[tuple[str, int]]:
    [made] = [one for one in PREDICTIONS if (one["engine_id"], one["day"]) == (engine, FIRST + timedelta(days=day))]
    return [
        (row["source_file"], row["source_line"])
        for row in READINGS
        if row["engine_id"] == engine and row["day"] <= made["day"] and row["known_at"] <= made["predicted_at"]
    ]


def sources(platform: Platform, engine: str, day: int) -> Rows:
    where = {"engine_id": engine}
    return platform.ask("sources_of_a_prediction", where, engine_id=engine, day=FIRST + timedelta(days=day))


def reached(platform: Platform, file: str) -> Rows:
    return platform.ask("predictions_of_a_file", {"source_file": file}, source_file=file)


def predictions_reached(platform: Platform, file: str) -> int:
    return sum(row.get("quarters", 1) for row in reached(platform, file))


def test_a_prediction_came_from_the_lines_that_were_known_when_it_was_made(platform: Platform) -> None:
    for engine in "ab":
        for day in range(3):
            rows = sources(platform, engine, day)
            assert [(row["source_file"], row["source_line"]) for row in rows] == lines_by_hand(engine, day)
            assert {(row["model_version"], row["feature_version"]) for row in rows} == {(3, "f1")}


def test_a_line_that_came_late_is_no_source_of_what_was_predicted_before() -> None:
    assert len(lines_by_hand("b", 1)) == 1
    assert len(lines_by_hand("b", 2)) == 3


def test_a_file_reached_the_predictions_of_which_its_lines_are_sources(platform: Platform) -> None:
    for day in range(3):
        file = f"test_FS001_{FIRST + timedelta(days=day)}.txt"
        backwards = {
            (one["engine_id"], one["day"])
            for one in PREDICTIONS
            if any(name == file for name, _ in lines_by_hand(one["engine_id"], (one["day"] - FIRST).days))
        }
        assert {(row["engine_id"], row["day"]) for row in reached(platform, file)} == backwards
        assert backwards


@pytest.mark.parametrize(
    ("platform", "asked", "lines"),
    [
        ("milling_failure", {"machine_id": "m1", "number": 1, "day": date(2024, 3, 3)}, [("m1_2024-03-03", 2)]),
        (
            "energy_demand",
            {"meter_id": "e1", "target_at": instant(29, 7)},
            [("e1_2024-03-02", 2), ("e1_2024-03-30", 2)],
        ),
    ],
    indirect=["platform"],
)
def test_the_page_s_join_of_another_use_case_finds_the_lines_that_its_prediction_came_from(
    platform: Platform, asked: dict[str, Any], lines: list[tuple[str, int]]
) -> None:
    found = platform.ask("sources_of_a_prediction", {}, **asked)
    assert [(row["source_file"], row["source_line"]) for row in found] == lines


@every_use_case
@pytest.mark.parametrize("again", ["corrected", "withdrawn"])
def test_a_file_that_was_put_right_still_reached_what_was_made_from_its_first_delivery(
    platform: Platform, again: str
) -> None:
    file, day, entity, predicted, number = AGAIN[platform.use_case]
    assert predictions_reached(platform, file) == number
    rows = ROWS[platform.use_case]
    kept = [row for row in rows if row["source_file"] != file]
    later = [row | {"known_at": CAME_AGAIN, "ingested_at": CAME_AGAIN} for row in rows if row["source_file"] == file]
    platform.comes(kept + (later if again == "corrected" else []), [day])
    assert predictions_reached(platform, file) == number
    assert {row["ingested_at"] for row in reached(platform, file)} == {FIRST_CAME}

    # Scored again with another champion, from the features that are there.
    platform.predicts([predicted], features=False)
    assert predictions_reached(platform, file) == number

    # Made again from its rows of now: those are known too late for it, or gone.
    platform.predicts([predicted])
    of_that_day = sum(
        all(one[name] == value for name, value in entity.items()) and one["day"] == FIRST + timedelta(days=predicted)
        for one in PREDICTED[platform.use_case]
    ) + (platform.use_case == "turbofan_rul")
    assert predictions_reached(platform, file) == number - of_that_day


def test_a_correction_reached_what_is_made_when_it_is_known(platform: Platform) -> None:
    early = instant(0, hour=7)
    corrected = [row | {"known_at": early, "ingested_at": early} if row["day"] == FIRST else row for row in READINGS]
    platform.comes(corrected, [0])
    platform.predicts([1])
    came = {row["day"].day: row["ingested_at"] for row in reached(platform, "test_FS001_2024-03-01.txt")}
    assert came == {1: FIRST_CAME, 2: early, 3: FIRST_CAME}


def test_a_restored_table_has_the_lines_of_the_version_that_it_was_restored_to(platform: Platform) -> None:
    file = AGAIN["turbofan_rul"][0]
    features = platform.way[1]
    platform.comes([row for row in READINGS if row["source_file"] != file], [0])
    platform.predicts([2])
    assert 3 not in {row["day"].day for row in reached(platform, file)}
    extra = {"maintenance": "restore", "restored_from": "0"}
    table = platform.lake.open(features.split("/"))
    table.restore(0, commit_properties=commit_properties(Provenance(features), extra))
    platform.predicts([2], features=False)
    assert 3 in {row["day"].day for row in reached(platform, file)}


def test_rows_that_nobody_wrote_since_are_found_after_compaction_and_vacuum(platform: Platform) -> None:
    file = AGAIN["turbofan_rul"][0]
    before = reached(platform, file)
    platform.comes([row for row in READINGS if row["day"] == FIRST + timedelta(days=2)], [2])
    source = platform.lake.open(platform.way[-1].split("/"))
    source.optimize.z_order(["engine_id"])
    source.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    assert reached(platform, file) == before


def test_a_version_that_was_vacuumed_is_an_error_and_no_empty_answer(platform: Platform) -> None:
    file, day = AGAIN["turbofan_rul"][:2]
    platform.comes([row for row in READINGS if row["source_file"] != file], [day])
    source = platform.lake.open(platform.way[-1].split("/"))
    source.vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    with pytest.raises(MissingTableError, match="harmonized/turbofan/readings"):
        reached(platform, file)


def test_a_way_that_leaves_a_table_out_is_refused(platform: Platform) -> None:
    with pytest.raises(
        UnknownOriginError, match=r"features.*does not say which version of harmonized/turbofan/readings"
    ):
        lines_behind(platform.lake, [*platform.way[:2], platform.way[-1]], ["engine_id"])
