"""How well the predictions came true: realised metrics per slice, against what the evaluation let expect.

A day's outcomes are few, so a day is judged on the outcomes that became known in the window that ends with it, and
their own uncertainty counts. Over all rows a figure is "worse than expected" only where the whole interval of what came
lies on the bad side of the whole interval of the evaluation. Two 95 % intervals of like width that just touch differ at
about 0.5 %, not 5 % (Schenker and Gentleman 2001).

Slices are many, and by that rule one or another was worse in 2.5 to 8.2 % of reports in which nothing was. So they
share a rate (Bonferroni): of a metric any slice is called worse in at most about `SLICE_ALARMS` of the reports, by the
difference of the two figures over its error, with Student's distribution for the groups of outcomes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from lakehouse_assets.lifecycle.judging.evaluation import ALL, RESAMPLES, score_table
from lakehouse_assets.lifecycle.judging.metric import Metric
from lakehouse_assets.monitoring.calibration import WINDOW_DAYS
from lakehouse_assets.monitoring.worse_slices import WORSE

if TYPE_CHECKING:
    import pandas as pd

AS_EXPECTED = "as expected"
#: Of a metric of which neither more nor less is better.
OTHER = "other than expected"
TOO_FEW, NONE_YET, NOT_EVALUATED = "too few outcomes", "no outcomes yet", "not evaluated"

#: In which share of reports in which nothing is worse any slice is said to be, of one metric.
SLICE_ALARMS = 0.01
#: How many standard errors wide a 95 % interval is.
_WIDTH = 2 * 1.96

COLUMNS = ("day", "model_version", "slice", "metric", "value", "low", "high", "expected_low", "expected_high")
PERFORMANCE_COLUMNS = (*COLUMNS, "rows", "verdict")


def performance(
    outcomes: pd.DataFrame,
    day: date,
    model_version: int,
    metrics: Mapping[str, Metric],
    evaluation: pd.DataFrame,
    prediction: str,
    slices: Sequence[str] = (),
    group: str | None = None,
    window_days: int = WINDOW_DAYS,
    resamples: int = RESAMPLES,
) -> pd.DataFrame:
    """Measure one model's predictions on the outcomes that are known by the end of a day.

    Args:
        outcomes: Rows of delivery/<use case>/outcomes: `day` on which the label became known, the prediction (and
            `lower`, `upper` or `alarm`), `label`, `model_version`, the slice columns.
        day: The day; outcomes of the window that ends with it are used, later ones are not.
        model_version: The model; outcomes of predictions by others are left out.
        metrics: Those of the evaluation.
        evaluation: What was measured of this model before it served (`judging.expected`), on the data that decide.
        prediction: The prediction's column.
        slices: Columns whose values are measured apart.
        group: Column of what hangs together (entity, predicted day); None: each outcome by itself.
        window_days: Days of the window.
        resamples: Draws of each interval.

    Returns:
        `PERFORMANCE_COLUMNS`, one row per slice and metric; without any outcome one row per metric over all. Values are
        NaN where there are none.
    """
    from lakehouse_assets.monitoring.reference import window_of

    own = window_of(outcomes[outcomes["model_version"].eq(model_version)], day, window_days)
    known = own[np.isfinite(own["label"].astype("float64"))].reset_index(drop=True)
    outputs = [name for name in ("lower", "upper", "alarm") if name in known.columns]
    given = known[[prediction, *outputs]].rename(columns={prediction: "prediction"})
    groups = known[group] if group else None
    scores = score_table(given, known["label"], known, metrics, slices, groups, "outcomes", resamples)
    if scores.empty:
        scores = _nothing_yet(metrics)
    expected = _expected(evaluation, model_version)
    return _judged(scores, expected, metrics, day, model_version)


def verdict_of(
    value: float,
    interval: tuple[float, float],
    expected: tuple[float, float] | None,
    rows: int,
    metric: Metric,
    groups: int = 0,
    slices: int = 0,
) -> str:
    """Judge one figure.

    Args:
        value: What came.
        interval: How sure that is; NaN where too few rows or groups tell (`evaluation.score_table`).
        expected: The evaluation's interval; None where it has no such figure.
        rows: Outcomes measured.
        metric: Says which way is worse; one that does not decide is only ever other than expected.
        groups: Of a slice: from so many groups that hang together the interval was drawn.
        slices: Of a slice: so many share the rate of false alarms; 0: the figure is of all rows.
    """
    if not rows:
        return NONE_YET
    if not np.isfinite([value, *interval]).all():
        return TOO_FEW
    if expected is None or not np.isfinite(expected).all():
        return NOT_EVALUATED
    above, below = interval[0] > expected[1], interval[1] < expected[0]
    if slices:
        off = _errors_off(value, interval, expected, groups)
        limit = _limit(SLICE_ALARMS / slices / (1 if metric.decides else 2), groups)
        above, below = off > limit, off < -limit
    if not metric.decides:
        return OTHER if above or below else AS_EXPECTED
    return WORSE if (above if metric.lower_is_better else below) else AS_EXPECTED


def _errors_off(value: float, interval: tuple[float, float], expected: tuple[float, float], groups: int) -> float:
    """By how many standard errors a figure lies above the one that was to be expected."""
    # Groups that are drawn anew differ from their own mean, which is too little by the usual ratio.
    ours = (interval[1] - interval[0]) / _WIDTH * (groups / (groups - 1)) ** 0.5
    error = np.hypot(ours, (expected[1] - expected[0]) / _WIDTH)
    difference = value - sum(expected) / 2
    return float(difference / error) if error else float(np.sign(difference)) * float("inf") if difference else 0.0


def _limit(share: float, groups: int) -> float:
    """Beyond so many standard errors lies this share of figures of so many groups."""
    from scipy.stats import t

    return float(t.ppf(1 - share, groups - 1))


def _judged(
    scores: pd.DataFrame,
    expected: Mapping[tuple[str, str], tuple[float, float]],
    metrics: Mapping[str, Metric],
    day: date,
    model_version: int,
) -> pd.DataFrame:
    import pandas as pd

    told, every = [], int(scores.loc[scores["slice"].eq(ALL), "rows"].iloc[0])
    # A slice that holds all rows is no other figure.
    scores = scores.assign(apart=scores["slice"].ne(ALL) & scores["rows"].ne(every))
    judged = scores["low"].notna() & np.array(
        [
            bool(np.isfinite(expected.get((str(part), str(name)), float("nan"))).all())
            for part, name in zip(scores["slice"], scores["metric"], strict=True)
        ]
    )
    sharing = scores[scores["apart"] & judged].groupby("metric").size()
    for one in scores.to_dict("records"):
        promised = expected.get((str(one["slice"]), str(one["metric"])))
        metric, interval = metrics[one["metric"]], (one["low"], one["high"])
        shared = int(sharing.get(one["metric"], 0)) if one["apart"] else 0
        verdict = verdict_of(one["value"], interval, promised, one["rows"], metric, one["groups"], shared)
        low, high = promised or (float("nan"), float("nan"))
        told.append(one | {"expected_low": low, "expected_high": high, "verdict": verdict})
    table = pd.DataFrame(told).assign(day=pd.Timestamp(day), model_version=model_version)
    return table[list(PERFORMANCE_COLUMNS)]


def _expected(evaluation: pd.DataFrame, model_version: int) -> dict[tuple[str, str], tuple[float, float]]:
    """What was measured of this model, by slice and metric, on the data that decide."""
    own = evaluation[evaluation["model_version"].eq(model_version).fillna(False).astype(bool)]
    own = own[own["role"].isin(("candidate", "champion"))]
    data = own.loc[own["decides"].astype(bool), "data"]
    own = own[own["data"].isin(data)]
    return {
        (str(part), str(metric)): (float(low), float(high))
        for part, metric, low, high in own[["slice", "metric", "low", "high"]].itertuples(index=False)
    }


def _nothing_yet(metrics: Mapping[str, Metric]) -> pd.DataFrame:
    import pandas as pd

    unknown = dict.fromkeys(("value", "low", "high"), float("nan"))
    return pd.DataFrame([{"slice": ALL, "metric": name, "rows": 0, "groups": 0} | unknown for name in metrics])
