"""One day's drift report: Evidently compares the last days with the champion's reference by learned thresholds."""

import warnings
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from lakehouse_assets.monitoring.calibration import MIN_ROWS

DRIFT, STABLE = "drift", "stable"
TOO_FEW_ROWS, NO_READINGS, NOT_CALIBRATED = "too few rows", "no readings", "not calibrated"


@dataclass(frozen=True)
class DriftReport:
    """A day's report: one row per column in `rows`, the verdict over all of them, and the page if one was made."""

    rows: pd.DataFrame
    verdict: str
    html: Path | None


def compare(
    reference: pd.DataFrame,
    current: pd.DataFrame,
    thresholds: pd.DataFrame,
    day: date,
    model_version: int,
    html: Path | None = None,
    least_rows: int = MIN_ROWS,
) -> DriftReport:
    """Compare a window with the reference, column by column.

    Args:
        reference: The champion's reference rows.
        current: The rows of the window that ends on `day`.
        thresholds: `column_name` and `threshold` of every monitored column (`calibration.calibrate`).
        day: The report's day.
        model_version: The champion that the reference belongs to.
        html: Where to write Evidently's page; None writes none.
        least_rows: A window with fewer rows is not judged.

    Returns:
        Rows day, model_version, column_name, statistic, value, threshold, verdict, current_rows, reference_rows.
    """
    names = list(thresholds["column_name"])
    limits = thresholds.set_index("column_name")["threshold"]
    page = None
    if len(current) < least_rows:
        values, verdicts = dict.fromkeys(names, float("nan")), dict.fromkeys(names, TOO_FEW_ROWS)
    else:
        read = [name for name in names if current[name].notna().any() and reference[name].notna().any()]
        values = dict.fromkeys(names, float("nan")) | _evidently(reference[read], current[read], limits[read], html)
        verdicts = {name: _verdict(values[name], limits[name]) for name in read}
        verdicts |= {name: NO_READINGS for name in names if name not in read}
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
    return DriftReport(rows, overall(list(verdicts.values())), page)


def overall(verdicts: list[str]) -> str:
    """The verdict of a report: drift if any column drifts; else the worst of what could not be judged."""
    for verdict in (DRIFT, TOO_FEW_ROWS, NO_READINGS, NOT_CALIBRATED):
        if verdict in verdicts:
            return verdict
    return STABLE if verdicts else TOO_FEW_ROWS


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
            Dataset.from_pandas(current.astype("float64"), data_definition=definition),
            Dataset.from_pandas(reference.astype("float64"), data_definition=definition),
        )
        if html is not None:
            html.parent.mkdir(parents=True, exist_ok=True)
            snapshot.save_html(str(html))
    found = {result["config"]["column"]: float(result["value"]) for result in snapshot.dict()["metrics"]}
    missing = set(current.columns) - set(found)
    if missing:
        raise RuntimeError(f"Evidently gave no result for the columns {sorted(missing)}")
    return found
