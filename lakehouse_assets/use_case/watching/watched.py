"""The drift of a use case: the champion's own training data as the reference, and one report a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lakehouse_assets import settings
from lakehouse_assets.lake.reading.read import to_pandas
from lakehouse_assets.lifecycle.model_version import LEARNED_UNTIL
from lakehouse_assets.lifecycle.serving.retrieval import features_at
from lakehouse_assets.monitoring.calibration import calibrate
from lakehouse_assets.monitoring.reference import monitored_rows, reference_sample, window_of
from lakehouse_assets.monitoring.reports import drift as monitor
from lakehouse_assets.monitoring.reports.compared import Compared
from lakehouse_assets.use_case.observations import Days, observations
from lakehouse_assets.use_case.serving.shadow import NoChampionError
from lakehouse_assets.use_case.watching import watched_outcomes as outcomes

if TYPE_CHECKING:
    from lakehouse_assets.lake.table import Lake
    from lakehouse_assets.lifecycle.registry import ModelRegistry
    from lakehouse_assets.monitoring.reports.drift import DriftReport
    from lakehouse_assets.use_case.observations import Source
    from lakehouse_assets.use_case.plan import Plan


@dataclass(frozen=True)
class Reference:
    """What windows are compared with, the thresholds learned from it, and whose it is."""

    sample: pd.DataFrame
    thresholds: pd.DataFrame
    version: int


def reference(plan: Plan, lake: Lake, registry: ModelRegistry) -> Reference:
    """The reference at the versions that the champion learned from, up to the time until which it learned.

    What lies behind, rows that were held out by time above all, it has not seen: were they in the reference, a world
    that changed within them would pass for the one that it knows. Where whole entities are held out, theirs up to that
    time are in it: they are of the world that it learned from, and windows hold entities that it never saw as well.

    Raises:
        NoChampionError: nothing serves yet.
    """
    version = registry.champion(plan.name)
    if version is None:
        raise NoChampionError(f"No version of {plan.name} is champion yet, so there is nothing to compare with.")
    declared, source = plan.declaration, plan.source(lake, version.delta_versions)
    until = pd.Timestamp(version.tags[LEARNED_UNTIL])
    observed = observations(declared, plan.folder, source, Days())
    observed = observed[observed["predicted_at"] <= until].reset_index(drop=True)
    rows = features_at(lake, observed, plan.views, version.delta_versions)
    predicted = registry.load(version).predict(rows).rename(columns={"prediction": declared.prediction.name})
    history = beside(plan, measured(plan, source, rows, Days()), pd.concat([observed, predicted], axis=1))
    history = history[history["day"] <= observed["day"].max()]
    came = outcomes.learned(plan, source, observed, until)
    return reference_of(plan, history, came, version.version)


def reference_of(plan: Plan, history: pd.DataFrame, came: pd.DataFrame, version: int) -> Reference:
    """The reference of a model and its thresholds, from the history that it was made of.

    Args:
        plan: The use case.
        history: Measurements with the model's predictions (`beside`).
        came: The labels that it could learn from (`watched_outcomes.learned`).
        version: The model's number.
    """
    told, columns = plan.declaration.monitoring, _columns(plan)
    kept = ["day", *([told.group] if told.group else []), *columns]
    samples = [reference_sample(history, _keys(plan))[kept], reference_sample(came, ["day"])]
    # The report's rate is shared among all of its columns, what came included.
    share = told.false_alarm_rate / (len(columns) + 1)
    thresholds = [
        calibrate(
            rows,
            sample,
            names,
            version,
            told.group,
            share * len(names),
            told.window_days,
            least_rows=told.least_rows,
        )
        for rows, sample, names in zip((history, came), samples, (columns, [outcomes.LABEL]), strict=True)
    ]
    limits = pd.concat(thresholds, ignore_index=True).assign(model_version=version)
    return Reference(pd.concat(samples, ignore_index=True), limits, version)


def reports(
    plan: Plan,
    lake: Lake,
    compared_with: pd.DataFrame,
    thresholds: pd.DataFrame,
    first: date,
    last: date,
    progress: Callable[[str], None],
) -> list[DriftReport]:
    """One report for each of the days, both included."""
    declared, source = plan.declaration, plan.source(lake)
    days = Days(first, last).back(declared.monitoring.window_days - 1)
    predictions = to_pandas(source.read("/".join(declared.key("delivery", "predictions")), days))
    rows = (
        features_at(lake, predictions.drop(columns="feature_version"), plan.views)
        if _of_features(plan)
        else predictions
    )
    current = beside(plan, measured(plan, source, rows, days), predictions)
    came = outcomes.known(plan, source, days.first or first, last)
    version, made = int(thresholds["model_version"].iloc[0]), []
    for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
        known = outcomes.by(came, day, plan)
        report = compared(plan, compared_with, thresholds, current, known, day, version, _page(plan, day))
        progress(f"{day}: {report.verdict}")
        made.append(report)
    return made


def compared(
    plan: Plan,
    compared_with: pd.DataFrame,
    thresholds: pd.DataFrame,
    current: pd.DataFrame,
    came: pd.DataFrame,
    day: date,
    version: int,
    page: Path | None = None,
    measure: monitor.Measure | None = None,
) -> DriftReport:
    """The report of a day: the windows of `current` and of what `came` that end with it, against a reference."""
    told = plan.declaration.monitoring
    window, known = (window_of(one, day, told.window_days) for one in (current, came))
    # A reference of before outcomes were watched has none.
    is_label = compared_with.reindex(columns=[outcomes.LABEL])[outcomes.LABEL].notna()
    of_label, predicted = thresholds["column_name"].eq(outcomes.LABEL), plan.declaration.prediction.name
    features, came = (
        Compared(compared_with[ours], rows, thresholds[limits], told.least_rows)
        for ours, rows, limits in ((~is_label, window, ~of_label), (is_label, known, of_label))
    )
    return monitor.compare_with_outcomes(
        features.watching(_columns(plan)), came, day, version, page, measure, predicted
    )


def _columns(plan: Plan) -> list[str]:
    return [*plan.watched, plan.declaration.prediction.name]


def _keys(plan: Plan) -> list[str]:
    return [*plan.declaration.keys, "day"]


def _of_features(plan: Plan) -> bool:
    return plan.declaration.monitoring.table is None


def measured(plan: Plan, source: Source, rows: pd.DataFrame, days: Days, further: Sequence[str] = ()) -> pd.DataFrame:
    """The monitored columns: features as they were at the time of prediction, or the columns of another table.

    Args:
        plan: The use case.
        source: The lake.
        rows: Observations with features, or with nothing where another table is watched.
        days: Which days of that table.
        further: Columns of that table beside the monitored ones.
    """
    table = plan.declaration.monitoring.table
    if table is None:
        return rows
    columns: Mapping[str, None] = dict.fromkeys([*_keys(plan), *plan.watched, *further])
    return to_pandas(source.read(table, days, list(columns)))


def beside(plan: Plan, measurements: pd.DataFrame, predicted: pd.DataFrame) -> pd.DataFrame:
    """Measurements and predictions of the same rows side by side, with the column of what hangs together."""
    group = plan.declaration.monitoring.group
    keys = _keys(plan)
    measurements, predicted = (
        one.assign(day=pd.to_datetime(one["day"]).astype("datetime64[us]")) for one in (measurements, predicted)
    )
    rows = monitored_rows(measurements, predicted, keys, plan.watched, plan.declaration.prediction.name)
    if group and group not in keys:
        rows = rows.merge(predicted[[*keys, group]], on=keys, how="left")
    return rows


def _page(plan: Plan, day: date) -> Path:
    return settings.reports_root() / plan.name / "drift" / f"{day}.html"
