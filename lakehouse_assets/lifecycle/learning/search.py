"""A search for settings of any task: what one trial trains, and by which figure it is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lakehouse_assets.lifecycle.judging.metric import Metric
from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings
from lakehouse_assets.lifecycle.learning.tasks import task_named
from lakehouse_assets.lifecycle.learning.training_rows import TrainingRows
from lakehouse_assets.lifecycle.learning.tuning import Rows


def trial_loss(
    rows: TrainingRows, task: str, settings: ModelSettings, metric: str
) -> Callable[[Mapping[str, Any], Rows, Rows], float]:
    """What ``tuning.tune`` calls for each split of a trial: train without calibrating, and measure.

    Args:
        rows: The training rows; held-out ones are not among them.
        task: The task's name.
        settings: What the trial's parameters are laid over.
        metric: One of the task's metrics. Of one that is better when higher the loss is the negative.

    Raises:
        ValueError: The task has no such metric, or it judges nothing.
    """
    kind = task_named(task)
    judge = _judge(task, settings, metric)

    def loss(params: Mapping[str, Any], learn: Rows, measure: Rows) -> float:
        taken, asked = rows.take(learn), rows.take(measure)
        model = kind.fit_plain(taken.features, taken.label, settings.with_found(params))
        figure = judge(model.predict(asked.features), asked.label)
        return figure if judge.lower_is_better else -figure

    return loss


def in_words(task: str, settings: ModelSettings, metric: str) -> Callable[[float], str]:
    """What makes of a loss the metric's name and figure: of one that is better when higher the loss is the negative.

    Raises:
        ValueError: As :func:`trial_loss`.
    """
    sign = 1.0 if _judge(task, settings, metric).lower_is_better else -1.0
    return lambda loss: f"{metric} {sign * loss:.4f}"


def _judge(task: str, settings: ModelSettings, metric: str) -> Metric:
    known = task_named(task).metrics(settings)
    if metric not in known or not known[metric].decides:
        judging = [name for name, one in known.items() if one.decides]
        raise ValueError(f"a search cannot go by {metric!r}; expected one of {', '.join(judging)}")
    return known[metric]
