"""How many later days look back on a day of a domain, from what its assets say that they read."""

from __future__ import annotations

from collections.abc import Collection

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph, BaseAssetNode

from lakehouse_assets.operations.nights.looking_back import days_after
from lakehouse_assets.sources.daily import CADENCE, REPORT


def days_ahead(
    assets: BaseAssetGraph,  # type: ignore[type-arg]
    keys: Collection[dg.AssetKey],
    start: Collection[dg.AssetKey],
) -> int:
    """The number of days after a day whose rows rest on files of that day; `ALL_LATER` where nothing ends it.

    It follows from the partition mappings of the assets, and those of a use case's from its declaration: the `days` of
    a feature view's inputs, the `lookback_days` of its labels. Along a way they add up. The windows of reports do not
    count: a report says what was seen when it was decided on.

    Args:
        assets: All assets.
        keys: Those that a night makes of the domain, and what all share.
        start: What changed of the day: what its files land as, or what was made again. Reports do not count.
    """
    daily = [
        (key, node)
        for key in assets.toposorted_asset_keys
        if key in keys and _is_daily(node := assets.get(key)) and node.tags.get(CADENCE) != REPORT
    ]
    nodes = [(key, {one: days_back(node, one) for one in node.parent_keys}) for key, node in daily]
    known = {key for key, _ in nodes}
    return max(days_after(nodes, [key for key in start if key in known]).values(), default=0)


def _is_daily(node: BaseAssetNode) -> bool:
    return isinstance(node.partitions_def, dg.DailyPartitionsDefinition)


def days_back(node: BaseAssetNode, parent: dg.AssetKey) -> int:
    """How many days before its own an asset reads of another."""
    mapping = node.partition_mappings.get(parent)
    return -mapping.start_offset if isinstance(mapping, dg.TimeWindowPartitionMapping) else 0
