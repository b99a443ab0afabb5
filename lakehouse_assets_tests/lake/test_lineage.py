"""Column lineage, derived from SQL. Each statement is also executed, so that names are those that DuckDB gives."""

from pathlib import Path

import dagster as dg
import duckdb
import pyarrow as pa
import pytest

from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets.lake.lineage import Relation, SqlLineageError, column_lineage, lineage_metadata

A, B = dg.AssetKey(["zone", "a"]), dg.AssetKey(["zone", "b"])
RELATIONS = {"a": Relation(A, ["id", "x", "Speed"]), "b": Relation(B, ["id", "y"])}


def traced(sql: str) -> dict[str, list[str]]:
    """Result column -> ["a.x", …], after a look that DuckDB gives just these columns."""
    connection = duckdb.connect()
    connection.register("a", pa.table({"id": [1], "x": [2], "Speed": [3.0]}))
    connection.register("b", pa.table({"id": [1], "y": [4]}))
    lineage = column_lineage(sql, RELATIONS).deps_by_column
    assert list(lineage) == connection.sql(sql).columns
    return {name: [f"{d.asset_key.path[-1]}.{d.column_name}" for d in deps] for name, deps in lineage.items()}


def test_an_alias_and_an_expression_are_traced_to_what_they_are_computed_from() -> None:
    assert traced("SELECT x AS renamed, x + id AS both, 1 AS one, count(*) OVER () AS n FROM a") == {
        "renamed": ["a.x"],
        "both": ["a.id", "a.x"],
        "one": [],
        "n": [],
    }


def test_a_join_is_traced_to_both_sides_and_not_to_its_condition() -> None:
    sql = "SELECT l.id, r.y, l.x * r.y AS product FROM a AS l LEFT JOIN b AS r ON l.id = r.id WHERE l.Speed > 1"
    assert traced(sql) == {"id": ["a.id"], "y": ["b.y"], "product": ["a.x", "b.y"]}


def test_a_column_without_its_table_is_found_by_the_columns_of_each() -> None:
    assert traced("SELECT x, y FROM a JOIN b USING (id)") == {"x": ["a.x"], "y": ["b.y"]}


def test_ctes_and_subqueries_are_looked_through() -> None:
    sql = """
        WITH slow AS (SELECT id, Speed / 2 AS half FROM a), named AS (SELECT id AS key, half AS value FROM slow)
        SELECT key, value + (SELECT max(y) FROM b) AS top FROM (SELECT * FROM named) AS inner_one
    """
    assert traced(sql) == {"key": ["a.id"], "top": ["a.Speed", "b.y"]}


def test_a_union_is_traced_to_all_its_branches_by_position() -> None:
    sql = "SELECT id AS first, x AS second FROM a UNION ALL SELECT y, id FROM b"
    assert traced(sql) == {"first": ["a.id", "b.y"], "second": ["a.x", "b.id"]}


def test_a_window_is_traced_to_what_it_orders_and_parts_by() -> None:
    sql = "SELECT id, sum(x) OVER (PARTITION BY id ORDER BY Speed) AS running FROM a"
    assert traced(sql) == {"id": ["a.id"], "running": ["a.Speed", "a.id", "a.x"]}


def test_a_star_is_every_column_in_its_order_and_spelling() -> None:
    assert traced("SELECT *, x AS again FROM a") == {
        "id": ["a.id"],
        "x": ["a.x"],
        "Speed": ["a.Speed"],
        "again": ["a.x"],
    }
    assert traced("SELECT a.*, y FROM a JOIN b ON a.id = b.id") == {
        "id": ["a.id"],
        "x": ["a.x"],
        "Speed": ["a.Speed"],
        "y": ["b.y"],
    }


def test_names_are_compared_in_any_case_and_spelled_as_duckdb_spells_them() -> None:
    assert traced("SELECT SPEED AS Fast, X FROM A") == {"Fast": ["a.Speed"], "x": ["a.x"]}
    assert traced("SELECT KEY FROM (SELECT id AS Key FROM a)") == {"Key": ["a.id"]}


def test_an_aggregate_with_a_filter_is_traced_to_the_filter_too() -> None:
    assert traced("SELECT count(*) FILTER (WHERE x IS NULL) AS gaps, avg(Speed) AS mean FROM a GROUP BY id") == {
        "gaps": ["a.x"],
        "mean": ["a.Speed"],
    }


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT FROM WHERE", "cannot be parsed"),
        ("DELETE FROM a", "found DELETE"),
        ("SELECT 1; SELECT 2", "Expected one query"),
        ("", "found nothing"),
        ("SELECT z FROM a", "z"),
        ("SELECT c.x FROM c", "reads c, which is bound to no asset. Bound: a "),
    ],
)
def test_a_statement_that_cannot_be_traced_is_refused_with_what_is_wrong(sql: str, said: str) -> None:
    with pytest.raises(SqlLineageError, match=said):
        column_lineage(sql, RELATIONS)


def test_the_real_statement_of_fleet_days_is_traced() -> None:
    from lakehouse_assets.defs.turbofan.features import FLEET_DAYS_SQL

    readings, failures = dg.AssetKey(["readings"]), dg.AssetKey(["failures"])
    lineage = column_lineage(
        FLEET_DAYS_SQL.read_text(),
        {
            "readings": Relation(readings, ["engine_id", "fleet", "day", "cycle", "t50"]),
            "failures": Relation(failures, ["engine_id", "day", "cycle"]),
        },
    ).deps_by_column
    assert list(lineage["engines_failed"]) == [dg.TableColumnDep(failures, "engine_id")]
    assert list(lineage["mean_t50_k"]) == [dg.TableColumnDep(readings, "t50")]
    assert list(lineage["engines_flying"]) == []


def test_a_run_shows_the_lineage_on_its_materialisation(tmp_path: Path) -> None:
    @dg.asset
    def base() -> pa.Table:
        return pa.table({"id": [1], "x": [2]})

    @dg.asset(ins={"rows": dg.AssetIn("base")})
    def doubled(context: dg.AssetExecutionContext, rows: pa.Table) -> pa.Table:
        sql = "SELECT 2 * x AS twice FROM rows"
        context.add_output_metadata(lineage_metadata(context, sql, {"rows": rows.column_names}))
        return duckdb.sql(sql).to_arrow_table()

    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize(
            [base, doubled], instance=instance, resources={"io_manager": DeltaIOManager(lake_uri=str(tmp_path))}
        )
        event = instance.get_latest_materialization_event(dg.AssetKey("doubled"))
    assert event is not None
    assert event.asset_materialization is not None
    shown = event.asset_materialization.metadata["dagster/column_lineage"].value
    assert shown == dg.TableColumnLineage({"twice": [dg.TableColumnDep(dg.AssetKey("base"), "x")]})
