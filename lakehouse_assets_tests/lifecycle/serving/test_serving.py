"""An entity's key in, its prediction out: by MLflow's own loader, the same numbers as from the features themselves."""

from datetime import date, timedelta
from typing import Any

import mlflow
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException

from lakehouse_assets.lifecycle.model_version import ModelVersion
from lakehouse_assets.lifecycle.serving.feature_versions import FeatureVersionError
from lakehouse_assets.lifecycle.serving.predicted import predicted
from lakehouse_assets.lifecycle.serving.pyfunc import MissingInputError, load_served
from lakehouse_assets.lifecycle.serving.retrieval import features_at
from lakehouse_assets.lifecycle.serving.serving_spec import Instants
from lakehouse_assets_tests.lifecycle.learning.problems import TASKS
from lakehouse_assets_tests.lifecycle.pumps import (
    LAST,
    VIEW,
    Plant,
    candidate,
    feature_rows,
    observations,
    trained,
    write,
)


@pytest.fixture(scope="module")
def champion(plant: Plant) -> ModelVersion:
    made = plant.registry.register(candidate(trained(plant.lake), "pumps"))
    plant.registry.promote(made)
    return made


@pytest.fixture(autouse=True)
def _own_lake(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in plant.environment.items():
        monkeypatch.setenv(name, value)


def scored(plant: Plant, version: ModelVersion, rows: pd.DataFrame) -> pd.DataFrame:
    """What scoring writes: fetch features, ask the model."""
    wanted = observations(rows)
    joined = features_at(plant.lake, wanted, [VIEW])
    made = predicted(plant.registry.load(version), joined, "wear", version.version, "f1", "test")
    return wanted.join(made)


def served(plant: Plant, version: ModelVersion, rows: pd.DataFrame) -> pd.DataFrame:
    plant.registry.prepare()
    answer: pd.DataFrame = mlflow.pyfunc.load_model(version.uri).predict(rows)
    return answer


@pytest.mark.parametrize("task", TASKS)
def test_a_served_model_gives_the_numbers_of_scoring_for_every_task(plant: Plant, task: str) -> None:
    version = plant.registry.register(candidate(trained(plant.lake, task), f"{task}_served"))
    rows = feature_rows().sample(60, random_state=1)
    found = served(plant, version, rows[["pump", "line", "day"]].reset_index(drop=True))
    pd.testing.assert_frame_equal(found, scored(plant, version, rows), check_exact=True, check_dtype=False)
    assert found["wear"].nunique() > 1


@pytest.mark.parametrize("as_given", [str, pd.Timestamp, lambda day: day, lambda day: f"{day}T00:00:00"])
def test_a_day_may_be_text_a_date_or_a_timestamp(plant: Plant, champion: ModelVersion, as_given: Any) -> None:
    rows = feature_rows().iloc[30:50]
    given = rows[["pump", "line"]].assign(day=[as_given(day) for day in rows["day"]])
    found = served(plant, champion, given)
    assert (found["wear"].to_numpy() == scored(plant, champion, rows)["wear"].to_numpy()).all()
    assert list(found.index) == list(rows.index)


def test_without_a_day_the_newest_of_each_entity_is_predicted(plant: Plant, champion: ModelVersion) -> None:
    stopped = feature_rows(1, 20).assign(pump="stopped")
    write(plant.lake, VIEW.table, stopped)
    asked = pd.DataFrame({"pump": ["p3", "stopped", "p0"], "line": [0, 0, 0]})
    found = served(plant, champion, asked)
    assert found["day"].tolist() == [LAST, date(2024, 3, 20), LAST]
    newest = pd.concat([feature_rows(), stopped]).merge(found[["pump", "line", "day"]], on=["pump", "line", "day"])
    expected = scored(plant, champion, newest).set_index("pump")["wear"]
    assert found["wear"].tolist() == [expected[pump] for pump in asked["pump"]]


def test_of_an_entity_that_nobody_knows_nothing_is_predicted_and_the_others_are(
    plant: Plant, champion: ModelVersion
) -> None:
    asked = pd.DataFrame({"pump": ["never seen", "p1"], "line": [5, 1], "day": ["2024-03-09", "2024-03-09"]})
    found = served(plant, champion, asked)
    assert found.loc[0, ["wear", "lower", "upper", "feature_version"]].tolist() == [None] * 4
    assert isinstance(found.loc[1, "wear"], float)
    without = served(plant, champion, asked[["pump", "line"]].iloc[:1])
    assert without.loc[0, ["day", "predicted_at", "wear"]].tolist() == [None] * 3


def test_features_older_than_the_limit_or_ingested_too_late_are_not_served(
    plant: Plant, champion: ModelVersion
) -> None:
    asked = pd.DataFrame({"pump": "p1", "line": 1, "day": [LAST + timedelta(days=n) for n in (0, 1, 2, 3, 4)]})
    found = served(plant, champion, asked)
    assert [one is None for one in found["wear"]] == [False, False, False, True, True]
    late = feature_rows(1).assign(pump="late", known_at=pd.Timestamp("2024-06-01", tz="UTC"))
    write(plant.lake, VIEW.table, late)
    found = served(plant, champion, late[["pump", "line", "day"]].reset_index(drop=True))
    assert found["wear"].isna().all()


def test_a_row_that_came_late_is_predicted_when_it_came_if_a_table_says_so(plant: Plant) -> None:
    came = pd.Timestamp("2024-03-15T12:00", tz="UTC")
    late = feature_rows(1, 1).assign(pump="slow", known_at=came)
    write(plant.lake, VIEW.table, late)
    write(plant.lake, "harmonized/pumps/operations", late[["pump", "line", "day", "known_at"]])
    made = candidate(trained(plant.lake), "slow_pumps", instants=Instants("harmonized/pumps/operations", "known_at"))
    version = plant.registry.register(made)
    # Two weeks on the row is too old for the limit of three days: it is seen, and not used.
    asked = pd.DataFrame({"pump": ["slow", "p1"], "line": [0, 1], "day": ["2024-03-01", "2024-03-01"]})
    found = served(plant, version, asked)
    assert found["predicted_at"].tolist() == [came, pd.Timestamp("2024-03-02T05:00", tz="UTC")]
    assert found["wear"].notna().tolist() == [False, True]


def test_input_without_a_key_or_with_values_of_another_type_is_refused_with_what_is_expected(
    plant: Plant, champion: ModelVersion
) -> None:
    with pytest.raises(MlflowException, match=r"missing inputs \['line'\]"):
        served(plant, champion, pd.DataFrame({"pump": ["p1"]}))
    own = load_served(str(plant.registry.folder(champion)))
    with pytest.raises(MissingInputError, match=r"lacks \['line'\]; expected the columns \['pump', 'line', 'day'\]"):
        own.predict(pd.DataFrame({"pump": ["p1"]}))
    with pytest.raises(MissingInputError, match="column day: expected values of type date"):
        own.predict(pd.DataFrame({"pump": ["p1"], "line": [1], "day": ["yesterday"]}))


def test_no_rows_give_no_rows(plant: Plant, champion: ModelVersion) -> None:
    empty = feature_rows().iloc[:0][["pump", "line", "day"]]
    assert served(plant, champion, empty).empty


def test_features_of_another_version_than_learned_are_refused(plant: Plant, champion: ModelVersion) -> None:
    write(plant.lake, VIEW.table, feature_rows(1, 3, "f2").assign(pump="new"))
    with pytest.raises(FeatureVersionError, match=r"pumps version 1: the model learned from features f1, .* now f2"):
        served(plant, champion, pd.DataFrame({"pump": ["new"], "line": [0]}))
