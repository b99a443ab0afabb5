"""How good probabilities and the alarms that follow from them are.

The figures of alarms are counted here and not by scikit-learn: a bootstrap asks for each a thousand times, and its
checks of the input take longer than the counting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from lakehouse_assets.lifecycle.judging.metric import Metric
from lakehouse_assets.lifecycle.judging.ranking import area_under_curve, average_precision
from lakehouse_assets.lifecycle.learning.model import ALARM, PREDICTION

Labels = npt.NDArray[np.bool_]


def alarm_metrics(cost_of_miss: float, cost_of_false_alarm: float) -> dict[str, Metric]:
    """The metrics by name: of the column ``alarm``, and of the probability in ``prediction``.

    ``cost`` is the mean over the rows of what missed and false alarms cost, in the costs' unit. Where a ratio has
    nothing below it (no alarm, nothing to find) it is 0; ``average_precision`` and ``auc`` are NaN with one class only.
    """

    def counted(figure: Callable[[int, int, int], float]) -> Callable[..., float]:
        return lambda p, y: figure(*_hits_misses_false(np.asarray(p[ALARM], dtype=bool), _labels(y)))

    def cost(p: Mapping[str, npt.ArrayLike], y: npt.ArrayLike) -> float:
        truth = _labels(y)
        _, missed, false = _hits_misses_false(np.asarray(p[ALARM], dtype=bool), truth)
        return (missed * cost_of_miss + false * cost_of_false_alarm) / len(truth)

    return {
        "f1": Metric(counted(lambda hits, missed, false: _ratio(2 * hits, 2 * hits + missed + false)), False),
        "precision": Metric(counted(lambda hits, missed, false: _ratio(hits, hits + false)), False),
        "recall": Metric(counted(lambda hits, missed, false: _ratio(hits, hits + missed)), False),
        "average_precision": Metric(lambda p, y: average_precision(p[PREDICTION], _labels(y)), False),
        "auc": Metric(lambda p, y: area_under_curve(p[PREDICTION], _labels(y)), False),
        "brier": Metric(lambda p, y: _brier(p[PREDICTION], _labels(y)), True),
        "cost": Metric(cost, True),
    }


def _hits_misses_false(alarm: Labels, truth: Labels) -> tuple[int, int, int]:
    if alarm.shape != truth.shape:
        raise ValueError(f"{alarm.shape} alarms and {truth.shape} labels; n of each are needed")
    hits = int((alarm & truth).sum())
    return hits, int(truth.sum()) - hits, int(alarm.sum()) - hits


def _labels(truth: npt.ArrayLike) -> Labels:
    y = np.asarray(truth, dtype=np.float64)
    if not len(y) or not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("labels must be 0 or 1, and at least one; leave out rows whose outcome is not known")
    ones: Labels = y == 1.0
    return ones


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _brier(probability: npt.ArrayLike, truth: Labels) -> float:
    return float(np.mean((np.asarray(probability, dtype=np.float64) - truth) ** 2))
