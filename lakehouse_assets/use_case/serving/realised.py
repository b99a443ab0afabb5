"""How good the champion was, by the outcomes that became known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from lakehouse_assets.lifecycle.judging.evaluation import figure
from lakehouse_assets.lifecycle.judging.expected import expected
from lakehouse_assets.monitoring import performance as monitor
from lakehouse_assets.monitoring.worse_slices import ALL, WORSE, WorseSlice, in_words, worse_slices
from lakehouse_assets.use_case.judging.judged import metrics_of
from lakehouse_assets.use_case.serving import known_outcomes

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lifecycle.registry import ModelRegistry
    from lakehouse_assets.use_case.plan import Plan


#: Days of earlier reports that are looked at: for since when a slice is worse, and for the plot.
DAYS_BEFORE = 60


@dataclass(frozen=True)
class Performance:
    """The rows of the table, and what they come to.

    Attributes:
        rows: Of the days that were asked for.
        words: The verdicts on all rows by the metric that decides.
        in_hindsight: Outcomes that were left out, because the model had learned from their days.
        before: Rows of the table of the days before, of the same model.
        metric: The one that decides.
    """

    rows: pd.DataFrame
    words: str
    in_hindsight: int
    before: pd.DataFrame
    metric: str

    @cached_property
    def slices(self) -> list[WorseSlice]:
        """The slices that are worse than expected, each as the newest of the days says that says so."""
        every = self._every.to_dict("records")
        days = sorted(pd.to_datetime(self.rows["day"]).dt.date.unique())
        found = {one.name: one for day in days for one in worse_slices(every, [self.metric], day)}
        return list(found.values())

    @cached_property
    def _every(self) -> pd.DataFrame:
        return self.rows if self.before.empty else pd.concat([self.before, self.rows], ignore_index=True)

    @property
    def as_expected(self) -> bool:
        """Whether neither all rows nor a slice is worse than expected."""
        return WORSE not in self.words and not self.slices

    @property
    def told(self) -> str:
        """The verdict in words, with the slices that are worse."""
        return f"{self.words} over all, {in_words(self.slices)}" if self.slices else self.words

    @property
    def metadata(self) -> dict[str, Any]:
        """What the asset page says."""
        import dagster as dg

        from lakehouse_assets.lifecycle.drawing.plots import as_markdown
        from lakehouse_assets.monitoring.reports.realised_plot import realised_plot

        told = {"verdict": self.told, "outcomes_of_predictions_in_hindsight": self.in_hindsight}
        if self.rows.empty:
            return told
        picture = realised_plot(self._every, self.metric, [one.name for one in self.slices])
        return told | {
            "slices": dg.MetadataValue.md(_table(self.rows, self.metric)),
            "course": dg.MetadataValue.md(
                as_markdown(picture, f"{self.metric} by what came, beside what was expected")
            ),
        }


def performance(plan: Plan, lake: Lake, registry: ModelRegistry, first: date, last: date) -> Performance:
    """Measure the champion on the outcomes of each day's window.

    Predictions of days from which the model had learned by then (a history that was scored after the training) are left
    out: they would flatter it.
    """
    declared, version = plan.declaration, registry.champion(plan.name)
    empty, metric = pd.DataFrame(columns=list(monitor.PERFORMANCE_COLUMNS)), declared.evaluation.metric
    if version is None:
        return Performance(empty, "no champion", 0, empty, metric)
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
            known_outcomes.resampled_by(plan),
            declared.monitoring.window_days,
        )
        for day in (first + timedelta(days=n) for n in range((last - first).days + 1))
    ]
    rows = pd.concat(found, ignore_index=True)
    deciding = rows[rows["slice"].eq(ALL) & rows["metric"].eq(metric)]
    left_out = known_outcomes.newest_by(came[hindsight], declared.keys, last)
    before = _before(plan, lake, version.version, first)
    return Performance(rows, ", ".join(dict.fromkeys(deciding["verdict"])), len(left_out), before, metric)


def _before(plan: Plan, lake: Lake, version: int, first: date) -> pd.DataFrame:
    """What was measured of the model on the days before."""
    key = plan.declaration.key("monitoring", "performance")
    if not lake.exists(key):
        return pd.DataFrame(columns=list(monitor.PERFORMANCE_COLUMNS))
    days = {"day": (first - timedelta(days=DAYS_BEFORE), first), "model_version": version}
    found: pd.DataFrame = lake.read_pandas(key, where=days)
    return found


def _table(rows: pd.DataFrame, metric: str) -> str:
    """The newest day's figures of a metric, a line each slice."""
    newest = rows[rows["day"].eq(rows["day"].max()) & rows["metric"].eq(metric)]
    lines = [
        f"| {one['slice']} | {one['rows']} | {figure(one['value'], one['low'], one['high'])} | "
        f"{one['expected_low']:.4g} to {one['expected_high']:.4g} | {one['verdict']} |"
        for one in newest.to_dict("records")
    ]
    return "\n".join([f"| slice | outcomes | {metric} | expected | verdict |", "|---|---|---|---|---|", *lines])
