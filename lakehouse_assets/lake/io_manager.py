"""The Delta IO manager: assets as tables of the lake.

This module imports nothing heavy, since every code location and every step process imports it. The work is in
``store`` and ``load``, imported when there is some.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

import dagster as dg
from pydantic import Field

from lakehouse_assets.lake.asking_again import asking_again
from lakehouse_assets.lake.errors import MissingSettingError
from lakehouse_assets.lake.reading import reads
from lakehouse_assets.lake.settings import MergeType, SchemaMode, WriteMode
from lakehouse_assets.lake.storage import table_uri

if TYPE_CHECKING:
    from lakehouse_assets.lake.writing.promise import TablePromise


def _choice(kind: type[StrEnum], description: str) -> dg.Field:
    """A field that the launchpad completes and checks before the run starts."""
    values = [dg.EnumValue(member.value) for member in kind]
    return dg.Field(dg.Enum(f"Lake{kind.__name__}", values), is_required=False, description=description)


OUTPUT_CONFIG = {
    "write_mode": _choice(WriteMode, "How this run's rows meet the table's."),
    "merge_keys": dg.Field([str], is_required=False, description="The columns that tell rows apart."),
    "merge_type": _choice(MergeType, "What a merge does with keys that match and with those that do not."),
    "schema_mode": _choice(SchemaMode, "What happens when the rows' columns are not the table's."),
}
"""What one run does otherwise for one asset: ``ops: {<asset>: {outputs: {result: {write_mode: append}}}}``."""


class DeltaIOManager(dg.ConfigurableIOManager):
    """Keeps each asset in a Delta table at ``<lake_uri>/<asset key joined by />``.

    Asset metadata that it reads:

    - ``partition_expr``: the column that holds the partition; a dict dimension to column for two dimensions.
    - ``write_mode``: ``overwrite`` (the run's partitions; default), ``append`` or ``merge``.
    - ``merge_keys``: the columns that tell rows apart. With ``append``: only rows with a new key are added.
    - ``merge_type``: ``upsert`` (default), ``insert_only``, ``upsert_delete_unmatched`` or ``scd2``.
    - ``schema_mode``: ``strict`` (default), ``merge`` or ``overwrite``.

    One run overrides them by its config (``OUTPUT_CONFIG``, for one asset) or by tags ``lakehouse/<name>`` (for all
    its assets, which is what a backfill can carry). The fields of this class are the defaults below both.

    Input metadata (``dg.AssetIn(metadata=…)``): ``columns`` to read only those, ``version`` or ``timestamp`` to read
    the table as it was, and ``type`` (``pandas``, ``table``, ``reader`` or ``duckdb``) in place of an annotation, which
    would import the library with the definitions. One run pins its inputs by ``pins`` here or by tags
    ``lakehouse/pin/<asset key>``, which decide first.
    """

    lake_uri: str = Field(description="Folder or object-store address of the lake.")
    storage_options: dict[str, str] | None = Field(
        default=None,
        repr=False,
        description="Options of the object store, as deltalake takes them (AWS_ENDPOINT_URL, …).",
    )
    write_mode: Literal["overwrite", "append", "merge"] = Field(
        default="overwrite", description="For assets that do not say."
    )
    merge_type: Literal["upsert", "insert_only", "upsert_delete_unmatched", "scd2"] = Field(
        default="upsert", description="For assets that do not say."
    )
    merge_keys: list[str] | None = Field(default=None, description="For assets that do not say.")
    schema_mode: Literal["strict", "merge", "overwrite"] = Field(
        default="strict", description="For assets that do not say."
    )
    pins: dict[str, str] = Field(
        default={}, description="Asset key (a/b/c) to the version or ISO time at which inputs of it are read."
    )

    @classmethod
    def output_config_schema(cls) -> dict[str, dg.Field]:
        """What the launchpad offers below ``ops: <asset>: outputs``."""
        return OUTPUT_CONFIG

    def handle_output(self, context: dg.OutputContext, obj: Any) -> Iterator[Any]:  # type: ignore[override]
        """Writes what the asset returned; ``None`` means that the asset has written its table itself."""
        from lakehouse_assets.lake.writing.store import Place, describe_own_write, store

        inputs = reads.of_step(context.step_context.run_id, context.step_key)
        place = Place(self.lake_uri, self.storage_options, key_of(context, "returns"))
        if obj is None:
            describe_own_write(context, place, inputs)
            return
        with asking_again(lambda: context.step_context.previous_attempt_count):
            yield from store(context, obj, place, inputs, self._defaults(), self.promise_for(context))

    def promise_for(self, context: dg.OutputContext) -> TablePromise | None:
        """What the output's table is held to. ``None`` here; a subclass knows where promises stand."""
        return None

    def load_input(self, context: dg.InputContext) -> Any:
        """Reads an input's columns and partitions as the type that the asset asks for."""
        from lakehouse_assets.lake.reading.load import load

        uri = table_uri(self.lake_uri, key_of(context, "asks for"))
        with asking_again(lambda: context.step_context.previous_attempt_count):
            loaded = load(context, uri, self.storage_options, self.pins)
        if loaded.version is not None:
            step = context.step_context
            reads.note(step.run_id, step.step.key, context.asset_key.to_user_string(), loaded.version)
        return loaded.value

    def _defaults(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("write_mode", "merge_type", "merge_keys", "schema_mode")}


def key_of(context: dg.OutputContext | dg.InputContext, does: str) -> list[str]:
    """The asset's key, which is its table's place.

    Raises:
        MissingSettingError: for a value that belongs to no asset, such as that of an op inside a graph asset.
    """
    if not context.has_asset_key:
        raise MissingSettingError(
            f"Step {context.step_context.step.key} {does} {context.name!r}, which is no asset's value, so it has no "
            'table. Give the ops inside a graph another IO manager: dg.Out(io_manager_key="mem_io_manager").'
        )
    return list(context.asset_key.path)
