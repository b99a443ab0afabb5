"""A YAML's parameters are judged by the list that the installed LightGBM goes by, without importing it."""

import json
import subprocess
import sys

import lightgbm
import numpy as np
import pytest

from lakehouse_assets.lifecycle.learning.lightgbm_parameters import (
    FILE,
    OBJECTIVES,
    installed,
    known_parameter,
    objectives_said,
    said_twice,
)


def test_the_list_that_is_kept_is_that_of_the_installed_lightgbm() -> None:
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    assert kept == installed(), "run python -m lakehouse_assets.lifecycle.learning.lightgbm_parameters"


def test_judging_a_name_imports_no_lightgbm() -> None:
    code = (
        "import sys; from lakehouse_assets.lifecycle.learning.lightgbm_parameters import known_parameter as k; "
        "k('eta'); sys.exit('lightgbm' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", ["num_leaves", "eta", "random_state", "seed", "verbosity"])
def test_parameters_are_taken_under_all_of_their_names(name: str) -> None:
    assert known_parameter(name) == name


@pytest.mark.parametrize(
    ("name", "expected"), [("num_leafs", "num_leaves"), ("learning_rat", "learning_rate"), ("num_trees", "`rounds`")]
)
def test_other_names_are_refused_with_what_may_be_meant(name: str, expected: str) -> None:
    with pytest.raises(ValueError, match=name) as refused:
        known_parameter(name)
    assert expected in str(refused.value)


def test_one_parameter_under_two_names_and_an_objective_under_another_are_seen() -> None:
    assert said_twice(["eta", "num_leaves", "learning_rate", "num_leaves"]) == [("eta", "learning_rate")]
    assert objectives_said({"application": "binary", "eta": 0.1}) == ["binary"]


@pytest.mark.parametrize("objective", sorted(OBJECTIVES["regression"]))
def test_lightgbm_knows_every_objective_that_a_regression_may_name(objective: str) -> None:
    random = np.random.default_rng(1)
    data = lightgbm.Dataset(random.normal(size=(60, 2)), random.random(60) + 1)
    assert lightgbm.train({"objective": objective, "verbosity": -1}, data, 1).num_trees() == 1
