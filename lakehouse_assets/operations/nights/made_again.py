"""A night that failed and was made again: the later days that look back on it were made from what was there before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.storage.tags import PARENT_RUN_ID_TAG, ROOT_RUN_ID_TAG

from lakehouse_assets.operations.nights import asked
from lakehouse_assets.operations.nights.parts import Parts
from lakehouse_assets.operations.nights.reach import days_ahead


@dataclass(frozen=True)
class MadeAgain:
    """A run that made again what another one left, and the later days that have to follow.

    Attributes:
        instance: Where the runs are.
        assets: All assets.
        parts: What the night makes.
        run: A run of a night that succeeded.
    """

    instance: dg.DagsterInstance
    assets: BaseAssetGraph  # type: ignore[type-arg]
    parts: Parts
    run: dg.DagsterRun

    @property
    def is_another_try(self) -> bool:
        """Whether it was started from another run, by a person or because that one's process had died."""
        return PARENT_RUN_ID_TAG in self.run.tags

    def later_days(self, domain: str, day: date, last: date) -> list[date]:
        """The later days to make again for a domain, in order: those made since that look back on what was made again.

        Days that were never asked for have their own night or file, and one that waits to be started comes after it
        anyway.

        Args:
            domain: One of the run's.
            day: The run's day.
            last: The newest day whose night was asked for.
        """
        keys = {*self.parts.by_domain[domain], *self.parts.shared}
        ahead = days_ahead(self.assets, keys, self._made() & self.parts.by_domain[domain].keys())
        days = [day + timedelta(days=n) for n in range(1, min(ahead, (last - day).days) + 1)]
        return [
            one
            for one in days
            if asked.made(self.instance, domain, one) and not asked.is_queued(self.instance, domain, one)
        ]

    def _made(self) -> set[dg.AssetKey]:
        """What it made, and what was made by the tries between the first one and it."""
        root = self.run.tags.get(ROOT_RUN_ID_TAG, self.run.tags[PARENT_RUN_ID_TAG])
        tries = self.instance.get_runs(dg.RunsFilter(tags={ROOT_RUN_ID_TAG: root}))
        kind = dg.DagsterEventType.ASSET_MATERIALIZATION
        logs = (self.instance.all_logs(one, of_type=kind) for one in {self.run.run_id, *(one.run_id for one in tries)})
        return {key for log in logs for one in log if (key := one.get_dagster_event().asset_key) is not None}
