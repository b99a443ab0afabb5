"""Columns of the tables that watch a use case: statistics, reference, thresholds, drift, performance, decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from lakehouse_assets.contracts.contract import QualityRule
from lakehouse_assets.monitoring.deciding.policy import Policy
from lakehouse_assets.monitoring.verdicts import VERDICTS
from lakehouse_assets.use_case.declaring.declaration import Declaration
from lakehouse_assets.use_case.tables.columns import DAY, column
from lakehouse_assets.use_case.tables.judged_columns import Described

KNOWN_VERDICTS = QualityRule(
    "known_verdicts",
    "Only verdicts that are known stand here.",
    "ExpectColumnValuesToBeInSet",
    {"column": "verdict", "value_set": list(VERDICTS)},
    blocking=True,
)


def feature_statistics(declaration: Declaration) -> Described:
    """Each feature, each day."""
    figures = [column(name, "double", words) for name, words in _FIGURES.items()]
    columns = [
        DAY,
        column("column_name", "string", "The feature.", primary_key=True),
        column("rows", "long", "Rows of the day.", "1", required=True, minimum=0),
        column("nulls", "long", "Rows without a value.", "1", required=True, minimum=0),
        *figures,
    ]
    return f"Each feature of {declaration.name} on each day.", columns


_FIGURES = {
    "mean": "Mean, in the feature's unit.",
    "std": "Standard deviation.",
    "min": "Smallest.",
    "p05": "5th percentile.",
    "p50": "Median.",
    "p95": "95th percentile.",
    "max": "Largest.",
}


def reference(declaration: Declaration, watched: Sequence[str]) -> Described:
    """What drift is measured against: the watched columns and the prediction."""
    group = declaration.monitoring.group
    keys = [column(group, declaration_type(declaration, group), "Whose row it is.")] if group else []
    monitored = [column(name, "double", "A monitored column.") for name in watched]
    predicted = column(declaration.prediction.name, "double", "The champion's prediction.", declaration.prediction.unit)
    came = column("label", "double", "What came, in rows of their own: they are known on other days.")
    columns = [column("day", "date", "Day of the row.", required=True), *keys, *monitored, predicted, came]
    return f"The champion's own training data, which drift of {declaration.name} is measured against.", columns


def declaration_type(declaration: Declaration, name: str) -> str:
    """The type of one of the use case's own columns."""
    return {**declaration.entity, **declaration.context}[name].type


def thresholds(declaration: Declaration) -> Described:
    """Learned from the reference."""
    columns = [
        column("column_name", "string", "A monitored column, the prediction, or label: what came.", primary_key=True),
        column("threshold", "double", "Distance above which it drifts; null where not calibrated.", minimum=0),
        column("typical", "double", "Median distance without drift.", minimum=0),
        column("windows", "long", "Windows that fit into the reference.", "1", required=True, minimum=0),
        column(
            "window_rows", "long", "Rows of a window, for which the threshold holds.", "1", required=True, minimum=0
        ),
        column("model_version", "long", "The champion whose reference it is.", "1", required=True, minimum=1),
    ]
    return f"From which distance on a column of {declaration.name} drifts, learned from the reference.", columns


def drift(declaration: Declaration) -> Described:
    """One report a day."""
    columns = [
        DAY,
        column("model_version", "long", "The champion whose reference it is.", "1", required=True, minimum=1),
        column("column_name", "string", "A monitored column, the prediction, or label: what came.", primary_key=True),
        column("statistic", "string", "What distance was measured.", required=True),
        column(
            "value", "double", "The distance, in standard deviations of the reference; null: not measured.", minimum=0
        ),
        column("threshold", "double", "Distance above which it drifts; null where not calibrated.", minimum=0),
        column("verdict", "string", ", ".join(VERDICTS) + ".", required=True),
        column("current_rows", "long", "Rows in the window.", "1", required=True, minimum=0),
        column("reference_rows", "long", "Rows of the reference.", "1", required=True, minimum=0),
    ]
    days = declaration.monitoring.window_days
    return (
        f"Evidently's comparison of the last {days} days of {declaration.name} with the champion's reference.",
        columns,
    )


def performance(declaration: Declaration) -> Described:
    """Realised, by day and slice."""
    columns = [
        column(
            "day",
            "date",
            "Last day of the window in which the outcomes became known.",
            primary_key=True,
            partitioned=True,
        ),
        column("model_version", "long", "The version whose predictions they are of.", "1", primary_key=True, minimum=1),
        column("slice", "string", "all, or a column and its value.", primary_key=True),
        column("metric", "string", "What was measured.", primary_key=True),
        column("value", "double", "The figure; null where there are too few outcomes."),
        column("low", "double", "Lower end of its 95 % bootstrap interval."),
        column("high", "double", "Upper end of its 95 % bootstrap interval."),
        column("rows", "long", "Outcomes.", "1", required=True, minimum=0),
        column("expected_low", "double", "Lower end of the evaluation's interval."),
        column("expected_high", "double", "Upper end of the evaluation's interval."),
        column(
            "verdict",
            "string",
            "as expected, worse than expected, other than expected, too few outcomes, no outcomes yet, not evaluated.",
            required=True,
        ),
    ]
    return f"How good {declaration.name} was, by what came.", columns


def decisions(declaration: Declaration) -> Described:
    """Whether to train again."""
    columns = [
        column("decided_at", "timestamp", "When, in UTC.", primary_key=True),
        column("day", "date", "Newest day that was reported on by then; null: none."),
        column("decision", "string", "retrain, wait, blocked or investigate.", required=True),
        column("trigger", "string", "What it is about: performance, drift or data; null: nothing."),
        column("reason", "string", "Why, in words.", required=True),
        column("champion_version", "long", "The champion that the reports are about; null: none serves.", minimum=1),
        column("signals", "string", "What is violated, by commas: columns, performance or rows.", required=True),
        column("since", "date", "First bad day of it."),
        column("attempt", "long", "Which try of the same retraining it asks for; 0: none.", required=True, minimum=0),
        column("run_key", "string", "Key of the run that it asks for; the same key starts no second run."),
        column(
            "labelled_rows", "long", "Labelled rows there were to learn from; null: nobody counted.", "1", minimum=0
        ),
        *(column(f"policy_{name}", kind, f"The policy's {name} by then.") for name, kind in _policy().items()),
    ]
    return f"Every decision on training {declaration.name} again, with its reason and policy.", columns


def _policy() -> dict[str, str]:
    """Name -> type of the policy's entries."""
    kinds = {"bool": "boolean", "int": "long", "float": "double", "float | None": "double"}
    return {one.name: kinds[str(one.type)] for one in fields(Policy)}
