"""Loading an input: which rows of which version of which table, as the type that the asset asks for."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin

import dagster as dg
import pyarrow as pa
from deltalake import DeltaTable

from lakehouse_assets.lake.errors import MissingTableError, UnsupportedTypeError
from lakehouse_assets.lake.partitioning.partitions import partition_columns, resolve
from lakehouse_assets.lake.partitioning.predicate import NOTHING, Condition
from lakehouse_assets.lake.reading.presence import check_partitions_exist
from lakehouse_assets.lake.reading.read import checked_columns, read_stream, read_table, table_schema, to_pandas
from lakehouse_assets.lake.reading.relation import to_duckdb
from lakehouse_assets.lake.reading.snapshots import open_to_read
from lakehouse_assets.lake.settings import RUN_TAG_PREFIX
from lakehouse_assets.lake.storage import StorageOptions, exists


@dataclass(frozen=True)
class Loaded:
    """An input's value, and the table version that it was read at (``None`` when there is no table yet)."""

    value: Any
    version: int | None


def load(context: dg.InputContext, uri: str, options: StorageOptions, pins: Mapping[str, str]) -> Loaded:
    """Loads an input as the asset's annotation says, only its columns and its mapped partitions.

    Raises:
        MissingTableError: when the upstream asset has not been materialised, or not in these partitions.
    """
    kind, optional = _wanted_type(context)
    if not exists(uri, options):
        if _is_own_past(context) or _maps_to_nothing(context):
            return Loaded(None if optional else _nothing_yet(kind, context), None)
        raise _missing(context, uri)
    table = open_to_read(uri, options, _pinned(context, pins))
    asset = f"Asset {_consumer(context)}, input {context.name!r},"
    columns = checked_columns(table, context.definition_metadata.get("columns"), asset)
    condition = _condition(context, table)
    if condition is not None and not _is_own_past(context):
        check_partitions_exist(context, table, condition)
    return Loaded(_typed(kind, table, columns, condition, _reader(context)), table.version())


def _typed(kind: str, table: DeltaTable, columns: list[str], condition: Condition | None, reader: str) -> Any:
    if kind == "reader":
        return read_stream(table, columns, condition, reader)
    if kind == "duckdb":
        return to_duckdb(table, columns, condition, reader)
    rows = read_table(table, columns, condition, reader)
    return rows if kind == "table" else to_pandas(rows)


def _nothing_yet(kind: str, context: dg.InputContext) -> Any:
    """No rows of a table that does not exist yet, so that no columns are known."""
    rows = pa.table({})
    if kind == "reader":
        return rows.to_reader()
    if kind == "duckdb":
        raise MissingTableError(
            f"Asset {_consumer(context)}: input {context.name!r} has no table yet, and a DuckDB relation needs "
            "columns. Annotate the input as duckdb.DuckDBPyRelation | None; it is None on the first run."
        )
    return rows if kind == "table" else to_pandas(rows)


KINDS = {
    ("pandas", "DataFrame"): "pandas",
    ("pyarrow", "Table"): "table",
    ("pyarrow", "RecordBatchReader"): "reader",
    ("duckdb", "DuckDBPyRelation"): "duckdb",
}


def _wanted_type(context: dg.InputContext) -> tuple[str, bool]:
    """The kind of value that the annotation names (pandas without one), and whether it may be ``None``."""
    named = context.definition_metadata.get("type")
    if named is not None:
        return _known_kind(str(named), context), False
    annotation = context.dagster_type.typing_type
    optional = False
    if get_origin(annotation) in (Union, types.UnionType):
        choices = [choice for choice in get_args(annotation) if choice is not type(None)]
        optional = len(choices) < len(get_args(annotation))
        annotation = choices[0] if len(choices) == 1 else annotation
    if annotation is Any or annotation is None:
        return "pandas", optional
    name = getattr(annotation, "__name__", str(annotation))
    module = str(getattr(annotation, "__module__", "")).lstrip("_").split(".", maxsplit=1)[0]
    kind = KINDS.get((module, name))
    if kind is None:
        raise UnsupportedTypeError(
            f"Asset {_consumer(context)} asks for input {context.name!r} as {annotation}. The lake loads "
            "pandas.DataFrame, pyarrow.Table, pyarrow.RecordBatchReader and duckdb.DuckDBPyRelation. "
            "Annotate the input with one of them."
        )
    return kind, optional


def _known_kind(named: str, context: dg.InputContext) -> str:
    """The kind that the input's metadata names, for assets whose annotations import nothing heavy."""
    if named not in KINDS.values():
        raise UnsupportedTypeError(
            f"Asset {_consumer(context)} asks for input {context.name!r} with metadata type {named!r}. "
            f"Known: {', '.join(KINDS.values())}."
        )
    return named


def _condition(context: dg.InputContext, table: DeltaTable) -> Condition | None:
    if not context.has_asset_partitions:
        return None
    asset = context.asset_key.to_user_string()
    definition = context.asset_partitions_def
    metadata: Mapping[str, Any] = context.upstream_output.definition_metadata if context.upstream_output else {}
    expr = metadata.get("partition_expr")
    columns = partition_columns(getattr(expr, "value", expr), definition, asset)
    keys = list(context.asset_partition_keys)
    if not keys:
        return NOTHING
    return resolve(keys, definition, columns, table_schema(table), asset).condition()


def _pinned(context: dg.InputContext, pins: Mapping[str, str]) -> int | str | dt.datetime | None:
    """The version or time to read at: the run's tag ``lakehouse/pin/<asset key>``, its pins, the input's metadata."""
    upstream = context.asset_key.to_user_string()
    said = context.step_context.run_tags.get(f"{RUN_TAG_PREFIX}pin/{upstream}", pins.get(upstream))
    if said is not None:
        return int(said) if said.strip().isdigit() else said
    metadata = context.definition_metadata
    if "version" in metadata:
        return int(metadata["version"])
    pinned = metadata.get("timestamp")
    return pinned if isinstance(pinned, dt.datetime) or pinned is None else str(pinned)


def _is_own_past(context: dg.InputContext) -> bool:
    """Whether the input is the asset itself, at earlier partitions."""
    return context.asset_key in context.step_context.get_output_asset_keys()


def _maps_to_nothing(context: dg.InputContext) -> bool:
    return context.has_asset_partitions and not context.asset_partition_keys


def _consumer(context: dg.InputContext) -> str:
    keys = context.step_context.get_output_asset_keys()
    return ", ".join(sorted(key.to_user_string() for key in keys)) or context.step_context.step.key


def _reader(context: dg.InputContext) -> str:
    """Who reads what, for errors."""
    return f"Asset {_consumer(context)} reads asset {context.asset_key.to_user_string()}{_partitions(context)}."


def _partitions(context: dg.InputContext) -> str:
    keys = list(context.asset_partition_keys) if context.has_asset_partitions else []
    return f", partition {keys[0]}" + (f" … {keys[-1]}" if len(keys) > 1 else "") if keys else ""


def _missing(context: dg.InputContext, uri: str) -> MissingTableError:
    upstream = context.asset_key.to_user_string()
    return MissingTableError(
        f"Asset {_consumer(context)} needs asset {upstream}{_partitions(context)}, whose table {uri} does not exist "
        f"yet. Materialise {upstream} first. If it has been, check that both use the same lake_uri."
    )
