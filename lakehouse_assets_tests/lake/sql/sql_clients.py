"""People who ask in SQL, from outside the project: a bare Python with DuckDB, in another folder."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_ASK = """
import duckdb, json, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
print(json.dumps([connection.execute(query).fetchall() for query in sys.argv[2:]], default=str))
"""

#: Queries over and over: rows of one version only, and never one older than what was committed before. Each writes down
#: how many it asked.
LOOP = """
import duckdb, pathlib, sys
file, asked = sys.argv[1], 0
committed, stop, count = map(pathlib.Path, sys.argv[2:])
kept = duckdb.connect(file, read_only=True)
while not stop.exists():
    before = int(committed.read_text())
    if asked % 40 == 20:
        kept.close()  # DuckDB gives every connection of a process the database that one of them has open.
        kept = duckdb.connect(file, read_only=True)
    connection = kept
    found = connection.execute(
        "SELECT version, count(*), sum(amount) FROM distilled.t_table GROUP BY version ORDER BY version"
    ).fetchall()
    rows = [(number, total) for _, number, total in found]
    assert rows == [(4000, 7998000)] and found[0][0] >= before, (before, found)
    asked += 1
    count.write_text(str(asked))
"""


def asked(file: Path, *queries: str) -> list[Any]:
    """Each query's rows, dates and times as text."""
    command = [sys.executable, "-I", "-c", _ASK, str(file), *queries]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    return answers
