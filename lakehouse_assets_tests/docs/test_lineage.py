"""The queries of docs/lineage.md, as they stand there, on tables as the roads write them."""

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse_assets.lake.sql_views import write_sql_views
from lakehouse_assets.lake.table import Lake
from lakehouse_assets_tests.conftest import PROJECT

FIRST = date(2024, 3, 1)


def instant(day: int, hour: int = 6) -> datetime:
    """Six in the morning after a day, when its rows are known and its predictions are made."""
    return datetime(2024, 3, 1, hour, tzinfo=UTC) + timedelta(days=day + 1)


def reading(engine: str, day: int, line: int, known: datetime | None = None) -> dict[str, Any]:
    when = FIRST + timedelta(days=day)
    return {
        "engine_id": engine,
        "day": when,
        "known_at": known or instant(day),
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
        "source_file": f"{machine}_{when}",
        "source_line": number + 1,
    }


def metered(day: int, meter: str = "e1", known: datetime | None = None) -> dict[str, Any]:
    when = FIRST + timedelta(days=day)
    told = known or instant(day, hour=0)
    return {"meter_id": meter, "day": when, "known_at": told, "source_file": f"{meter}_{when}", "source_line": 2}


def of_a_product(day: int, number: int) -> dict[str, Any]:
    return {
        name: value for name, value in product(day, number).items() if "source" not in name and name != "known_at"
    } | {"predicted_at": instant(day)}


OTHERS = {
    "harmonized/milling/operations": [
        *(product(day, number) for day in range(3) for number in (1, 2)),
        product(2, 1, "m2"),
    ],
    "delivery/milling_failure/predictions": [of_a_product(2, 1)],
    # One day too long ago, two within four weeks, one that came late, and another meter's.
    "harmonized/energy/readings": [
        *(metered(day) for day in (0, 1, 29)),
        metered(28, known=instant(40)),
        metered(29, "e2"),
    ],
    "delivery/energy_demand/predictions": [
        {"meter_id": "e1", "target_at": instant(29), "day": FIRST + timedelta(days=29), "predicted_at": instant(29)}
    ],
}
TURBOFAN = {"harmonized/turbofan/readings": READINGS, "delivery/turbofan_rul/predictions": PREDICTIONS}


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lineage")
    lake = Lake(str(folder / "lake"))
    for key, rows in {**TURBOFAN, **OTHERS}.items():
        table = pa.Table.from_pylist(rows)
        for name in ("known_at", "predicted_at"):
            if name in table.column_names:
                at = table.column_names.index(name)
                table = table.set_column(at, name, table[name].cast(pa.timestamp("us", tz="UTC")))
        write_deltalake(lake.table_uri(key.split("/")), table, partition_by=["day"])
    write_sql_views(lake.uri, folder / "lake.duckdb")
    return folder / "lake.duckdb"


def ask(views: Path, name: str, **parameters: object) -> list[dict[str, Any]]:
    """The answer of the page's query of this name."""
    page = (PROJECT / "docs" / "lineage.md").read_text(encoding="utf-8")
    [query] = [one for one in re.findall(r"```sql\n(.*?)```", page, re.S) if one.startswith(f"-- {name}:")]
    with duckdb.connect(str(views), read_only=True) as connection:
        rows: list[dict[str, Any]] = connection.execute(query, parameters).to_arrow_table().to_pylist()
        return rows


def lines_by_hand(engine: str, day: int) -> list[tuple[str, int]]:
    [made] = [one for one in PREDICTIONS if (one["engine_id"], one["day"]) == (engine, FIRST + timedelta(days=day))]
    return [
        (row["source_file"], row["source_line"])
        for row in READINGS
        if row["engine_id"] == engine and row["day"] <= made["day"] and row["known_at"] <= made["predicted_at"]
    ]


@pytest.mark.parametrize("engine", ["a", "b"])
@pytest.mark.parametrize("day", [0, 1, 2])
def test_a_prediction_came_from_the_lines_that_were_known_when_it_was_made(views: Path, engine: str, day: int) -> None:
    rows = ask(views, "sources_of_a_prediction", engine_id=engine, day=FIRST + timedelta(days=day))
    assert [(row["source_file"], row["source_line"]) for row in rows] == lines_by_hand(engine, day)
    assert {(row["model_version"], row["feature_version"]) for row in rows} == {(3, "f1")}


def test_a_line_that_came_late_is_no_source_of_what_was_predicted_before(views: Path) -> None:
    assert len(lines_by_hand("b", 1)) == 1
    assert len(lines_by_hand("b", 2)) == 3


@pytest.mark.parametrize("day", [0, 1, 2])
def test_a_file_reached_the_predictions_of_which_its_lines_are_sources(views: Path, day: int) -> None:
    file = f"test_FS001_{FIRST + timedelta(days=day)}.txt"
    reached = {(row["engine_id"], row["day"]) for row in ask(views, "predictions_of_a_file", source_file=file)}
    backwards = {
        (one["engine_id"], one["day"])
        for one in PREDICTIONS
        if any(name == file for name, _ in lines_by_hand(one["engine_id"], (one["day"] - FIRST).days))
    }
    assert reached == backwards
    assert reached


@pytest.mark.parametrize(
    ("use_case", "lines"),
    [
        ("milling_failure", [("m1_2024-03-03", 2)]),
        ("energy_demand", [("e1_2024-03-02", 2), ("e1_2024-03-30", 2)]),
    ],
)
def test_the_page_s_join_of_another_use_case_finds_the_lines_that_its_prediction_came_from(
    views: Path, use_case: str, lines: list[tuple[str, int]]
) -> None:
    page = (PROJECT / "docs" / "lineage.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(delivery\.\w+)` \| `([\w.]+)` \| `(.+)` \|$", page, re.M)
    [(predictions, rows, join)] = [one for one in told if one[0] == f"delivery.{use_case}_predictions"]
    query = f"""SELECT r.source_file, r.source_line FROM {predictions} AS p
        JOIN {rows} AS r ON {join} AND r.known_at <= p.predicted_at ORDER BY ALL"""
    with duckdb.connect(str(views), read_only=True) as connection:
        assert connection.execute(query).fetchall() == lines
