"""Evidently's statistics and page of one report. Imports Evidently, which costs 7 CPU seconds: import it where needed.

Results are found by the metric's own column, never by position.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.core.metric_types import SingleValue, SingleValueCalculation, SingleValueMetric
from evidently.legacy.renderers.html_widgets import text_widget
from evidently.metrics import ValueDrift

from lakehouse_assets.monitoring.sketch import sketches

if TYPE_CHECKING:
    from lakehouse_assets.monitoring.reports.compared import Compared

#: Farther than anything lies: without a threshold Evidently goes by one of its own, and calls drift what nobody judged.
NO_THRESHOLD = 1e9


class Note(SingleValueMetric):  # type: ignore[misc]
    """Words on the page, where there is nothing to compute."""

    text: str


class _NoteCalculation(SingleValueCalculation[Note]):  # type: ignore[misc]
    def calculate(self, context: Any, current_data: Any, reference_data: Any) -> SingleValue:
        result = self.result(0.0)
        result.widget = [text_widget(text=self.metric.text)]
        return result

    def display_name(self) -> str:
        return "Note"


def evidently(sides: Sequence[Compared], html: Path | None, notes: Sequence[str]) -> dict[str, float]:
    """Evidently's distance of each column.

    Args:
        sides: What is compared; rows of one side have nothing to do with those of another.
        html: Where to write the page; None writes none.
        notes: What the page says beside them.

    Raises:
        RuntimeError: Evidently gave no result for a column.
    """
    limits = pd.concat([side.limits for side in sides])
    names = [str(name) for name in limits.index]
    # Each column is looked at by itself, so that columns of different rows may stand in one frame.
    current, reference = (
        pd.concat([sketches(one).reset_index(drop=True) for one in frames], axis="columns")
        for frames in ([side.current for side in sides], [side.reference for side in sides])
    )
    metrics = [Note(text=text) for text in notes]
    metrics += [
        ValueDrift(column=name, method="wasserstein", threshold=float(limit) if limit == limit else NO_THRESHOLD)
        for name, limit in zip(names, limits, strict=True)
    ]
    definition = DataDefinition(numerical_columns=names)
    snapshot = Report(metrics).run(
        Dataset.from_pandas(current, data_definition=definition),
        Dataset.from_pandas(reference, data_definition=definition),
    )
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        snapshot.save_html(str(html))
    told = [(result["config"].get("column"), result["value"]) for result in snapshot.dict()["metrics"]]
    found = {column: float(value) for column, value in told if column is not None}
    missing = set(names) - set(found)
    if missing:
        raise RuntimeError(f"Evidently gave no result for the columns {sorted(missing)}")
    return found
