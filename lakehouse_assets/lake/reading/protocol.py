"""What a table's writer says that a reader has to understand, and whether it is understood here.

Tables that other engines wrote may be laid out in ways that would come back as nulls or as deleted rows. Each of these
was seen with tables made by hand after the protocol (``lakehouse_assets_tests/reliability``), with deltalake 1.6.6.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable

from lakehouse_assets.lake.errors import UnreadableTableError
from lakehouse_assets.lake.partitioning.predicate import quoted
from lakehouse_assets.lake.storage import is_local, local_files, local_folder

UNDERSTOOD = {"timestampNtz", "columnMapping", "deletionVectors", "v2Checkpoint", "vacuumProtocolCheck"}
"""Reader features of the Delta protocol that the scan applies; a table with another is refused."""

VARIANT = "variantType"
"""Whenever a property of a table with reader features is set (a table with wall-clock times is one), deltalake 1.6.6
adds this feature to it. Without a column of that type it says nothing about the rows."""

HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
_READ_OUT_OF_A_PATH = re.compile(r"[^/]=|[*?]")
_FIELD_ID = b"PARQUET:field_id"


def check_readable(table: DeltaTable) -> None:
    """Refuses a table that would be read wrong.

    Raises:
        UnreadableTableError: naming the table, the feature and the way out.
    """
    unknown = set(table.protocol().reader_features or ()) - UNDERSTOOD
    if VARIANT in unknown and not _holds_variants(json.loads(table.schema().to_json())):
        unknown.remove(VARIANT)
    if unknown:
        raise _refused(
            table,
            f"uses the Delta feature {', '.join(sorted(unknown))}, which this reader does not know and would read "
            "wrong. Have its writer drop the feature (ALTER TABLE … DROP FEATURE in Spark), or write a copy without it",
        )
    if mapping_mode(table) == "id":
        _check_columns_by_id(table)
    _check_empty_partition_text(table)


def mapping_mode(table: DeltaTable) -> str:
    """How the columns of the table are found in its Parquet files: ``none`` (by their names), ``name`` or ``id``."""
    return str(table.metadata().configuration.get("delta.columnMapping.mode", "none"))


def rewrites_rows(table: DeltaTable) -> bool:
    """Whether the log changes what the table's Parquet files hold: rows marked as deleted, or columns mapped."""
    return mapping_mode(table) != "none" or "deletionVectors" in (table.protocol().reader_features or ())


def folders_tell_partitions(table: DeltaTable, files: pa.Table) -> bool:
    """Whether the folders of files say what the log says of their partitions, and nothing else.

    Paths are free text in Delta. Nor is a folder above the table told apart from them: one that looks like a partition
    (``env=prod``) became the column ``env``. ``files`` are entries of the log, with paths below the table's folder.
    """
    if _READ_OUT_OF_A_PATH.search(local_folder(table.table_uri)):
        return False
    columns = table.metadata().partition_columns
    folders = files["path"].to_pylist()
    if not columns:
        return not any("=" in unquote(path).rsplit("/", maxsplit=1)[0] for path in folders if "/" in path)
    values = [files[f"partition.{column}"].to_pylist() for column in columns]
    return all(
        _segments(unquote(path)) == {column: _as_folder(value) for column, value in zip(columns, row, strict=True)}
        for path, row in zip(folders, zip(*values, strict=True), strict=True)
    )


def _segments(path: str) -> dict[str, str]:
    folders = path.split("/")[:-1]
    return {unquote(name): unquote(value) for name, found, value in (one.partition("=") for one in folders) if found}


def _as_folder(value: Any) -> str | None:
    """The folder's text of a partition value; ``None`` for types whose text is not told exactly."""
    if value is None:
        return HIVE_NULL
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value if value not in ("", HIVE_NULL) else None
    if isinstance(value, int):
        return str(value)
    return value.isoformat() if isinstance(value, dt.date) and not isinstance(value, dt.datetime) else None


def _check_empty_partition_text(table: DeltaTable) -> None:
    """The protocol means null by an empty partition value, and the scan gives an empty text."""
    kinds = {field.name: field.type for field in pa.schema(table.schema().to_arrow())}
    for column in table.metadata().partition_columns:
        text = pa.types.is_string(kinds[column]) or pa.types.is_string_view(kinds[column])
        if text and table.file_uris(file_pruning_predicate=f"{quoted(column)} = ''"):
            raise _refused(
                table,
                f"holds files whose partition value of column {column!r} is an empty text. The Delta protocol means "
                "null by it, and this reader would give an empty text. Have its writer rewrite those rows with null or "
                "another value",
            )


def _check_columns_by_id(table: DeltaTable) -> None:
    """In mode *id* files may name a column as they like; the scan looks by name and gives nulls where it differs."""
    expected = dict(_physical_names(json.loads(table.schema().to_json())))
    if not is_local(table.table_uri):
        raise _refused(
            table,
            "maps columns by id (delta.columnMapping.mode), which cannot be checked in an object store. Have its "
            "writer make a copy with mode name",
        )
    import pyarrow.parquet as pq

    for file in local_files(table, table.file_uris()):
        for field in _fields(pq.read_schema(file)):
            number = (field.metadata or {}).get(_FIELD_ID)
            if number is None or expected.get(int(number), field.name) != field.name:
                raise _refused(
                    table,
                    f"maps columns by id (delta.columnMapping.mode), and file {file} calls one {field.name!r}, which "
                    "would be read as nulls. Have its writer rewrite the table (REORG TABLE in Spark), or make a copy",
                )


def _holds_variants(kind: Any) -> bool:
    """Whether a Delta type is or holds a variant."""
    if not isinstance(kind, dict):
        return bool(kind == "variant")
    inner = [kind.get(name) for name in ("elementType", "keyType", "valueType")]
    return any(_holds_variants(one) for one in [*inner, *(field["type"] for field in kind.get("fields", ()))])


def _physical_names(kind: Any) -> Iterator[tuple[int, str]]:
    """Id and name in the files of every column of a Delta type, nested ones too."""
    if not isinstance(kind, dict):
        return
    for field in kind.get("fields", ()):
        metadata = field.get("metadata", {})
        if "delta.columnMapping.id" in metadata:
            yield int(metadata["delta.columnMapping.id"]), str(metadata["delta.columnMapping.physicalName"])
        yield from _physical_names(field["type"])
    for inner in ("elementType", "keyType", "valueType"):
        yield from _physical_names(kind.get(inner))


def _fields(kind: Any) -> Iterator[Any]:
    """Every column of an Arrow schema or struct, nested ones too, without the nameless elements of lists and maps."""
    if isinstance(kind, pa.Schema) or pa.types.is_struct(kind):
        for field in kind:
            yield field
            yield from _fields(field.type)
    elif pa.types.is_map(kind):
        yield from _fields(kind.key_type)
        yield from _fields(kind.item_type)
    elif pa.types.is_list(kind):
        yield from _fields(kind.value_type)


def _refused(table: DeltaTable, why: str) -> UnreadableTableError:
    return UnreadableTableError(f"Table {table.table_uri} (version {table.version()}) {why}.")
