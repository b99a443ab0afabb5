"""What a replayed policy knows of the nights so far: the history that its next decision is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from lakehouse_assets.monitoring.deciding.history import SUCCEEDED, History, Training
from lakehouse_assets.monitoring.deciding.policy import Decision
from lakehouse_assets.monitoring.performance import NONE_YET

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class Nights:
    """Reports, trainings and requests as far as the nights have come; a retraining serves from its night on.

    `version` counts the models; what was reported of earlier ones is forgotten, as a decision looks at the serving one
    alone.
    """

    version: int = 1
    learned: int | None = None
    new: int | None = None
    learns_until: date | None = None
    reports: list[tuple[date, int, str, str]] = field(default_factory=list)
    performance: list[tuple[date, int, str]] = field(default_factory=list)
    trainings: list[Training] = field(default_factory=list)
    asked: list[Decision] = field(default_factory=list)

    def reported(self, day: date, report: pd.DataFrame) -> None:
        """The drift report of a day."""
        told = zip(report["column_name"], report["verdict"], strict=True)
        self.reports += [(day, self.version, str(name), str(verdict)) for name, verdict in told]

    def measured(self, day: date, verdict: str) -> None:
        """The verdict on the performance by a day."""
        self.performance.append((day, self.version, verdict))

    def counted(self, day: date, learned: int, known: int) -> None:
        """Rows that the model learned from, and those that are known by now; a night on which nothing else is told."""
        self.learned, self.new = learned, known - learned
        if not self.performance or self.performance[-1][0] != day:
            self.measured(day, NONE_YET)

    def refused(self, day: date) -> None:
        """A model was trained on the night of a day and does not serve: the gate refused it."""
        self._trained(day, promoted=False)

    def retrained(self, day: date) -> None:
        """A model was trained on the night of a day and serves."""
        self._trained(day, promoted=True)
        self.version += 1
        self.reports.clear()
        self.performance.clear()

    def _trained(self, day: date, *, promoted: bool) -> None:
        asked = self.asked[-1] if self.asked else None
        key, on = (asked.run_key, asked.day) if asked else (None, day)
        # As a run is tagged: with the newest day that was reported on by then, which is the one before its night.
        self.trainings.append(Training(f"night-{day}", SUCCEEDED, key, promoted=promoted, day=on))

    def history(self) -> History:
        """As `decision.decide` takes it."""
        import pandas as pd

        reports = pd.DataFrame(self.reports, columns=["day", "model_version", "column_name", "verdict"])
        performance = pd.DataFrame(self.performance, columns=["day", "model_version", "verdict"])
        asked = pd.DataFrame([vars(one) | {"signals": ", ".join(one.signals)} for one in self.asked])
        rows = (self.new, self.learned, self.learns_until)
        return History(reports, performance, asked, self.trainings, self.version, *rows)
