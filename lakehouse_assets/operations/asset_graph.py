"""The code location's assets as people are told of them, from Dagster's own graph."""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph, BaseAssetNode

from lakehouse_assets.operations.alerts.graph import Asset, Graph
from lakehouse_assets.operations.nights.reach import days_back
from lakehouse_assets.sources.daily import CADENCE, CLOSING


def graph_of(assets: BaseAssetGraph) -> Graph:  # type: ignore[type-arg]
    """Every asset that the code location has, with owner, place and inputs."""
    found = {}
    for key in assets.get_all_asset_keys():
        node, name = assets.get(key), "/".join(key.path)
        found[name] = Asset(
            key=name,
            owner=next(iter(node.owners), ""),
            group=node.group_name or "",
            zone=key.path[0],
            use_case=node.tags.get("use_case", ""),
            domain=node.tags.get("domain", ""),
            parents=_made_from(node),
            promises_freshness=node.freshness_policy is not None,
            cadence=node.tags.get(CADENCE, ""),
            daily=isinstance(node.partitions_def, dg.DailyPartitionsDefinition),
            made_by_runs=node.is_executable,
            made_with=tuple(sorted("/".join(one.path) for one in node.execution_set_asset_keys - {key})),
            looks_back=tuple(
                sorted(("/".join(one.path), days) for one in node.parent_keys if (days := days_back(node, one)))
            ),
        )
    checks = {
        f"{'/'.join(key.asset_key.path)} {key.name}": assets.get(key).description or ""
        for key in assets.asset_check_keys
    }
    return Graph(found, checks)


def days_of(assets: BaseAssetGraph, key: str) -> tuple[str, str]:  # type: ignore[type-arg]
    """First and last day that an asset can be made of now; empty texts where it has none, or none has ended yet."""
    days = assets.get(dg.AssetKey(key.split("/"))).partitions_def
    if not isinstance(days, dg.DailyPartitionsDefinition):
        return "", ""
    return days.get_first_partition_key() or "", days.get_last_partition_key() or ""


def _made_from(node: BaseAssetNode) -> tuple[str, ...]:
    """What an asset is made from. What closes a night only comes after the others, so nothing broken reaches it."""
    if node.tags.get(CADENCE) == CLOSING:
        return ()
    return tuple(sorted("/".join(parent.path) for parent in node.parent_keys))
