"""Real tables in a temporary folder, and real materialisations into them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lakehouse_assets.lake.io_manager import DeltaIOManager
from lakehouse_assets.lake.table import Lake

Materialise = Callable[..., dg.ExecuteInProcessResult]


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(str(tmp_path / "lake"))


@pytest.fixture
def instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


@pytest.fixture
def materialise(lake: Lake, instance: dg.DagsterInstance) -> Materialise:
    """``materialise(asset, partition="2024-01-01")``, or ``span=(first, last)``, ``tags=…``, ``others=[…]``."""

    def run(
        asset: Any,
        partition: str | None = None,
        span: tuple[str, str] | None = None,
        tags: dict[str, str] | None = None,
        others: Sequence[Any] = (),
        **kwargs: Any,
    ) -> dg.ExecuteInProcessResult:
        all_tags = dict(tags or {})
        if span is not None:
            all_tags["dagster/asset_partition_range_start"], all_tags["dagster/asset_partition_range_end"] = span
        return dg.materialize(
            [asset, *others],
            selection=[asset],
            instance=instance,
            partition_key=partition,
            tags=all_tags,
            resources={"io_manager": DeltaIOManager(lake_uri=lake.uri)},
            **kwargs,
        )

    return run
