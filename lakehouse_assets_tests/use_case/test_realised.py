"""A champion is held to what was promised when it was promoted, whatever a later training measured of it."""

from pathlib import Path

import pandas as pd
import pytest

from lakehouse_assets.lifecycle.judging.expected import expected, keep_expected
from lakehouse_assets.use_case.judging import judged
from lakehouse_assets.use_case.serving.realised import performance
from lakehouse_assets_tests.use_case.serving_shop import (
    LAST,
    LEARNED,
    SERVED,
    learned_rows,
    plan_of,
    registry_of,
    serve,
    with_a_champion,
    with_more_wear,
)
from lakehouse_assets_tests.use_case.shop import Shop, readings, write


@pytest.fixture
def home(tmp_path: Path, empty_registry: Path) -> Path:
    """The shop with a champion."""
    return with_a_champion(tmp_path, empty_registry)


def evaluation(home: Path, rows: pd.DataFrame, candidate: bool = True) -> pd.DataFrame:
    """The champion measured on the held-out rows of a training set, as candidate or only beside one."""
    plan, registry = plan_of(home), registry_of(home)
    version = registry.champion("wear")
    assert version is not None
    ours = judged.Judged(version.version, registry.load(version))
    data = judged.data_to_measure_on(plan, plan.source(Shop(home).lake), rows)
    newest = ours if candidate else judged.Judged(version.version + 1, ours.model)
    return judged.evaluation(plan, rows, data, newest, ours)


def keep_table(home: Path, scores: pd.DataFrame) -> None:
    write(Shop(home).lake, "models/wear/evaluation", scores.assign(day=LAST))


def words(home: Path) -> str:
    """The verdict of the last day."""
    return performance(plan_of(home), Shop(home).lake, registry_of(home), LAST, LAST).words


def promote(home: Path) -> None:
    """With what its evaluation let expect."""
    version = registry_of(home).champion("wear")
    assert version is not None
    scores = evaluation(home, learned_rows(home))
    keep_expected(registry_of(home), version, scores)
    keep_table(home, scores)


def test_outcomes_as_promised_are_as_expected_and_worse_ones_are_worse(home: Path) -> None:
    promote(home)
    serve(home, readings(LEARNED + SERVED))
    assert words(home) == "as expected"
    serve(home, with_more_wear(25.0))
    assert words(home) == "worse than expected"


def test_a_refused_retraining_that_measured_the_champion_on_what_came_since_makes_nothing_of_it_expected(
    home: Path,
) -> None:
    promote(home)
    serve(home, with_more_wear(25.0))
    later = learned_rows(home, LEARNED + SERVED)
    newest = later[later["day"].gt(pd.Timestamp(LAST) - pd.Timedelta(days=SERVED))].assign(split="held_out")
    keep_table(home, evaluation(home, pd.concat([later[later["split"].ne("held_out")], newest]), candidate=False))
    assert words(home) == "worse than expected"


def test_a_champion_that_was_promoted_before_promises_were_kept_is_held_to_the_evaluation_that_is_there(
    home: Path,
) -> None:
    version = registry_of(home).champion("wear")
    assert version is not None
    assert expected(registry_of(home), version) is None
    keep_table(home, evaluation(home, learned_rows(home)))
    serve(home, with_more_wear(25.0))
    assert words(home) == "worse than expected"


def test_what_was_promised_once_is_never_promised_anew(home: Path) -> None:
    promote(home)
    version = registry_of(home).champion("wear")
    assert version is not None
    before = expected(registry_of(home), version)
    serve(home, with_more_wear(25.0))
    later = evaluation(home, learned_rows(home, LEARNED + SERVED))
    keep_expected(registry_of(home), version, later)
    after = expected(registry_of(home), version)
    assert before is not None
    assert after is not None
    pd.testing.assert_frame_equal(before, after)
    own = later[later["role"].eq("candidate")].reset_index(drop=True)
    assert not own["high"].equals(before["high"]), "it was measured on other rows"


def test_what_is_promised_is_every_figure_of_the_candidate_on_the_data_that_decide(home: Path) -> None:
    promote(home)
    version = registry_of(home).champion("wear")
    assert version is not None
    kept, scores = expected(registry_of(home), version), evaluation(home, learned_rows(home))
    assert kept is not None
    own = scores[scores["role"].eq("candidate")].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, own[list(kept.columns)], check_dtype=False)
    assert {"mae", "rmse"} <= set(kept["metric"])
