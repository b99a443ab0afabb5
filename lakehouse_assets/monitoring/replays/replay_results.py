"""What a replayed policy did, and what that came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from lakehouse_assets.monitoring.deciding.policy import Decision

if TYPE_CHECKING:
    import pandas as pd

#: What counts as better in the days after a retraining.
HELPED = 0.01


@dataclass(frozen=True)
class Retraining:
    """One of a replay: on which night, why, its CPU seconds, and the error of the days after it with and without it.

    The errors are NaN where no outcome of these days is known.
    """

    day: date
    reason: str
    cpu_seconds: float
    error_with: float
    error_without: float

    @property
    def helped(self) -> bool | None:
        """Whether the days after it were better for it; None: not known yet."""
        if self.error_with != self.error_with:
            return None
        return self.error_with < (1 - HELPED) * self.error_without


@dataclass
class Replayed:
    """What a policy did: the mean loss of each day, the retrainings after the first model, and all decisions.

    `refused` has the nights whose model the gate refused, with its reason; such a one is no retraining.
    """

    name: str
    errors: dict[date, float] = field(default_factory=dict)
    rows: dict[date, int] = field(default_factory=dict)
    retrainings: list[Retraining] = field(default_factory=list)
    refused: dict[date, str] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)

    def error(self, first: date = date.min, last: date = date.max) -> float:
        """Mean loss over all rows of the days, both included; NaN without any."""
        days = [day for day in self.errors if first <= day <= last]
        rows = sum(self.rows[day] for day in days)
        return sum(self.errors[day] * self.rows[day] for day in days) / rows if rows else float("nan")

    @property
    def false_alarms(self) -> int:
        """Retrainings after which the days were no better than without them."""
        return sum(one.helped is False for one in self.retrainings)

    @property
    def not_known_yet(self) -> int:
        """Retrainings of which nobody can say so: no outcome of the days after them is known."""
        return sum(one.helped is None for one in self.retrainings)


def summary(played: Sequence[Replayed], first: date = date.min, last: date = date.max) -> pd.DataFrame:
    """Policy, error, retrainings, training_cpu_s, false_alarms of the days from first to last."""
    import pandas as pd

    told = []
    for one in played:
        own = [done for done in one.retrainings if first <= done.day <= last]
        cost = round(sum(done.cpu_seconds for done in own), 1)
        told.append((one.name, one.error(first, last), len(own), cost, sum(done.helped is False for done in own)))
    return pd.DataFrame(told, columns=["policy", "error", "retrainings", "training_cpu_s", "false_alarms"])
