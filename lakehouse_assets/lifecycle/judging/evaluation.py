"""How good predictions are: every metric with its interval, over all rows and in each slice, for any model and task.

Intervals are percentiles over resamples (`bootstrap`). All metrics of a slice share its draws and the resampled rows,
which cost as much as a numpy metric does: 5,000 rows x 6 metrics x 6 slices at 200 draws take 0.4 CPU-s, the paired
difference of one metric at 500 draws 0.6 (one core of a small machine). 200 draws place the ends of a 95 % interval
to about a tenth of its width, enough to read; the gate's difference takes more, since there the end decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from lakehouse_assets.lifecycle.judging.bootstrap import COVERAGE, draws, interval_of
from lakehouse_assets.lifecycle.judging.metric import Metric

RESAMPLES = 200
DIFFERENCE_RESAMPLES = 500
#: Fewer rows, or fewer groups that hang together, tell nothing of how sure a figure is: its interval is null.
LEAST_ROWS = 30
LEAST_GROUPS = 8
ALL = "all"

SCORE_COLUMNS = ("data", "slice", "rows", "groups", "metric", "value", "low", "high")
EVALUATION_COLUMNS = ("role", "model_version", *SCORE_COLUMNS, "decides")
CANDIDATE, CHAMPION, BASELINE, DIFFERENCE = "candidate", "champion", "baseline", "difference"

Rows = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]


def score_table(
    predictions: pd.DataFrame,
    truth: npt.ArrayLike,
    rows: pd.DataFrame,
    metrics: Mapping[str, Metric],
    slices: Sequence[str] = (),
    groups: pd.Series | None = None,
    data: str = "held_out",
    resamples: int = RESAMPLES,
    seed: int = 1,
) -> pd.DataFrame:
    """All metrics over all rows and in each slice.

    Args:
        predictions: n rows as a model gives them: ``prediction``, and ``lower``, ``upper`` or ``alarm``.
        truth: n finite labels.
        rows: n rows with the slice columns, in the same order.
        metrics: Name -> metric.
        slices: Columns whose values are measured apart.
        groups: n names of what hangs together (engine, day) and is resampled together; None: each row by itself.
        data: What the rows are, for the column `data`.
        resamples: Draws of each interval.
        seed: Of the draws.

    Returns:
        `SCORE_COLUMNS`, one row per slice and metric; a slice is "all" or ``column=value``. `low` and `high` are NaN
        for fewer than `LEAST_ROWS` rows or `LEAST_GROUPS` groups. No rows give no scores.

    Raises:
        ValueError: the lengths differ, a truth is not finite or a slice column is missing.
    """
    y = _checked(predictions, truth, rows, slices, groups)

    def measure(chosen: Rows) -> list[float]:
        drawn, came = predictions.take(chosen), y[chosen]
        return [float(metric.function(drawn, came)) for metric in metrics.values()]

    return _table(measure, list(metrics), rows, slices, groups, data, resamples, seed)


def difference_table(
    candidate: pd.DataFrame,
    champion: pd.DataFrame,
    truth: npt.ArrayLike,
    rows: pd.DataFrame,
    name: str,
    metric: Metric,
    slices: Sequence[str] = (),
    groups: pd.Series | None = None,
    data: str = "held_out",
    resamples: int = DIFFERENCE_RESAMPLES,
    seed: int = 1,
) -> pd.DataFrame:
    """One metric of the candidate less the champion's, both on the same rows in every draw.

    Pairing takes out what makes rows hard for both, so the interval is far narrower than those of the two metrics.
    ``name`` is the metric's; the rest as in :func:`score_table`.
    """
    y = _checked(candidate, truth, rows, slices, groups)
    _checked(champion, truth, rows, slices, groups)

    def measure(chosen: Rows) -> list[float]:
        came = y[chosen]
        return [float(metric.function(candidate.take(chosen), came) - metric.function(champion.take(chosen), came))]

    return _table(measure, [name], rows, slices, groups, data, resamples, seed)


def of_role(
    scores: pd.DataFrame, role: str, model_version: int | None, deciding_data: str, deciding_metric: str
) -> pd.DataFrame:
    """A score table as rows of the table models/<use case>/evaluation (`EVALUATION_COLUMNS`).

    `decides` marks what the gate looks at: one metric on one data, over all and in the slices.
    """
    told = scores.assign(
        role=role,
        model_version=pd.array([model_version] * len(scores), dtype="Int64"),
        decides=scores["data"].eq(deciding_data) & scores["metric"].eq(deciding_metric),
    )
    return told[list(EVALUATION_COLUMNS)]


def value_of(
    scores: pd.DataFrame, data: str, metric: str, part: str = ALL, role: str | None = None, column: str = "value"
) -> float | None:
    """One figure out of a score or evaluation table; None where it was not measured."""
    wanted = scores["data"].eq(data) & scores["metric"].eq(metric) & scores["slice"].eq(part)
    if role is not None:
        wanted &= scores["role"].eq(role)
    found = scores.loc[wanted, column]
    return float(found.iloc[0]) if len(found) else None


def figure(value: float, low: float = float("nan"), high: float = float("nan")) -> str:
    """A value with its interval in words: three places, or as many as show three figures of a small one."""
    if value != value:
        return "not defined"
    places = 3 if abs(value) >= 0.1 or value == 0 else 5
    known = low == low and high == high
    return f"{value:.{places}f}" + (f" ({low:.{places}f} to {high:.{places}f})" if known else "")


def markdown(scores: pd.DataFrame, columns: Sequence[str] = ("data", "slice")) -> str:
    """A score table as a page shows it: a line per slice, a column per metric, figures with their intervals."""
    names = list(dict.fromkeys(scores["metric"]))
    lines: dict[tuple[str, ...], dict[str, str]] = {}
    for one in scores.to_dict("records"):
        key = tuple("" if pd.isna(one[column]) else str(one[column]) for column in (*columns, "rows", "groups"))
        lines.setdefault(key, {})[one["metric"]] = figure(one["value"], one["low"], one["high"])
    table = [[*columns, "rows", "groups", *names], ["---"] * (len(columns) + 2 + len(names))]
    table += [[*key, *(found.get(name, "") for name in names)] for key, found in lines.items()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in table)


def slices_of(rows: pd.DataFrame, slices: Sequence[str]) -> Iterator[tuple[str, Rows]]:
    """Each slice's name and the places of its rows: "all" first, then the values of each column in order.

    Rows without a value make a slice of their own, so that every row is seen in each column.
    """
    if not len(rows):
        return
    yield ALL, np.arange(len(rows))
    for column in slices:
        codes, values = pd.factorize(rows[column], sort=True)
        for number, value in enumerate(values):
            yield f"{column}={value}", np.flatnonzero(codes == number)
        if (codes < 0).any():
            yield f"{column} is missing", np.flatnonzero(codes < 0)


def _table(
    measure: Callable[[Rows], list[float]],
    names: list[str],
    rows: pd.DataFrame,
    slices: Sequence[str],
    groups: pd.Series | None,
    data: str,
    resamples: int,
    seed: int,
) -> pd.DataFrame:
    """A row per slice and name; `measure` gives one figure per name for the rows at the places that it is given."""
    of_row = np.arange(len(rows)) if groups is None else pd.factorize(groups)[0]
    found = []
    for part, chosen in slices_of(rows, slices):
        count = len(np.unique(of_row[chosen]))
        values = measure(chosen)
        intervals = [(float("nan"), float("nan"))] * len(names)
        if len(chosen) >= LEAST_ROWS and count >= LEAST_GROUPS:
            resampled = np.array([measure(chosen[drawn]) for drawn in draws(of_row[chosen], seed, resamples)])
            told = [interval_of(value, column, COVERAGE) for value, column in zip(values, resampled.T, strict=True)]
            intervals = [(one.low, one.high) for one in told]
        for name, value, (low, high) in zip(names, values, intervals, strict=True):
            found.append((data, part, len(chosen), count, name, value, low, high))
    numbers = {"rows": "int64", "groups": "int64", "value": "float64", "low": "float64", "high": "float64"}
    return pd.DataFrame(found, columns=list(SCORE_COLUMNS)).astype(numbers)


def _checked(
    predictions: pd.DataFrame,
    truth: npt.ArrayLike,
    rows: pd.DataFrame,
    slices: Sequence[str],
    groups: pd.Series | None,
) -> Floats:
    """The truth as numbers, once everything is known to have as many rows."""
    y = np.asarray(truth, dtype=np.float64)
    lengths = {
        "predictions": len(predictions),
        "truths": len(y),
        "rows": len(rows),
        "groups": len(rows) if groups is None else len(groups),
    }
    if len(set(lengths.values())) > 1:
        raise ValueError(f"evaluation: {', '.join(f'{n} {what}' for what, n in lengths.items())}; as many of each")
    if not np.isfinite(y).all():
        raise ValueError(
            f"evaluation: {int((~np.isfinite(y)).sum())} of {len(y)} truths are not finite; measure on rows whose "
            "label is known"
        )
    missing = [column for column in slices if column not in rows.columns]
    if missing:
        raise ValueError(f"evaluation: rows have no slice columns {missing}; they have {list(rows.columns)}")
    return y
