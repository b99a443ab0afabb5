"""The Delta IO manager: assets as tables of the lake.

This module imports nothing heavy, since every code location and every step process imports it. The work is in
``store`` and ``load``, imported when there is some.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg
from pydantic import Field, PrivateAttr

from lakehouse_assets.lake.storage import table_uri


class DeltaIOManager(dg.ConfigurableIOManager):
    """Keeps each asset in a Delta table at ``<lake_uri>/<asset key joined by />``.

    Asset metadata that it reads, each also as a run tag ``lakehouse/<name>`` for one run:

    - ``partition_expr``: the column that holds the partition; a dict dimension to column for two dimensions.
    - ``write_mode``: ``overwrite`` (the run's partitions; default), ``append`` or ``merge``.
    - ``merge_keys``: the columns that tell rows apart. With ``append``: only rows with a new key are added.
    - ``merge_type``: ``upsert`` (default), ``insert_only``, ``upsert_delete_unmatched`` or ``scd2``.
    - ``schema_mode``: ``strict`` (default), ``merge`` or ``overwrite``.

    Input metadata (``dg.AssetIn(metadata=…)``): ``columns`` to read only those, ``version`` or ``timestamp`` to read
    the table as it was (a run tag ``lakehouse/pin/<asset key>`` does so for one run), and ``type`` (``pandas``,
    ``table``, ``reader`` or ``duckdb``) in place of an annotation, which would import the library with the definitions.
    """

    lake_uri: str = Field(description="Folder or object-store address of the lake.")
    storage_options: dict[str, str] | None = Field(
        default=None,
        repr=False,
        description="Options of the object store, as deltalake takes them (AWS_ENDPOINT_URL, …).",
    )
    _read: dict[tuple[str, str], dict[str, str]] = PrivateAttr(default_factory=dict)

    def handle_output(self, context: dg.OutputContext, obj: Any) -> Iterator[Any]:  # type: ignore[override]
        """Writes what the asset returned; ``None`` means that the asset has written its table itself."""
        from lakehouse_assets.lake.store import store

        inputs = self._read.pop((context.run_id, context.step_key), {})
        if obj is None:
            return
        yield from store(context, obj, table_uri(self.lake_uri, context.asset_key.path), self.storage_options, inputs)

    def load_input(self, context: dg.InputContext) -> Any:
        """Reads an input's columns and partitions as the type that the asset asks for."""
        from lakehouse_assets.lake.load import load

        loaded = load(context, table_uri(self.lake_uri, context.asset_key.path), self.storage_options)
        if loaded.version is not None:
            step = context.step_context
            versions = self._read.setdefault((step.run_id, step.step.key), {})
            versions[context.asset_key.to_user_string()] = str(loaded.version)
        return loaded.value
