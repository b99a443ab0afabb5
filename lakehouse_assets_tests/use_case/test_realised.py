"""A champion is held to what was promised when it was promoted, whatever a later training measured of it."""

from datetime import timedelta
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from lakehouse_assets.lake.resource import LakeResource
from lakehouse_assets.lifecycle.judging.expected import expected, keep_expected
from lakehouse_assets.use_case.assets.monitoring import monitoring_assets
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


def with_one_hall_worse(home: Path, days: int) -> None:
    """What came of the last days, if one hall's errors were twelve and the other's three; all are as large as ever."""
    key, lake = "delivery/wear/outcomes", Shop(home).lake
    rows = lake.read_pandas(key.split("/"))
    late = pd.to_datetime(rows["day"]).gt(pd.Timestamp(LAST) - pd.Timedelta(days=days))
    error = np.where(rows["hall"].eq("hall 1"), 12.0, 3.0)
    label = rows["label"].where(~late, rows["predicted_wear"] + error)
    write(lake, key, rows.assign(label=label, day=pd.to_datetime(rows["day"]).dt.date))


def test_a_slice_that_alone_is_worse_fails_the_check_and_is_named_on_the_asset(home: Path) -> None:
    promote(home)
    serve(home, readings(LEARNED + SERVED))
    with_one_hall_worse(home, SERVED)
    plan = plan_of(home)
    asset = monitoring_assets(plan)[-1]
    resources = {"lake": LakeResource(lake_uri=Shop(home).lake.uri), "registry": registry_of(home)}
    done = dg.materialize([asset], partition_key=str(LAST), resources={**resources, "io_manager": dg.mem_io_manager})
    (check,) = done.get_asset_check_evaluations()
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    metadata = done.get_asset_materialization_events()[0].step_materialization_data.materialization.metadata
    told = str(metadata["verdict"].value)
    assert told.startswith("as expected over all, worse than expected in hall=hall 1: mae 12 (12 to 12) of 39 outcomes")
    assert told.endswith(f"since {LAST}")
    assert str(check.description).endswith(f"in each slice, where it tells. Found: {told}.")
    assert "| hall=hall 1 | 39 | 12.000" in str(metadata["slices"].value)
    assert "data:image/png;base64," in str(metadata["course"].value)


def test_a_slice_is_worse_since_the_first_of_the_days_in_a_row(home: Path) -> None:
    promote(home)
    serve(home, readings(LEARNED + SERVED))
    with_one_hall_worse(home, SERVED)
    plan, lake, registry = plan_of(home), Shop(home).lake, registry_of(home)
    made = performance(plan, lake, registry, LAST - timedelta(days=3), LAST - timedelta(days=1)).rows
    before = made.assign(day=made["day"].dt.date)
    # On the third day before the last it was not.
    calm = before["slice"].eq("hall=hall 1") & before["day"].eq(LAST - timedelta(days=3))
    write(lake, "monitoring/wear/performance", before.assign(verdict=before["verdict"].mask(calm, "as expected")))
    (found,) = performance(plan, lake, registry, LAST, LAST).slices
    assert (found.name, found.since) == ("hall=hall 1", LAST - timedelta(days=2))
