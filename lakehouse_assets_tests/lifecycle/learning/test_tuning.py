"""A search with the same seed tries the same settings, however often it was interrupted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from lakehouse_assets.lifecycle.learning.tuning import Trial, tune

SPACE: dict[str, dict[str, Any]] = {
    "rate": {"low": 0.001, "high": 1.0, "log": True},
    "leaves": {"low": 4, "high": 64, "step": 4},
    "kind": {"choices": ["a", "b"]},
}
SPLITS = [(np.arange(4), np.arange(4, 6)), (np.arange(2, 6), np.arange(2))]


def loss(params: Mapping[str, Any], learn: Any, measure: Any) -> float:
    return float(
        (np.log10(params["rate"]) + 2) ** 2 + abs(params["leaves"] - 32) / 8 + (params["kind"] == "b") + measure[0]
    )


def kept_in(folder: Path) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(folder / "search.log")))


def settings_tried(**changed: Any) -> tuple[Trial, list[Trial]]:
    tried: list[Trial] = []
    given: dict[str, Any] = {"name": "search", "most_trials": 18, "on_trial": tried.append}
    return tune(SPACE, loss, SPLITS, **{**given, **changed}), tried


def test_the_same_seed_tries_the_same_settings_and_another_seed_others() -> None:
    best, tried = settings_tried()
    assert settings_tried() == (best, tried)
    assert settings_tried(seed=2)[1] != tried
    assert best == min(tried, key=lambda one: one.loss)
    assert [one.number for one in tried] == list(range(18))


@pytest.mark.parametrize("stop_at", [0, 3, 14])
def test_a_search_that_was_interrupted_goes_on_as_if_it_had_not_been(tmp_path: Path, stop_at: int) -> None:
    class Pulled(BaseException):
        pass

    calls = []

    def pulled(params: Mapping[str, Any], learn: Any, measure: Any) -> float:
        calls.append(params)
        if len(calls) == 2 * stop_at + 2:
            raise Pulled
        return loss(params, learn, measure)

    storage = kept_in(tmp_path)
    with pytest.raises(Pulled):
        tune(SPACE, pulled, SPLITS, name="search", storage=storage, most_trials=18)
    best, tried = settings_tried(storage=storage)
    whole_best, whole = settings_tried()
    assert tried == whole[stop_at:]
    assert best == whole_best


def test_a_finished_search_tries_nothing_more(tmp_path: Path) -> None:
    storage = kept_in(tmp_path)
    best, _ = settings_tried(storage=storage)
    assert settings_tried(storage=storage) == (best, [])


def test_no_trial_starts_after_the_budget() -> None:
    seconds = iter(range(0, 1000, 10))
    said: list[str] = []
    _, tried = settings_tried(budget_seconds=35, clock=lambda: next(seconds), progress=said.append)
    assert len(tried) == 3
    assert "budget of 35 s is used up after 3 of 18" in said[-1]


def test_values_keep_to_their_ranges_and_the_loss_is_the_mean_over_the_splits() -> None:
    for one in settings_tried()[1]:
        assert 0.001 <= one.params["rate"] <= 1
        assert one.params["leaves"] in range(4, 65, 4)
        assert one.params["kind"] in ("a", "b")
        assert one.loss == np.mean(one.losses)
        assert one.losses[0] - one.losses[1] == pytest.approx(4)


def test_what_cannot_be_searched_is_refused(tmp_path: Path) -> None:
    for wrong in ({"low": 2, "high": 1}, {"low": 0, "high": 1, "log": True}, {"choices": []}, {"lo": 1, "high": 2}):
        with pytest.raises(ValueError, match=r"tune search: rate is .*expected"):
            tune({"rate": wrong}, loss, SPLITS, name="search")
    with pytest.raises(ValueError, match="no split"):
        tune(SPACE, loss, [], name="search")
    with pytest.raises(ValueError, match="must be finite"):
        tune(SPACE, lambda *_: float("nan"), SPLITS, name="search")
    storage = kept_in(tmp_path)
    settings_tried(storage=storage, most_trials=1)
    with pytest.raises(ValueError, match="another name"):
        tune({**SPACE, "kind": {"choices": ["a"]}}, loss, SPLITS, name="search", storage=storage)
