"""25 star-schema queries on the SQL views over Delta tables, against the same rows in DuckDB's own tables.

Both sides are asked cold: each query by a fresh process that opens the file, asks and ends (the operating system's file
cache is warm for both). The tables are written by the project's own IO manager. The sides take turns, and the best of
three counts. The views are asked twice: just made, and one commit behind, when they replay the log.
"""

import json
import math
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import dagster as dg
import duckdb
import pyarrow as pa

from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets.lake.sql.views import write_sql_views
from lakehouse_assets.lake.table import Lake

STAR = Path(__file__).parent / "star"
ROUNDS = 3
_ASK = """
import duckdb, json, sys, time
wall, cpu = time.perf_counter(), time.process_time()
connection = duckdb.connect(sys.argv[1], read_only=True)
connection.execute("SET enable_progress_bar = false")
connection.execute(sys.argv[2])
rows = connection.execute(sys.argv[3]).fetchall()
print(json.dumps([time.process_time() - cpu, time.perf_counter() - wall, len(rows), str(rows[:3])[:60]]))
"""


def statements(file: str) -> dict[str, str]:
    """The statements of a file by the comment above each."""
    found = re.finditer(r"^-- ([^\n]*)\n((?:SELECT|WITH)\b.*?);\s*$", (STAR / file).read_text(), re.S | re.M)
    return {match[1]: match[2] for match in found}


def native_tables(file: Path) -> list[str]:
    tables = statements("tables.sql")
    with duckdb.connect(file) as connection:
        connection.execute("CREATE TEMP MACRO roll(r, purpose, sides) AS (hash(r, purpose) % sides)::BIGINT")
        for name, statement in tables.items():
            connection.execute(f"CREATE TABLE {name} AS {statement}")
    return list(tables)


def through_io_manager(native: Path, names: list[str], lake: Path) -> None:
    for name in names:
        with duckdb.connect(native, read_only=True) as connection:
            rows = connection.sql(f"FROM {name}").to_arrow_table()

        @dg.asset(key=["delivery", name])
        def table(rows: dg.ResourceParam[pa.Table]) -> pa.Table:
            return rows

        resources = {"io_manager": DeltaIOManager(lake_uri=str(lake)), "rows": rows}
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        assert dg.materialize([table], resources=resources, run_config=quiet).success


def ask(file: Path, schema: str, query: str) -> tuple[float, float, int, str]:
    command = [sys.executable, "-I", "-c", _ASK, str(file), f"SET search_path = '{schema}'", query]
    cpu, wall, rows, shown = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return cpu, wall, rows, shown


def geometric_mean(values: list[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def measured(sides: dict[str, tuple[Path, str]]) -> dict[str, dict[str, tuple[float, float]]]:
    best: dict[str, dict[str, tuple[float, float]]] = {}
    for name, query in statements("queries.sql").items():
        answers: dict[str, list[tuple[float, float, int, str]]] = {side: [] for side in sides}
        for _ in range(ROUNDS):
            for side, (file, schema) in sides.items():
                answers[side].append(ask(file, schema, query))
        assert len({one[2] for side in answers.values() for one in side}) == 1, name
        best[name] = {side: (min(o[0] for o in got), min(o[1] for o in got)) for side, got in answers.items()}
    return best


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        native, lake = Path(scratch, "native.duckdb"), Path(scratch, "lake")
        names = native_tables(native)
        through_io_manager(native, names, lake)
        fresh, behind = Path(scratch, "fresh.duckdb"), Path(scratch, "behind.duckdb")
        write_sql_views(str(lake), behind)
        for name in names:
            table = Lake(str(lake)).open(["delivery", name])
            table.delete(f"{table.schema().fields[0].name} = -1")
            if table.version() == 0:  # deleting nothing makes no commit; setting a property does
                table.alter.set_table_properties({"delta.logRetentionDuration": "interval 30 days"})
        write_sql_views(str(lake), fresh)
        sides = {"own": (native, "main"), "views": (fresh, "delivery"), "behind": (behind, "delivery")}
        best = measured(sides)
        bytes_own = native.stat().st_size
        bytes_lake = sum(file.stat().st_size for file in lake.rglob("*.parquet"))
    report = {}
    for name, got in best.items():
        own, made = got["own"], got["views"]
        report[f"{name[:44]}: own, views CPU-ms, ratio"] = (
            f"{own[0] * 1000:.0f} {made[0] * 1000:.0f} {made[0] / own[0]:.2f}"
        )
    for side, words in (("views", "views"), ("behind", "views a commit behind")):
        for place, kind in enumerate(("CPU", "wall")):
            ratios = [got[side][place] / got["own"][place] for got in best.values()]
            report[f"{words} against own tables, {kind}, geometric mean"] = str(round(geometric_mean(ratios), 2))
    report["DuckDB's file, MB"] = str(bytes_own // 2**20)
    report["Parquet files, MB"] = str(bytes_lake // 2**20)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
