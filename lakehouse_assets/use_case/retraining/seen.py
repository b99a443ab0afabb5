"""What the retraining sensor has decided on already: its cursor. It saves work and decides nothing.

A lost cursor costs one look more. The run key keeps that look from asking twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.monitoring.deciding.history import Training
    from lakehouse_assets.monitoring.deciding.policy import Decision
    from lakehouse_assets.use_case.plan import Plan

#: Looks again after this long whatever is new: a failed training is tried again when its back-off is over, and an alias
#: may have been moved in the registry.
AT_LEAST_EVERY = timedelta(minutes=10)
TABLES = (
    *(("monitoring", "drift"), ("monitoring", "performance"), ("monitoring", "thresholds")),
    *(("models", "champion"), ("delivery", "outcomes")),
)


@dataclass(frozen=True)
class Seen:
    """What a decision was made on.

    Attributes:
        tables: Version of each of `TABLES`, -1 where it is not there.
        runs: The newest training runs with their states.
        policy: The policy, in words.
    """

    tables: tuple[int, ...]
    runs: tuple[str, ...]
    policy: str

    @classmethod
    def now(cls, plan: Plan, lake: Lake, trainings: Sequence[Training]) -> Seen:
        """What there is to decide on now."""
        keys = [plan.declaration.key(*table) for table in TABLES]
        versions = tuple(lake.version(key) if lake.exists(key) else -1 for key in keys)
        runs = tuple(f"{one.run_id} {one.status}" for one in trainings[-5:])
        return cls(versions, runs, repr(plan.declaration.retraining))

    def cursor(self, decision: Decision) -> str:
        """The cursor after a decision on this; empty after one that asks for a run, which the next look sees to."""
        if decision.run_key is not None:
            return ""
        told = f"{decision.decision}: {decision.reason}"
        return json.dumps({"at": decision.decided_at.isoformat(), "told": told, **asdict(self)})

    def decided(self, cursor: str | None, now: datetime) -> str | None:
        """What was decided on exactly this not long ago, by the cursor; None if it has to be decided anew."""
        if not cursor:
            return None
        try:
            last = json.loads(cursor)
            seen = Seen(tuple(last["tables"]), tuple(last["runs"]), last["policy"])
            recent = now - datetime.fromisoformat(last["at"]) < AT_LEAST_EVERY
        except (ValueError, TypeError, KeyError):
            return None  # of another version of this code: as good as lost
        return str(last["told"]) if seen == self and recent else None
