"""One day's drift report: Evidently compares the last days with the champion's reference by learned thresholds."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import pandas as pd

from lakehouse_assets.monitoring.calibration import MIN_ROWS, normed_wasserstein
from lakehouse_assets.monitoring.faults.quality import Fault, fault_of
from lakehouse_assets.monitoring.faults.usual_days import usual_day
from lakehouse_assets.monitoring.reports.compared import Compared, note_on_predictions, notes_on
from lakehouse_assets.monitoring.sketch import sketches
from lakehouse_assets.monitoring.verdicts import (
    DRIFT,
    NO_READINGS,
    NOT_CALIBRATED,
    NULLS,
    OUTCOMES_NOT_JUDGED,
    PREDICTIONS_NOT_JUDGED,
    STABLE,
    TOO_FEW_ROWS,
    overall,
)

__all__ = ["DRIFT", "NOT_CALIBRATED", "STABLE", "TOO_FEW_ROWS", "DriftReport", "compare", "distances"]


#: Distances of all columns of all sides: f(sides, page, notes on it).
Measure = Callable[[Sequence[Compared], Path | None, Sequence[str]], dict[str, float]]


@dataclass(frozen=True)
class DriftReport:
    """A day's report: one row per column in `rows`, the verdict over all of them, the page if one was made.

    `faults` says in words what is wrong with the columns whose data are at fault, `predictions` of which rows the
    prediction was judged, where these are not all of the window.
    """

    rows: pd.DataFrame
    verdict: str
    html: Path | None
    faults: Mapping[str, str] = field(default_factory=dict)
    predictions: str = ""


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
    """Compare a window with the reference, column by column (`compare_with_outcomes`)."""
    side = Compared(reference, current, thresholds, least_rows)
    values, page = _measured([side], html, [], measure)
    return _report(side, values, day, model_version, page, prediction)


def compare_with_outcomes(
    features: Compared,
    outcomes: Compared,
    day: date,
    model_version: int,
    html: Path | None = None,
    measure: Measure | None = None,
    prediction: str | None = None,
) -> DriftReport:
    """Compare a window of features and predictions with the reference, and what came in it with what came before.

    A million rows of 20 columns take about 10 CPU-s: Evidently gets each column as a sketch (`sketch`) of at most ten
    thousand values, which leaves the distances as they are.

    Args:
        features: Features and predictions. Where they are too few to be judged, no page is made.
        outcomes: What came. Where it is not judged, the page says so.
        day: The report's day.
        model_version: The champion that the reference belongs to.
        html: Where to write Evidently's page; None writes none. Where none is made, one that an earlier report of the
            day left there is removed.
        measure: Gives the distances; Evidently if left out. `distances` gives the same a hundred times faster, and no
            page.
        prediction: Column that a model made. Only missing values of it are a fault of the data: a tree gives one
            number to all that lies beyond what it learned, so under drift it looks stuck. It is judged by what this
            version predicted (`own_predictions`).

    Returns:
        Rows day, model_version, column_name, statistic, value, threshold, verdict, current_rows, reference_rows.
    """
    sides = features.apart(prediction, model_version)
    values, page = _measured([*sides, outcomes], html, notes_on(sides, outcomes), measure)
    *made, came = (_report(one, values, day, model_version, page, prediction) for one in (*sides, outcomes))
    told = [_of_predictions(one, side) if side.left_out else one for one, side in zip(made, sides, strict=True)]
    return with_outcomes(_together(told, page), came)


def distances(sides: Sequence[Compared], html: Path | None, notes: Sequence[str]) -> dict[str, float]:
    """Each column's distance as Evidently's method `wasserstein` gives it, without Evidently: for many reports at once.

    Evidently draws every column of every report, whether somebody looks at it or not: 0.9 of a CPU second.

    Raises:
        ValueError: a page is asked for, which only Evidently makes.
    """
    if html is not None:
        raise ValueError(f"{html}: pages are made by Evidently; leave out `measure`, or the page")
    found: dict[str, float] = {}
    for side in sides:
        ours, theirs = sketches(side.reference), sketches(side.current)
        found |= {str(name): normed_wasserstein(ours[name], theirs[name]) for name in side.names}
    return found


def with_outcomes(report: DriftReport, outcomes: DriftReport) -> DriftReport:
    """A report with what came beside it.

    Outcomes come late and by fits and starts. As long as they are too few, or too short a history to calibrate on, that
    is said of them and leaves the report's verdict as it is.
    """
    late = outcomes.rows["verdict"].isin((TOO_FEW_ROWS, NOT_CALIBRATED))
    rows = outcomes.rows.assign(verdict=outcomes.rows["verdict"].mask(late, OUTCOMES_NOT_JUDGED))
    return _together([report, replace(outcomes, rows=rows)], report.html)


def _of_predictions(report: DriftReport, side: Compared) -> DriftReport:
    """The report on fewer predictions than the window has rows; too few of them leave the verdict to the rest."""
    told = replace(report, predictions=note_on_predictions(side))
    return told if side.enough else replace(told, rows=report.rows.assign(verdict=PREDICTIONS_NOT_JUDGED))


def _together(reports: Sequence[DriftReport], page: Path | None) -> DriftReport:
    rows = pd.concat([one.rows for one in reports], ignore_index=True)
    faults = {name: words for one in reports for name, words in one.faults.items()}
    predictions = next((one.predictions for one in reports if one.predictions), "")
    return DriftReport(rows, overall(list(rows["verdict"])), page, faults, predictions)


def _measured(
    sides: Sequence[Compared], html: Path | None, notes: Sequence[str], measure: Measure | None
) -> tuple[dict[str, float], Path | None]:
    """The distance of each column that can be read and is to be judged; the page, if the first side has such ones."""
    readable = [side.readable() if side.enough else None for side in sides]
    found = [side for side in readable if side is not None and side.names]
    page = html if found and found[0] is readable[0] else None
    values = (measure or _evidently)(found, page, notes) if found else {}
    if html is not None and page is None:
        # One of an earlier report of this day would show what this one does not say.
        html.unlink(missing_ok=True)
    return values, page


def _report(
    side: Compared,
    values: Mapping[str, float],
    day: date,
    model_version: int,
    page: Path | None,
    prediction: str | None,
) -> DriftReport:
    names, limits = side.names, side.limits
    faults = _faults(side.reference, side.current, limits, prediction) if side.enough else {}
    verdicts = dict.fromkeys(names, TOO_FEW_ROWS)
    if side.enough:
        verdicts = {
            name: faults[name].verdict if name in faults else _verdict(values.get(name), limits[name]) for name in names
        }
    rows = pd.DataFrame(
        {
            "day": pd.Timestamp(day),
            "model_version": model_version,
            "column_name": names,
            "statistic": "wasserstein distance (normed)",
            "value": [values.get(name, float("nan")) for name in names],
            "threshold": limits[names].to_numpy(),
            "verdict": [verdicts[name] for name in names],
            "current_rows": len(side.current),
            "reference_rows": len(side.reference),
        }
    )
    told = {name: fault.detail for name, fault in faults.items()}
    return DriftReport(rows, overall(list(verdicts.values())), page, told)


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


def _verdict(value: float | None, threshold: float) -> str:
    """Of a column's distance; None where the reference has no value of it."""
    if value is None or threshold != threshold:
        return NOT_CALIBRATED
    return DRIFT if value > threshold else STABLE


def _evidently(sides: Sequence[Compared], html: Path | None, notes: Sequence[str]) -> dict[str, float]:
    with warnings.catch_warnings():
        # Evidently's own imports warn; they say nothing about the data.
        warnings.simplefilter("ignore")
        from lakehouse_assets.monitoring.reports.evidently_page import evidently

        return evidently(sides, html, notes)
