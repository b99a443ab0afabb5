"""Models of every task: trained the same every time, kept as text, and refused in words where rows do not suffice."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from lakehouse_assets.lifecycle.learning.loading import load_model
from lakehouse_assets.lifecycle.learning.model import DOCUMENT, ModelFileError, TrainedModel, model_digest
from lakehouse_assets.lifecycle.learning.model_settings import ModelSettings
from lakehouse_assets.lifecycle.learning.tasks import task_named
from lakehouse_assets_tests.lifecycle.learning.problems import PARAMS, TASKS, Problem, problem, settings

NUMBERS = st.floats(-1e6, 1e6) | st.just(float("nan"))


def fit(task: str, given: Problem | None = None, **changed: Any) -> TrainedModel:
    p = given or problem(task)
    return task_named(task).fit(p.features, p.label, p.groups, p.days, settings(**changed))


@pytest.fixture(scope="module")
def trained() -> dict[str, TrainedModel]:
    return {task: fit(task) for task in TASKS}


@examples(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS), max_size=30), task=st.sampled_from(TASKS))
def test_a_model_read_from_its_folder_predicts_the_same_to_the_last_bit(
    trained: dict[str, TrainedModel], tmp_path: Path, rows: list[tuple[float, float]], task: str
) -> None:
    model = trained[task]
    model.save(tmp_path / task)
    read = load_model(tmp_path / task)
    frame = pd.DataFrame(rows, columns=["y", "x"], dtype="float64")
    pd.testing.assert_frame_equal(read.predict(frame), model.predict(frame), check_exact=True)
    assert (read.task, read.features, read.outputs) == (model.task, ("x", "y"), model.outputs)
    assert read.settings == model.settings
    assert dict(read.training_metrics) == dict(model.training_metrics)


@pytest.mark.parametrize("task", TASKS)
def test_the_folder_holds_text_only_and_the_same_training_gives_the_same_folder(task: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        fit(task).save(tmp_path / name)
    fit(task, rounds=16).save(tmp_path / "other")
    assert model_digest(tmp_path / "one") == model_digest(tmp_path / "two") != model_digest(tmp_path / "other")
    for file in (tmp_path / "one").iterdir():
        assert file.suffix in (".txt", ".json")
        file.read_text(encoding="ascii")
    json.loads((tmp_path / "one" / DOCUMENT).read_text(), parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


@pytest.mark.parametrize("task", TASKS)
def test_columns_are_taken_by_name_and_the_index_is_kept(task: str, trained: dict[str, TrainedModel]) -> None:
    rows = problem(task, 9).features.set_index(pd.Index(list("ihgfedcba")))
    swapped = rows.assign(other="text")[["other", "y", "x"]]
    pd.testing.assert_frame_equal(trained[task].predict(swapped), trained[task].predict(rows))
    assert list(trained[task].predict(rows).index) == list("ihgfedcba")
    with pytest.raises(KeyError, match="x"):
        trained[task].predict(rows[["y"]])


@pytest.mark.parametrize("task", TASKS)
def test_the_feature_that_matters_contributes_most(task: str, trained: dict[str, TrainedModel]) -> None:
    found = trained[task].contributions(problem(task, 50).features)
    assert list(found.index) == ["x", "y"]
    assert found["x"] > 3 * found["y"]


@pytest.mark.parametrize("task", TASKS)
def test_labels_that_are_missing_or_few_are_refused_with_what_to_do(task: str) -> None:
    few = problem(task, 8)
    with pytest.raises(ValueError, match=f"{task}: 8 training rows .* at least 10 .*more days before training"):
        fit(task, few)
    gaps = problem(task)
    with pytest.raises(ValueError, match="1 of 400 labels are missing"):
        fit(task, replace(gaps, label=gaps.label.where(gaps.label.index != 3)))


def test_a_folder_without_a_model_is_named(tmp_path: Path, trained: dict[str, TrainedModel]) -> None:
    with pytest.raises(ModelFileError, match=r"model\.json cannot be read"):
        load_model(tmp_path)
    trained["forecast"].save(tmp_path)
    (tmp_path / "quantile_0.9.txt").unlink()
    with pytest.raises(ModelFileError, match=r"quantile_0\.9\.txt is missing"):
        load_model(tmp_path)
    (tmp_path / DOCUMENT).write_text('{"format": 99}')
    with pytest.raises(ModelFileError, match="form 99"):
        load_model(tmp_path)


def test_settings_come_back_from_json_and_those_of_another_version_are_refused() -> None:
    given = settings(label_cap=130.0, quantiles=(0.2, 0.5), minimum=0.0)
    assert ModelSettings.from_json(json.loads(json.dumps(given.to_json()))) == given
    with pytest.raises(ValueError, match="unknown to this code"):
        ModelSettings.from_json({**given.to_json(), "dropout": 1})
    with pytest.raises(ValueError, match="lies above"):
        settings(minimum=2.0, maximum=1.0)


def test_what_a_search_found_goes_where_it_belongs() -> None:
    found = settings().with_found({"rounds": 7, "num_leaves": 3})
    assert found.rounds == 7
    assert found.params == {**PARAMS, "num_leaves": 3}


def test_a_task_of_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of regression, classification, forecast"):
        task_named("ranking")


@pytest.mark.parametrize("task", TASKS)
def test_a_plain_fit_ranks_rows_as_the_whole_one_does(task: str, trained: dict[str, TrainedModel]) -> None:
    p = problem(task)
    plain = task_named(task).fit_plain(p.features, p.label, settings()).predict(p.features)
    whole = trained[task].predict(p.features)
    assert (plain["prediction"].rank() == whole["prediction"].rank()).all()
    assert list(plain.columns) == list(whole.columns)
