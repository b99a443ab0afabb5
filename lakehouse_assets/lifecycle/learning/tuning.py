"""The search for settings: a search space as plain data, splits given by the caller, seeded, resumable, with a budget.

Optuna 5 with its TPE sampler (Bergstra et al. 2011, *Algorithms for hyper-parameter optimization*). The sampler draws
anew from the seed and the trial's number, so a search that was interrupted goes on as if it had not been.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import optuna

Rows = npt.NDArray[np.int64]
Split = tuple[Rows, Rows]
"""Row numbers to learn from, and to measure on. Split by group or by time, as the use case needs."""

SPACE = "lakehouse_assets/search_space"
_STARTUP_TRIALS = 10


@dataclass(frozen=True)
class Trial:
    """One setting that was tried: its number from 0, its parameters, and the mean and each split's loss."""

    number: int
    params: Mapping[str, Any]
    loss: float
    losses: tuple[float, ...]


def tune(
    space: Mapping[str, Mapping[str, Any]],
    evaluate: Callable[[Mapping[str, Any], Rows, Rows], float],
    splits: Sequence[Split],
    *,
    name: str,
    storage: optuna.storages.BaseStorage | str | None = None,
    seed: int = 1,
    most_trials: int = 50,
    budget_seconds: float | None = None,
    on_trial: Callable[[Trial], None] = lambda _: None,
    progress: Callable[[str], None] = lambda _: None,
    in_words: Callable[[float], str] = "loss {:.4f}".format,
    clock: Callable[[], float] = time.monotonic,
) -> Trial:
    """Search for the parameters with the smallest mean loss over the splits.

    Args:
        space: Per parameter ``{low, high}`` with ``log: true`` or ``step``, integers if both bounds are, or
            ``{choices: [...]}``.
        evaluate: Trains with the parameters on the first rows and gives the loss on the second; lower is better.
        splits: The rows; every parameter setting meets the same ones.
        name: The study's name in ``storage``.
        storage: Where trials are kept, an Optuna storage or its address; None keeps them in memory. Finished trials in
            it count, one that was interrupted is tried again.
        seed: The same seed, space and losses give the same trials, interrupted or not.
        most_trials: How many trials to have in the end, those already in ``storage`` among them.
        budget_seconds: No trial starts after this many seconds; the running one is finished. Counts this call only.
        on_trial: Is given each new trial when it is done, to log it.
        progress: Is told in words how far the search has come.
        in_words: A loss as ``progress`` is told it (`search.in_words`).
        clock: Seconds; for tests.

    Returns:
        The best trial; of equal ones the first.

    Raises:
        ValueError: A range cannot be read, there is no split, ``storage`` holds another search space under this name,
            or no trial was finished (the budget was used up).
    """
    import optuna

    if not splits:
        raise ValueError(f"tune {name}: no split is given; at least one is needed to measure a setting")
    for parameter, asked in space.items():
        _check_range(name, parameter, asked)
    began = clock()
    study = optuna.create_study(
        storage=storage, study_name=name, load_if_exists=True, direction="minimize", sampler=_sampler(seed, 0)
    )
    _check_space(study, space)
    while len(done := _done(study)) < most_trials:
        if budget_seconds is not None and clock() - began >= budget_seconds:
            progress(f"the budget of {budget_seconds:g} s is used up after {len(done)} of {most_trials} trials")
            break
        study.sampler = _sampler(seed, len(done))
        asked_trial = study.ask()
        params = {parameter: _suggest(asked_trial, parameter, asked) for parameter, asked in space.items()}
        losses = tuple(float(evaluate(params, learn, measure)) for learn, measure in splits)
        loss = float(np.mean(losses))
        if not np.isfinite(loss):
            study.tell(asked_trial, state=optuna.trial.TrialState.FAIL)
            raise ValueError(f"tune {name}: the losses of {params} are {losses}; every loss must be finite")
        asked_trial.set_user_attr("losses", list(losses))
        study.tell(asked_trial, loss)
        on_trial(Trial(len(done), params, loss, losses))
        best = min([loss, *(one.loss for one in done)])
        progress(f"trial {len(done) + 1} of {most_trials}: {in_words(loss)}, best {in_words(best)}")
    if not done:
        raise ValueError(f"tune {name}: no trial was finished; give it more than {budget_seconds} s or trials")
    return min(done, key=lambda one: (one.loss, one.number))


def trials_of(name: str, storage: optuna.storages.BaseStorage | str) -> list[Trial]:
    """All finished trials of a search, in the order of their numbers; none if it was never begun."""
    import optuna

    kept = optuna.storages.get_storage(storage)
    if name not in optuna.study.get_all_study_names(kept):
        return []
    return _done(optuna.load_study(study_name=name, storage=kept))


def open_storage(address: str) -> optuna.storages.BaseStorage:
    """The storage of searches at an address; the folder of a SQLite file is made."""
    import optuna

    if address.startswith("sqlite:///"):
        Path(address.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return optuna.storages.get_storage(address)


def _done(study: optuna.Study) -> list[Trial]:
    """The finished trials in the order of their numbers, numbered without those that were interrupted."""
    import optuna

    finished = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    return [
        Trial(number, one.params, float(one.value or 0.0), tuple(one.user_attrs["losses"]))
        for number, one in enumerate(sorted(finished, key=lambda one: one.number))
    ]


def _sampler(seed: int, trial: int) -> optuna.samplers.BaseSampler:
    """A sampler whose next draw depends on the seed, the trial's number and the finished trials, and nothing else."""
    import optuna

    own = int(np.random.SeedSequence([seed, trial]).generate_state(1)[0])
    # A trial that was interrupted stays "running" in the storage; the constant liar would count it as bad.
    return optuna.samplers.TPESampler(seed=own, n_startup_trials=_STARTUP_TRIALS, constant_liar=False)


def _suggest(trial: optuna.Trial, parameter: str, asked: Mapping[str, Any]) -> Any:
    if "choices" in asked:
        return trial.suggest_categorical(parameter, list(asked["choices"]))
    low, high, log, step = asked["low"], asked["high"], bool(asked.get("log", False)), asked.get("step")
    if isinstance(low, int) and isinstance(high, int):
        return trial.suggest_int(parameter, low, high, log=log, step=step or 1)
    return trial.suggest_float(parameter, float(low), float(high), log=log, step=step)


def _check_range(name: str, parameter: str, asked: Mapping[str, Any]) -> None:
    keys = set(asked)
    listed = keys == {"choices"} and len(asked["choices"]) > 0
    ranged = {"low", "high"} <= keys <= {"low", "high", "log", "step"} and asked["low"] <= asked["high"]
    if not (listed or ranged) or (ranged and asked.get("log") and (asked["low"] <= 0 or "step" in keys)):
        raise ValueError(
            f"tune {name}: {parameter} is {dict(asked)}; expected {{choices: [...]}} or {{low, high}} with low <= high "
            "and either `step` or `log: true` (then low > 0)"
        )


def _check_space(study: optuna.Study, space: Mapping[str, Mapping[str, Any]]) -> None:
    """A search goes on in the space that it began in."""
    now: Iterable[Any] = json.loads(json.dumps({parameter: dict(asked) for parameter, asked in space.items()}))
    before = study.user_attrs.get(SPACE)
    if before is None:
        study.set_user_attr(SPACE, now)
    elif before != now:
        raise ValueError(
            f"tune {study.study_name}: the storage holds a search over {before}, asked is {now}; give the new search "
            "another name"
        )
