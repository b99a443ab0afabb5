"""What one run says of gate and search: judged when the run is asked for, told in the metric's own words."""

from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from pydantic import ValidationError

from lakehouse_assets.definitions import defs
from lakehouse_assets.lifecycle.judging import gate
from lakehouse_assets.use_case.assets.judging import AtLeast, AtMost, GateMode
from lakehouse_assets.use_case.judging.gated import rules_of
from lakehouse_assets.use_case.training.search import best_of
from lakehouse_assets_tests.use_case.shop import shop_in


def asked(use_case: str, **said: Any) -> dict[str, Any]:
    """The run config as the launchpad gives it, judged as Dagster judges it before it starts anything."""
    job = defs.resolve_job_def(f"{use_case}_training")
    config = {"ops": {f"models__{use_case}__champion": {"config": said}}}
    return dict(dg.validate_run_config(job, config)["ops"][f"models__{use_case}__champion"]["config"])


def test_a_mode_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(dg.DagsterInvalidConfigError) as refused:
        asked("milling_failure", mode="dryrun")
    assert "dryrun" in str(refused.value)
    assert asked("milling_failure", mode="dry_run")["mode"] == "dry_run"


def test_a_bound_on_the_wrong_side_of_the_metric_is_refused_with_the_right_one() -> None:
    with pytest.raises(dg.DagsterInvalidConfigError, match=r'unexpected config entry "at_least".*at_most\?'):
        asked("turbofan_rul", at_least=1.0)
    assert asked("turbofan_rul", at_most=20.0)["at_most"] == 20.0


def test_a_negative_margin_and_nobody_are_refused() -> None:
    for wrong in ({"margin": -0.1}, {"who": ""}):
        with pytest.raises(ValidationError, match=next(iter(wrong))):
            AtMost(**wrong)


def test_the_modes_are_those_of_the_gate_and_a_bound_is_that_of_its_side() -> None:
    assert {mode.value for mode in GateMode} == {gate.ON, gate.DRY_RUN, gate.OFF} == set(GateMode.__members__)
    assert (AtMost(at_most=2.0).bound, AtLeast(at_least=0.5).bound, AtLeast().bound) == (2.0, 0.5, None)


def test_what_a_run_says_stands_in_the_place_of_what_is_declared(tmp_path: Path) -> None:
    plan = shop_in(tmp_path).plan
    declared = rules_of(plan, AtMost())
    assert (declared.at_most, declared.at_least, declared.margin, declared.mode) == (100.0, None, 0.0, gate.ON)
    said = rules_of(plan, AtMost(at_most=3.0, margin=0.5, mode=GateMode.dry_run))
    assert (said.at_most, said.at_least, said.margin, said.mode) == (3.0, None, 0.5, gate.DRY_RUN)


def test_the_best_of_a_search_stands_under_its_metrics_name_with_its_own_sign(tmp_path: Path) -> None:
    shop = shop_in(tmp_path)
    trials = pd.DataFrame({"number": [0, 1], "params": ["{}", "{}"], "loss": [2.0, -0.9], "chosen": [False, True]})
    assert best_of(shop.plan, trials.assign(loss=[2.0, 0.9])) == {"best_mae": 0.9, "best_params": "{}", "best_trial": 1}
    shop.change({"task: regression": "task: classification", "metric: mae": "metric: auc", "at_most": "at_least"})
    assert best_of(shop.plan, trials)["best_auc"] == 0.9
