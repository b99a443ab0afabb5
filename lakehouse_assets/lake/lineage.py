"""Which columns of which assets each column of a SQL asset is computed from, read from the SQL itself.

A column depends on those that its *value* is computed from, through joins, subqueries, CTEs, unions and windows.
Columns that only choose rows (``WHERE``, join conditions, ``GROUP BY`` keys that are not selected) are not among them:
every column would depend on them. ``count(*)`` depends on no column.

sqlglot costs half a second of CPU to import, so lineage is derived when an asset runs, not when it is defined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from lakehouse_assets.lake.errors import LakeError

if TYPE_CHECKING:
    from sqlglot import exp

METADATA_KEY = "dagster/column_lineage"


class SqlLineageError(LakeError):
    """A statement whose columns cannot be traced to the relations it reads."""


@dataclass(frozen=True)
class Relation:
    """What a relation name in a statement stands for: an asset's table, and the columns that were read of it."""

    asset: dg.AssetKey
    columns: Sequence[str]


def lineage_metadata(
    context: dg.AssetExecutionContext, sql: str, columns: Mapping[str, Sequence[str]]
) -> dict[str, dg.TableColumnLineage]:
    """Output metadata for a step whose statement reads its inputs by their names.

    Args:
        context: The step's; it knows which asset each input is.
        sql: The statement.
        columns: Input name to the columns that were loaded of it.
    """
    keys = context.assets_def.keys_by_input_name
    relations = {name: Relation(keys[name], of) for name, of in columns.items()}
    return {METADATA_KEY: column_lineage(sql, relations)}


def column_lineage(sql: str, relations: Mapping[str, Relation]) -> dg.TableColumnLineage:
    """The lineage of a DuckDB query's columns.

    Args:
        sql: One query, as it is executed.
        relations: What each relation name in it stands for. Names are compared as DuckDB does, in any case.

    Returns:
        Every column of the result, in its order, with the upstream columns that it is computed from (none for a
        constant or ``count(*)``).

    Raises:
        SqlLineageError: the text is not one query, or it names a relation or column that is not there.
    """
    from sqlglot.errors import SqlglotError
    from sqlglot.lineage import lineage

    known = {name.lower(): relation for name, relation in relations.items()}
    query = _query(sql)
    _refuse_unknown_relations(query, known)
    schema = {name: dict.fromkeys(map(str.lower, relation.columns), "unknown") for name, relation in known.items()}
    try:
        nodes: dict[str, Any] = lineage(
            None, query, schema, dialect="duckdb", trim_selects=False, validate_qualify_columns=True
        )
    except (SqlglotError, ValueError) as error:
        raise SqlLineageError(
            f"The columns of this statement cannot be traced: {error}. It may read "
            f"{_described(known)}. Statement: {_shortened(sql)}"
        ) from error
    spelled = _spellings(query, known)
    return dg.TableColumnLineage(
        {spelled.get(name, name): sorted(_leaves(node, known), key=_order) for name, node in nodes.items()}
    )


def _query(sql: str) -> exp.Query:
    from sqlglot import exp, parse
    from sqlglot.errors import SqlglotError

    try:
        statements = [statement for statement in parse(sql, dialect="duckdb") if statement is not None]
    except SqlglotError as error:
        raise SqlLineageError(f"This statement cannot be parsed: {error}. Statement: {_shortened(sql)}") from error
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        found = ", ".join(type(statement).__name__.upper() for statement in statements) or "nothing"
        raise SqlLineageError(f"Expected one query (SELECT or WITH … SELECT), found {found}. {_shortened(sql)}")
    return statements[0]


def _refuse_unknown_relations(query: exp.Query, known: Mapping[str, Relation]) -> None:
    """A relation that is bound to no asset would silently have no lineage."""
    from sqlglot import exp

    ctes = {cte.alias.lower() for cte in query.find_all(exp.CTE)}
    named = {table.name.lower() for table in query.find_all(exp.Table) if table.name}
    unknown = sorted(named - ctes - known.keys())
    if unknown:
        raise SqlLineageError(
            f"The statement reads {', '.join(unknown)}, which is bound to no asset. Bound: {_described(known)}. "
            "Register the relation under the name of the asset's input."
        )


def _leaves(node: Any, known: Mapping[str, Relation]) -> set[dg.TableColumnDep]:
    from sqlglot import exp

    found = set()
    for leaf in node.walk():
        if isinstance(leaf.expression, exp.Table) and leaf.expression.name.lower() in known:
            relation = known[leaf.expression.name.lower()]
            of_asset = {column.lower(): column for column in relation.columns}
            column = of_asset.get(exp.to_column(leaf.name).name.lower())
            if column is not None:
                found.add(dg.TableColumnDep(asset_key=relation.asset, column_name=column))
    return found


def _spellings(query: exp.Query, known: Mapping[str, Relation]) -> dict[str, str]:
    """Names in lower case, as sqlglot gives them back, to how DuckDB spells them: as where they were last named."""
    from sqlglot import exp

    upstream = {column.lower(): column for relation in known.values() for column in relation.columns}
    inner = {alias.alias.lower(): alias.alias for alias in query.find_all(exp.Alias)}
    outer = {one.alias.lower(): one.alias for one in query.selects if isinstance(one, exp.Alias)}
    return {**upstream, **inner, **outer}


def _order(dep: dg.TableColumnDep) -> tuple[str, str]:
    return dep.asset_key.to_user_string(), dep.column_name


def _described(known: Mapping[str, Relation]) -> str:
    return "; ".join(f"{name} ({', '.join(relation.columns)})" for name, relation in known.items()) or "no relation"


def _shortened(sql: str) -> str:
    text = " ".join(sql.split())
    return text if len(text) <= 200 else text[:199] + "…"
