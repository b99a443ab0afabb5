"""The kinds of prediction problem that the platform knows: each trains a model, loads one and measures predictions."""

from lakehouse_assets.lifecycle.learning.tasks.task import Task

__all__ = ["TASK_NAMES", "Task", "task_named"]

TASK_NAMES = ("regression", "classification", "forecast")


def task_named(name: str) -> Task:
    """The task of that name.

    Raises:
        ValueError: there is none.
    """
    from lakehouse_assets.lifecycle.learning.tasks.classification import Classification
    from lakehouse_assets.lifecycle.learning.tasks.forecast import Forecast
    from lakehouse_assets.lifecycle.learning.tasks.regression import Regression

    tasks: dict[str, Task] = {task.name: task for task in (Regression(), Classification(), Forecast())}
    if name not in tasks:
        raise ValueError(f"there is no task {name!r}; expected one of {', '.join(TASK_NAMES)}")
    return tasks[name]
