"""A first draft of a table's contract, from the table itself: types, nulls, what seems to be its key."""

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from lakehouse_assets.contracts.contract import LOGICAL_TYPES
from lakehouse_assets.contracts.schema import arrow_types

if TYPE_CHECKING:
    import pyarrow as pa

    from lakehouse_assets.lake.table import Lake

#: Rows looked at for nulls and keys.
LOOKED_AT = 200_000


def draft(lake: "Lake", key: Sequence[str], owner: str, purpose: str) -> str:
    """An Open Data Contract Standard v3 file for a table that is there. It can be loaded as it stands.

    What only people know is drafted from what is at hand: descriptions are the columns' own comments or their names in
    words, limits are left out, `required` and `primaryKey` are what holds for the rows that are there.

    Raises:
        MissingTableError: there is no such table.
        ValueError: a column has a type that contracts do not know.
    """
    import yaml

    table = lake.open(key)
    partitioned = list(table.metadata().partition_columns)
    comments = {one.name: one.metadata.get("comment") for one in table.schema().fields}
    rows = _first_rows(lake, key)
    keys = _likely_key(rows, partitioned)
    columns = []
    for field in lake.schema(key):
        kind = _physical(field.type, field.name)
        column: dict[str, object] = {
            "name": field.name,
            "logicalType": LOGICAL_TYPES[kind],
            "physicalType": kind,
            "description": comments[field.name] or f"{field.name.replace('_', ' ').capitalize()}.",
        }
        if field.name in keys:
            column |= {"primaryKey": True, "primaryKeyPosition": keys.index(field.name) + 1}
        elif rows.num_rows and not rows.column(field.name).null_count:
            column["required"] = True
        if field.name in partitioned:
            column |= {"partitioned": True, "partitionKeyPosition": partitioned.index(field.name) + 1}
        columns.append(column)
    name = key[-1]
    contract = {
        "kind": "DataContract",
        "apiVersion": "v3.1.0",
        "id": "-".join(part.replace("_", "-") for part in key),
        "name": " ".join(key),
        "version": "1.0.0",
        "status": "draft",
        "domain": key[1] if len(key) > 2 else key[0],
        "description": {"purpose": purpose},
        "team": {"name": owner, "members": [{"username": owner, "role": "owner"}]},
        "schema": [
            {
                "name": name,
                "physicalName": "/".join(key),
                "physicalType": "table",
                "customProperties": [{"property": "classification", "value": "internal"}],
                "properties": columns,
            }
        ],
    }
    text: str = yaml.safe_dump(contract, sort_keys=False, allow_unicode=True, width=120)
    return text


def _first_rows(lake: "Lake", key: Sequence[str]) -> "pa.Table":
    import pyarrow as pa

    stream, kept = lake.stream(key), []
    for batch in stream:
        kept.append(batch)
        if sum(one.num_rows for one in kept) >= LOOKED_AT:
            break
    return pa.Table.from_batches(kept, schema=stream.schema)


def _likely_key(rows: "pa.Table", partitioned: Sequence[str]) -> list[str]:
    """The fewest columns of text, dates or whole numbers, the partition's among them, that tell all rows apart."""
    import pyarrow as pa

    if rows.num_rows < 2:
        return []
    types = pa.types
    usable = [
        field.name
        for field in rows.schema
        if (types.is_string(field.type) or types.is_date(field.type) or types.is_integer(field.type))
        and not rows.column(field.name).null_count
    ]
    table = pa.table({name: rows.column(name) for name in usable})
    free = [name for name in usable if name not in partitioned]
    for size in range(0 if partitioned else 1, 4):
        for more in combinations(free, size):
            names = [*more, *(name for name in partitioned if name in usable)]
            if names and table.group_by(names).aggregate([]).num_rows == rows.num_rows:
                return names
    return []


def _physical(kind: "pa.DataType", column: str) -> str:
    known = {arrow: physical for physical, arrow in arrow_types().items()}
    if kind not in known:
        raise ValueError(f"column {column!r} is {kind}; a contract knows {', '.join(known.values())}")
    return known[kind]
