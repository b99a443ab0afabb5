"""How good the champion was, by the outcomes that became known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from lakehouse_assets.lifecycle.judging.expected import expected
from lakehouse_assets.monitoring import performance as monitor
from lakehouse_assets.use_case.judging.judged import metrics_of
from lakehouse_assets.use_case.serving import known_outcomes

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lifecycle.registry import ModelRegistry
    from lakehouse_assets.use_case.plan import Plan


@dataclass(frozen=True)
class Performance:
    """The rows of the table, and what they come to."""

    rows: pd.DataFrame
    words: str
    in_hindsight: int

    @property
    def as_expected(self) -> bool:
        """Whether no figure over all rows is worse than expected."""
        return monitor.WORSE not in self.words

    @property
    def metadata(self) -> dict[str, Any]:
        """What the asset page says."""
        return {"verdict": self.words, "outcomes_of_predictions_in_hindsight": self.in_hindsight}


def performance(plan: Plan, lake: Lake, registry: ModelRegistry, first: date, last: date) -> Performance:
    """Measure the champion on the outcomes of each day's window.

    Predictions of days from which the model had learned by then (a history that was scored after the training) are left
    out: they would flatter it.
    """
    declared, version = plan.declaration, registry.champion(plan.name)
    empty = pd.DataFrame(columns=list(monitor.PERFORMANCE_COLUMNS))
    if version is None:
        return Performance(empty, "no champion", 0)
    begin = first - timedelta(days=declared.monitoring.window_days - 1)
    came = known_outcomes.read(plan, plan.source(lake), begin, last)
    came = came[came[declared.prediction.name].notna()]
    hindsight = came["predicted_at"] < pd.Timestamp(version.tags["learned_until"])
    settings = registry.load(version).settings
    promised = expected(registry, version)
    if promised is None:
        promised = lake.read_pandas(declared.key("models", "evaluation"))
    found = [
        monitor.performance(
            known_outcomes.newest_by(came[~hindsight], declared.keys, day),
            day,
            version.version,
            metrics_of(plan, settings),
            promised,
            declared.prediction.name,
            declared.evaluation.slices,
            declared.evaluation.resample_by,
            declared.monitoring.window_days,
        )
        for day in (first + timedelta(days=n) for n in range((last - first).days + 1))
    ]
    rows = pd.concat(found, ignore_index=True)
    deciding = rows[rows["slice"].eq("all") & rows["metric"].eq(declared.evaluation.metric)]
    left_out = known_outcomes.newest_by(came[hindsight], declared.keys, last)
    return Performance(rows, ", ".join(dict.fromkeys(deciding["verdict"])), len(left_out))
