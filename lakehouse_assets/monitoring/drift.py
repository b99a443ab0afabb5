"""One day's drift report: Evidently compares the last days with the champion's reference by learned thresholds."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from lakehouse_assets.monitoring.calibration import MIN_ROWS, normed_wasserstein
from lakehouse_assets.monitoring.quality import Fault, fault_of
from lakehouse_assets.monitoring.sketch import sketches
from lakehouse_assets.monitoring.usual_days import usual_day
from lakehouse_assets.monitoring.verdicts import (
    DRIFT,
    FAULTS,
    NO_READINGS,
    NOT_CALIBRATED,
    NULLS,
    OUTCOMES_NOT_JUDGED,
    STABLE,
    TOO_FEW_ROWS,
)

__all__ = ["DRIFT", "NOT_CALIBRATED", "STABLE", "TOO_FEW_ROWS", "DriftReport", "compare", "distances", "overall"]


#: Distances of the columns of a window from those of the reference: f(reference, current, thresholds, page).
Measure = Callable[[pd.DataFrame, pd.DataFrame, pd.Series, Path | None], dict[str, float]]


@dataclass(frozen=True)
class DriftReport:
    """A day's report: one row per column in `rows`, the verdict over all of them, the page if one was made.

    `faults` says in words what is wrong with the columns whose data are at fault.
    """

    rows: pd.DataFrame
    verdict: str
    html: Path | None
    faults: Mapping[str, str] = field(default_factory=dict)


def compare(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    thresholds: pd.DataFrame,
    day: date,
    model_version: int,
    html: Path | None = None,
    least_rows: int = MIN_ROWS,
    measure: Measure | None = None,
    prediction: str | None = None,
) -> DriftReport:
    """Compare a window with the reference, column by column.

    A million rows of 20 columns take about 10 CPU-s: Evidently gets each column as a sketch (`sketch`) of at most ten
    thousand values, which leaves the distances as they are.

    Args:
        reference: The champion's reference rows.
        current: The rows of the window that ends on `day`; with a column `day`, faults are looked for in its last day
            by itself too.
        thresholds: `column_name` and `threshold` of every monitored column (`calibration.calibrate`), and where it is
            there `window_rows`, for which they hold: fewer rows lie farther off by chance, by the root of their number.
        day: The report's day.
        model_version: The champion that the reference belongs to.
        html: Where to write Evidently's page; None writes none.
        least_rows: A window with fewer rows is not judged.
        measure: Gives the distances; Evidently if left out. `distances` gives the same a hundred times faster, and no
            page.
        prediction: Column that a model made. Only missing values of it are a fault of the data: a tree gives one
            number to all that lies beyond what it learned, so under drift it looks stuck.

    Returns:
        Rows day, model_version, column_name, statistic, value, threshold, verdict, current_rows, reference_rows.
    """
    names = list(thresholds["column_name"])
    limits = _limits(thresholds, len(current))
    page, faults = None, {}
    if len(current) < least_rows or reference.empty:
        values, verdicts = dict.fromkeys(names, float("nan")), dict.fromkeys(names, TOO_FEW_ROWS)
    else:
        faults = _faults(reference, current, limits, prediction)
        read = [name for name in names if current[name].notna().any() and reference[name].notna().any()]
        values = dict.fromkeys(names, float("nan")) | (measure or _evidently)(
            reference[read], current[read], limits[read], html
        )
        verdicts = {
            name: faults[name].verdict if name in faults else _verdict(values[name], limits[name]) for name in names
        }
        page = html
    rows = pd.DataFrame(
        {
            "day": pd.Timestamp(day),
            "model_version": model_version,
            "column_name": names,
            "statistic": "wasserstein distance (normed)",
            "value": [values[name] for name in names],
            "threshold": limits[names].to_numpy(),
            "verdict": [verdicts[name] for name in names],
            "current_rows": len(current),
            "reference_rows": len(reference),
        }
    )
    told = {name: fault.detail for name, fault in faults.items()}
    return DriftReport(rows, overall(list(verdicts.values())), page, told)


def distances(reference: pd.DataFrame, current: pd.DataFrame, limits: pd.Series, html: Path | None) -> dict[str, float]:
    """Each column's distance as Evidently's method `wasserstein` gives it, without Evidently: for many reports at once.

    Evidently draws every column of every report, whether somebody looks at it or not: 0.9 of a CPU second.

    Raises:
        ValueError: a page is asked for, which only Evidently makes.
    """
    if html is not None:
        raise ValueError(f"{html}: pages are made by Evidently; leave out `measure`, or the page")
    ours, theirs = sketches(reference), sketches(current)
    return {str(name): normed_wasserstein(ours[name], theirs[name]) for name in current.columns}


def with_outcomes(report: DriftReport, outcomes: DriftReport) -> DriftReport:
    """A report with what came beside it.

    Outcomes come late and by fits and starts. As long as they are too few, or too short a history to calibrate on, that
    is said of them and leaves the report's verdict as it is.
    """
    late = outcomes.rows["verdict"].isin((TOO_FEW_ROWS, NOT_CALIBRATED))
    rows = outcomes.rows.assign(verdict=outcomes.rows["verdict"].mask(late, OUTCOMES_NOT_JUDGED))
    both = pd.concat([report.rows, rows], ignore_index=True)
    faults = {**report.faults, **outcomes.faults}
    return DriftReport(both, overall(list(both["verdict"])), report.html, faults)


def overall(verdicts: list[str]) -> str:
    """The verdict of a report: the worst of its columns'.

    A fault of the data outranks drift, for what drifts beside it may follow from it; drift outranks what could not be
    judged.
    """
    for verdict in (*FAULTS, DRIFT, TOO_FEW_ROWS, NOT_CALIBRATED):
        if verdict in verdicts:
            return verdict
    return STABLE if verdicts else TOO_FEW_ROWS


def _limits(thresholds: pd.DataFrame, rows: int) -> pd.Series:
    limits = thresholds.set_index("column_name")["threshold"]
    if "window_rows" not in thresholds.columns or not rows:
        return limits
    held_for = thresholds.set_index("column_name")["window_rows"]
    return limits * (held_for / rows).clip(lower=1.0) ** 0.5


def _faults(
    reference: pd.DataFrame, current: pd.DataFrame, limits: pd.Series, prediction: str | None
) -> dict[str, Fault]:
    days = current["day"].to_numpy() if "day" in current.columns else None
    newest = days == days.max() if days is not None and len(days) else None
    found = {}
    for name, limit in limits.items():
        ours, theirs = (one[name].to_numpy(dtype="float64", na_value=float("nan")) for one in (reference, current))
        usual = usual_day(ours, reference["day"].to_numpy()) if "day" in reference.columns else None
        today, wander = None if newest is None else theirs[newest], limit if limit == limit else None
        fault = fault_of(ours, theirs, today, usual, wander, days)
        if fault is not None and (name != prediction or fault.verdict in (NO_READINGS, NULLS)):
            found[name] = fault
    return found


def _verdict(value: float, threshold: float) -> str:
    if threshold != threshold:
        return NOT_CALIBRATED
    return DRIFT if value > threshold else STABLE


def _evidently(
    reference: pd.DataFrame, current: pd.DataFrame, limits: pd.Series, html: Path | None
) -> dict[str, float]:
    """Evidently's statistic of each column; results are found by the metric's own column, never by position."""
    with warnings.catch_warnings():
        # Evidently's own imports warn; they say nothing about the data.
        warnings.simplefilter("ignore")
        from evidently import DataDefinition, Dataset, Report
        from evidently.metrics import ValueDrift

        metrics = [
            ValueDrift(
                column=name,
                method="wasserstein",
                threshold=float(limits[name]) if limits[name] == limits[name] else None,
            )
            for name in current.columns
        ]
        definition = DataDefinition(numerical_columns=list(current.columns))
        snapshot = Report(metrics).run(
            Dataset.from_pandas(sketches(current), data_definition=definition),
            Dataset.from_pandas(sketches(reference), data_definition=definition),
        )
        if html is not None:
            html.parent.mkdir(parents=True, exist_ok=True)
            snapshot.save_html(str(html))
    found = {result["config"]["column"]: float(result["value"]) for result in snapshot.dict()["metrics"]}
    missing = set(current.columns) - set(found)
    if missing:
        raise RuntimeError(f"Evidently gave no result for the columns {sorted(missing)}")
    return found
