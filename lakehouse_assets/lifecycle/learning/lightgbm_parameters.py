"""The names that LightGBM knows its parameters by. It takes any other name without a word and does nothing with it.

The list beside this module is LightGBM's own (`LGBM_DumpParamAliases`), kept because asking for it costs the 2.6 CPU
seconds of importing LightGBM whenever definitions load. A test holds it against the installed version;
``python -m lakehouse_assets.lifecycle.learning.lightgbm_parameters`` writes it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_suffix(".json")

#: LightGBM's objectives that fit what a task predicts. A regression may minimise what it likes.
OBJECTIVES = {
    "regression": frozenset(
        {
            *("regression", "regression_l2", "l2", "mean_squared_error", "mse", "l2_root", "root_mean_squared_error"),
            *("rmse", "regression_l1", "l1", "mean_absolute_error", "mae", "huber", "fair", "poisson", "quantile"),
            *("mape", "mean_absolute_percentage_error", "gamma", "tweedie"),
        }
    ),
    "classification": frozenset({"binary"}),
    "forecast": frozenset({"quantile"}),
}


def installed() -> dict[str, list[str]]:
    """Parameter -> its other names, sorted, as the installed LightGBM has them."""
    from lightgbm.basic import _ConfigAliases

    told = _ConfigAliases._get_all_param_aliases()
    return {name: sorted(set(names) - {name}) for name, names in sorted(told.items())}


@cache
def parameter_names() -> Mapping[str, str]:
    """Every name that LightGBM takes -> the parameter that it stands for."""
    known: Mapping[str, Sequence[str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: parameter for parameter, others in known.items() for name in (parameter, *others)}


def known_parameter(name: str) -> str:
    """The name itself.

    Raises:
        ValueError: LightGBM has no such parameter, or it is the number of trees, which has an entry of its own.
    """
    parameter = parameter_names().get(name)
    if parameter == "num_iterations":
        raise ValueError(f"{name!r} is the number of trees; expected `rounds`, which says it")
    if parameter is None:
        near = get_close_matches(name, [*parameter_names(), "rounds"], n=3)
        expected = f"; perhaps {' or '.join(near)} is meant" if near else ""
        raise ValueError(f"LightGBM has no parameter {name!r}{expected} (its documentation lists them)")
    return name


def said_twice(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of names of one parameter: LightGBM would go by one of them and drop the other without a word."""
    first: dict[str, str] = {}
    pairs = []
    for name in names:
        before = first.setdefault(parameter_names().get(name, name), name)
        if before != name:
            pairs.append((before, name))
    return pairs


def objectives_said(params: Mapping[str, object]) -> list[str]:
    """The objective that parameters name, under whichever of its names; none if they leave it to the task."""
    return [str(value) for name, value in params.items() if parameter_names().get(name) == "objective"]


def write() -> None:
    """Write the list of the installed LightGBM in the place of the one that is kept."""
    FILE.write_text(json.dumps(installed(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
