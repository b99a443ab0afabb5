"""CPU time of the point-in-time join against a bare DuckDB ASOF JOIN, which ignores when rows were ingested.

Three histories of ingestion: at once, a day late as from a nightly load, and out of order (one row in fifty up to eight
hours late). Feast's historical retrieval stands beside it at the size that it can do, from a virtual environment of its
own (`benchmarks/.rivals/feast`); without a package index that part is skipped and says so.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks.rivals import rival_python
from lakehouse_assets.features.feature_view import FeatureView
from lakehouse_assets.features.point_in_time import point_in_time_join

LABELS, ROWS, ENTITIES, FEATURES = 50_000, 10_000_000, 1_000, 10
FEAST_LABELS, FEAST_ROWS = 5_000, 200_000
FEAST = "feast==0.67.0"
KNOWN = {
    "at once": "e",
    "a day late": "e + INTERVAL 1 DAY",
    "out of order": "e + INTERVAL 1 MINUTE * CASE WHEN hash(k, e) % 50 = 0 THEN (hash(e, k) % 480)::INT ELSE 5 END",
}


def feature_rows(connection: duckdb.DuckDBPyConnection, rows: int, known: str) -> None:
    minutes = f"(i // {ENTITIES})::INT"
    columns = ", ".join(f"hash(i, {n}) / 1.8e19 AS f{n}" for n in range(FEATURES))
    connection.execute(
        f"""CREATE OR REPLACE TABLE f AS SELECT *, {known} AS a FROM (
            SELECT 'machine_' || (i % {ENTITIES}) AS k, TIMESTAMP '2024-01-01' + INTERVAL 1 MINUTE * {minutes} AS e,
            {columns} FROM range({rows}) r(i))"""
    ).fetchall()


def labels(connection: duckdb.DuckDBPyConnection, count: int, rows: int) -> pa.Table:
    return connection.sql(
        f"""SELECT 'machine_' || (hash(i) % {ENTITIES}) AS k, i AS label,
            TIMESTAMP '2024-01-01' + INTERVAL 1 SECOND * (hash(i, 7) % {rows // ENTITIES * 60})::INT AS t
            FROM range({count}) r(i)"""
    ).to_arrow_table()


def cpu(work: Callable[[], pa.Table]) -> float:
    start = time.process_time()
    assert work().num_rows == LABELS
    return time.process_time() - start


def bare_and_ours() -> dict[str, float]:
    measured: dict[str, float] = {}
    connection = duckdb.default_connection()
    given = labels(connection, LABELS, ROWS)
    names = tuple(f"f{n}" for n in range(FEATURES))
    connection.register("given", given)
    for history, known in KNOWN.items():
        feature_rows(connection, ROWS, known)
        view = FeatureView("machines", connection.table("f"), ("k",), "e", "a", names)
        asof = f"SELECT given.*, {', '.join(names)} FROM given ASOF LEFT JOIN f ON given.k = f.k AND given.t >= f.e"
        plain, ours = [], []
        for _ in range(3):
            plain.append(cpu(lambda asof=asof: connection.sql(asof).to_arrow_table()))
            ours.append(cpu(lambda view=view: point_in_time_join(given, "t", [view])))
        measured[f"{history}: bare ASOF JOIN, CPU-s (best of 3)"] = round(min(plain), 2)
        measured[f"{history}: point-in-time join, CPU-s (best of 3)"] = round(min(ours), 2)
        measured[f"{history}: ratio"] = round(min(ours) / min(plain), 2)
    connection.execute("DROP TABLE f").fetchall()
    return measured


def feast() -> dict[str, float | str]:
    """Feast and ours on the same rows, event time only: Feast has no time of ingestion in its retrieval."""
    python = rival_python("feast", FEAST)
    if python is None:
        return {f"{FEAST}": "skipped: it could not be installed (no package index?)"}
    connection = duckdb.default_connection()
    feature_rows(connection, FEAST_ROWS, KNOWN["at once"])
    given = labels(connection, FEAST_LABELS, FEAST_ROWS)
    with tempfile.TemporaryDirectory() as folder:
        connection.sql("SELECT * FROM f").write_parquet(str(Path(folder, "rows.parquet")))
        connection.from_arrow(given).write_parquet(str(Path(folder, "labels.parquet")))
        script = Path(__file__).with_name("feast_retrieval.py")
        done = subprocess.run([python, str(script), folder], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{FEAST} failed:\n{done.stderr[-2000:]}")
    theirs = json.loads(done.stdout.splitlines()[-1])
    names = tuple(f"f{n}" for n in range(FEATURES))
    start = time.process_time()
    joined = point_in_time_join(given, "t", [FeatureView("v", connection.table("f"), ("k",), "e", "a", names)])
    ours = time.process_time() - start
    # Feast gives two equal labels one row, so the sums are compared over distinct labels.
    connection.register("joined", joined)
    once = connection.sql("SELECT sum(f0), count(*) FROM (SELECT k, t, any_value(f0) AS f0 FROM joined GROUP BY k, t)")
    total, distinct = once.fetchall()[0]
    assert abs(total - theirs["sum of f0"]) < 1e-6 * abs(total), (total, theirs)
    assert distinct == theirs["rows"], (distinct, theirs)
    size = f"{FEAST_LABELS:,} labels on {FEAST_ROWS:,} rows"
    return {
        f"{size}: {FEAST}, CPU-s": round(theirs["cpu"], 2),
        f"{size}: point-in-time join, CPU-s": round(ours, 2),
        f"{size}: rows that {FEAST} gives back": theirs["rows"],
    }


if __name__ == "__main__":
    sizes = {"label rows": LABELS, "feature rows": ROWS, "entities": ENTITIES, "features": FEATURES}
    figures = {**sizes, **bare_and_ours(), **feast()}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({**figures, "peak memory, MB": peak}), file=sys.stdout)
