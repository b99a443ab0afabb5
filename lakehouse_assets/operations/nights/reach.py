"""How many later days look back on a day of a domain, from what its assets say that they read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph, BaseAssetNode

from lakehouse_assets.sources.daily import CADENCE, REPORT

#: More days than any lake has: of a table that carries its own days on, every later one rests on a day.
ALL_LATER = timedelta.max.days


def days_ahead(assets: BaseAssetGraph, keys: Collection[dg.AssetKey], start: dg.AssetKey) -> int:  # type: ignore[type-arg]
    """The number of days after a day whose rows rest on files of that day; `ALL_LATER` where nothing ends it.

    It follows from the partition mappings of the assets, and those of a use case's from its declaration: the `days` of
    a feature view's inputs, the `lookback_days` of its labels. Along a way they add up. The windows of reports do not
    count: a report says what was seen when it was decided on.

    Args:
        assets: All assets.
        keys: Those that a night makes of the domain, and what all share.
        start: What its files land as.
    """
    ahead = {start: 0}
    for key in assets.toposorted_asset_keys:
        node = assets.get(key)
        if key not in keys or key == start or not _is_daily(node) or node.tags.get(CADENCE) == REPORT:
            continue
        reached = [ahead[one] + _back(node, one) for one in node.parent_keys if one in ahead and one != key]
        if reached:
            carried_on = key in node.parent_keys and _back(node, key) > 0
            ahead[key] = ALL_LATER if carried_on else min(max(reached), ALL_LATER)
    return max(ahead.values())


def _is_daily(node: BaseAssetNode) -> bool:
    return isinstance(node.partitions_def, dg.DailyPartitionsDefinition)


def _back(node: BaseAssetNode, parent: dg.AssetKey) -> int:
    """How many days before its own an asset reads of another."""
    mapping = node.partition_mappings.get(parent)
    return -mapping.start_offset if isinstance(mapping, dg.TimeWindowPartitionMapping) else 0
