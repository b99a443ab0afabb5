"""The search for a use case's settings: what is tried, on which splits, by which loss."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pandas as pd

from lakehouse_assets import settings as places
from lakehouse_assets.lifecycle.learning.search import in_words, trial_loss
from lakehouse_assets.lifecycle.learning.splits import splits_of
from lakehouse_assets.lifecycle.learning.trial_runs import search_run
from lakehouse_assets.lifecycle.learning.tuning import open_storage, trials_of, tune
from lakehouse_assets.use_case.declaring.declared_model import deciding_metrics
from lakehouse_assets.use_case.training.candidate import ingredients, settings_of

if TYPE_CHECKING:
    from lakehouse_assets.lifecycle.registry import ModelRegistry
    from lakehouse_assets.use_case.plan import Plan


def run(
    plan: Plan,
    rows: pd.DataFrame,
    registry: ModelRegistry,
    trials: int | None,
    budget_minutes: float | None,
    progress: Callable[[str], None],
) -> pd.DataFrame:
    """Search on the training side of a training set.

    A search is named by its rows, space and splits, so that it goes on where an interrupted one on the same rows
    stopped, and begins anew on others.

    Args:
        plan: The use case; it declares a search space.
        rows: The training set.
        registry: Where the trials are logged, as runs below that of the search.
        trials: How many to have in the end; None: as declared.
        budget_minutes: No trial starts later; None: as declared.
        progress: Is told how far it has come.

    Returns:
        number, params and losses (JSON), loss, chosen: every trial so far.
    """
    declared = plan.declaration.tuning
    if declared is None:
        raise ValueError(f"use case {plan.name} declares no search space: give its defs.yaml a section `tuning`")
    made_of = ingredients(plan, rows, settings_of(plan.declaration))
    name = f"{plan.name} {made_of.recipe[:12]}"
    minutes = budget_minutes if budget_minutes is not None else declared.budget_minutes
    splits = splits_of(made_of.rows, declared.by, declared.folds, declared.seed)
    judged = (made_of.task, made_of.settings, plan.declaration.evaluation.metric)
    runs, storage = search_run(registry, plan.name, name), open_storage(places.tuning_storage())
    chosen = tune(
        declared.asked,
        trial_loss(made_of.rows, *judged),
        splits,
        name=name,
        storage=storage,
        seed=declared.seed,
        most_trials=trials or declared.trials,
        budget_seconds=None if minutes is None else 60 * minutes,
        on_trial=runs.log,
        progress=progress,
        in_words=in_words(*judged),
    )
    done = trials_of(name, storage)
    runs.log_missing(done)
    runs.finish(chosen)
    return pd.DataFrame(
        {
            "number": [one.number for one in done],
            "params": [json.dumps(dict(one.params), sort_keys=True) for one in done],
            "loss": [one.loss for one in done],
            "losses": [json.dumps(list(one.losses)) for one in done],
            "chosen": [one.number == chosen.number for one in done],
        }
    )


def best_of(plan: Plan, trials: pd.DataFrame) -> dict[str, Any]:
    """What the asset page says of a search: the figure under its metric's name and with its own sign."""
    declared = plan.declaration
    less = deciding_metrics(declared.task, declared.model)[declared.evaluation.metric]
    best = trials[trials["chosen"]].iloc[0]
    figure = float(best["loss"]) if less else -float(best["loss"])
    named = {f"best_{declared.evaluation.metric}": figure}
    return {**named, "best_params": best["params"], "best_trial": int(best["number"])}
