"""Features of observations out of a real lake: what was known, of the versions asked for, and no more than needed."""

import shutil
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from lakehouse_assets.lake.errors import LakeError
from lakehouse_assets.lake.table import Lake
from lakehouse_assets.lifecycle.serving.feature_versions import FeatureVersionError, one_version, require_version
from lakehouse_assets.lifecycle.serving.prediction_time import PredictionTime
from lakehouse_assets.lifecycle.serving.retrieval import ViewSpec, features_at
from lakehouse_assets_tests.lifecycle.pumps import FIRST, VIEW, feature_rows, observations, write

WEATHER = ViewSpec("harmonized/site/weather", ("line",), ("rain",), limit=timedelta(days=1), version=None)
START = datetime(2024, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    made = Lake(str(tmp_path_factory.mktemp("lake")))
    write(made, VIEW.table, feature_rows())
    weather = feature_rows(3).drop_duplicates(["line", "day"]).drop(columns=["pump", "y", "feature_version"])
    write(made, WEATHER.table, weather.rename(columns={"x": "rain"}).astype({"line": "int32"}))
    return made


def oracle(rows: list[tuple[Any, ...]], key: str, at: datetime | None, limit: timedelta | None) -> float:
    seen = [(event, known, x) for k, event, known, x in rows if at is not None and k == key and max(event, known) <= at]
    if not seen or (limit is not None and at is not None and at - max(seen)[0] > limit):
        return float("nan")
    return max(seen)[2]


hours = st.integers(0, 100).map(lambda n: START + n * HOUR)
feature_hours = st.tuples(st.sampled_from("abc"), hours, hours, st.integers(0, 9).map(float))


@examples(max_examples=20)
@given(
    rows=st.lists(feature_hours, min_size=1, max_size=30, unique_by=lambda row: row[:3]),
    asked=st.lists(st.tuples(st.sampled_from("abcd"), st.none() | hours), max_size=15),
    limit=st.none() | st.integers(0, 40).map(lambda n: n * HOUR),
)
def test_each_observation_gets_what_a_plain_loop_finds(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any], asked: list[Any], limit: timedelta | None
) -> None:
    here = Lake(str(tmp_path_factory.mktemp("random")))
    frame = pd.DataFrame(rows, columns=["k", "event_time", "known_at", "f"]).assign(feature_version="v")
    write(here, "a/b/c", frame.assign(day=frame["event_time"].dt.date))
    wanted = pd.DataFrame({"k": [key for key, _ in asked], "predicted_at": [at for _, at in asked]})
    wanted = wanted.astype({"k": "str", "predicted_at": "datetime64[us, UTC]"})
    found = features_at(here, wanted, [ViewSpec("a/b/c", ("k",), ("f",), limit=limit)])
    expected = [oracle(rows, key, at, limit) for key, at in asked]
    np.testing.assert_array_equal(found["f"].to_numpy(), np.array(expected, dtype="float64"))
    assert found["feature_version"].isna().tolist() == [bool(np.isnan(one)) for one in expected]


def test_observations_keep_their_columns_index_and_order_and_views_stand_side_by_side(lake: Lake) -> None:
    rows = observations(feature_rows()).sample(20, random_state=2).assign(note="kept")
    found = features_at(lake, rows, [VIEW, WEATHER])
    pd.testing.assert_frame_equal(found[list(rows.columns)], rows)
    assert list(found.columns) == [*rows.columns, "x", "y", "rain", "feature_version"]
    same = (
        feature_rows()
        .set_index(["pump", "line", "day"])
        .loc[list(map(tuple, rows[["pump", "line", "day"]].to_numpy()))]
    )
    assert found["x"].tolist() == same["x"].tolist()
    assert found["rain"].notna().all()
    assert set(found["feature_version"]) == {"f1+"}


def test_files_of_days_that_nobody_can_see_are_not_read(lake: Lake, tmp_path: Path) -> None:
    shutil.copytree(lake.uri, tmp_path / "lake")
    own = Lake(str(tmp_path / "lake"))
    kept = {str(FIRST + timedelta(days=n)) for n in range(17, 21)}
    for folder in (tmp_path / "lake" / VIEW.table).glob("day=*"):
        if folder.name.removeprefix("day=") not in kept:
            shutil.rmtree(folder)
    rows = observations(feature_rows())
    one_day = rows[rows["day"] == FIRST + timedelta(days=20)]
    assert features_at(own, one_day, [VIEW])["x"].notna().all()
    with pytest.raises(LakeError):
        features_at(own, rows, [VIEW])


@pytest.mark.parametrize(("age", "found"), [(0, 1.0), (5, 1.0), (5.001, None), (-0.001, None)])
def test_an_event_of_this_moment_and_one_as_old_as_the_limit_are_the_last_to_be_seen(
    tmp_path: Path, age: float, found: float | None
) -> None:
    own, at = Lake(str(tmp_path)), START + 20 * HOUR
    event = at - age * HOUR
    row = pd.DataFrame({"k": ["a"], "event_time": [event], "known_at": [START], "f": [1.0], "day": [event.date()]})
    write(own, "a/b/c", row)
    view = ViewSpec("a/b/c", ("k",), ("f",), limit=5 * HOUR, version=None)
    asked = pd.DataFrame({"k": ["a"], "predicted_at": [at]})
    seen = features_at(own, asked, [view])["f"]
    assert seen.astype(object).where(seen.notna(), None).tolist() == [found]


def test_pinned_versions_are_read_and_not_what_came_later(tmp_path: Path) -> None:
    own = Lake(str(tmp_path))
    write(own, VIEW.table, feature_rows(2, 5))
    pinned = {VIEW.table: own.version(VIEW.key)}
    write(own, VIEW.table, feature_rows(2, 5).assign(x=99.0), mode="overwrite")
    rows = observations(feature_rows(2, 5))
    assert features_at(own, rows, [VIEW], pinned)["x"].tolist() == feature_rows(2, 5)["x"].tolist()
    assert set(features_at(own, rows, [VIEW])["x"]) == {99.0}


def test_no_observations_have_no_features_and_the_same_columns(lake: Lake) -> None:
    found = features_at(lake, observations(feature_rows()).iloc[:0], [VIEW, WEATHER])
    assert found.empty
    assert list(found.columns)[-4:] == ["x", "y", "rain", "feature_version"]


def test_names_and_types_that_do_not_fit_are_refused_with_what_is_there(lake: Lake) -> None:
    rows = observations(feature_rows(1, 1))
    with pytest.raises(ValueError, match=r"no column \['predicted_at', 'line'\]; found \['pump', 'day'\]"):
        features_at(lake, rows[["pump", "day"]], [VIEW])
    with pytest.raises(ValueError, match=r"its features \['x'\] would stand twice"):
        features_at(lake, rows.assign(x=1.0), [VIEW])
    with pytest.raises(ValueError, match=r"its key line is int64; the observations' .*string cannot be made one"):
        features_at(lake, rows.assign(line="one"), [VIEW])
    text = ViewSpec(VIEW.table, VIEW.keys, ("feature_version",), version=None)
    with pytest.raises(ValueError, match="feature feature_version is string; a model takes numbers"):
        features_at(lake, rows, [text])


def test_a_view_comes_back_from_json() -> None:
    for view in (VIEW, WEATHER, ViewSpec("a/b/c", ("k",), ("f",), event_time="e", known_at="a", limit=None)):
        assert ViewSpec.from_json(view.to_json()) == view


def test_one_version_is_told_from_rows_that_see_some_views_only_and_mixed_ones_are_refused() -> None:
    assert one_version(pd.Series(["a+b", "?+b", "a+?", None]), "x") == "a+b"
    assert one_version(pd.Series([None], dtype="str"), "x") == ""
    with pytest.raises(FeatureVersionError, match=r"the feature versions b, c lie side by side.*for all days"):
        one_version(pd.Series(["a+b", "a+c"]), "x")
    require_version(pd.Series(["a+?", None]), "a+b", "x")
    require_version(pd.Series([None], dtype="str"), "a+b", "x")
    for rows, learned in ((["a+?"], "z+b"), (["a"], "a+b")):
        with pytest.raises(FeatureVersionError, match="learned from features"):
            require_version(pd.Series(rows), learned, "x")


def test_predictions_are_made_at_the_local_hour_or_when_a_late_row_came() -> None:
    made = PredictionTime(1, time(6), "Europe/Berlin")
    days = pd.Series([date(2024, 3, 29), date(2024, 3, 30), None], index=[5, 6, 7])
    assert made.instants(days).tolist()[:2] == [
        pd.Timestamp("2024-03-30T05:00Z"), pd.Timestamp("2024-03-31T04:00Z"),
    ]  # fmt: skip
    assert pd.isna(made.instants(days)[7])
    known = pd.Series(pd.to_datetime(["2024-04-05T00:00Z", None, "2024-04-05T00:00Z"]))
    late = made.instants(days, known)
    assert late[5] == pd.Timestamp("2024-04-05T00:00Z")
    assert late[6] == pd.Timestamp("2024-03-31T04:00Z")
    assert pd.isna(late[7])
    assert PredictionTime.from_json(made.to_json()) == made
    assert made.instant(date(2024, 3, 30)) == datetime(2024, 3, 31, 4, tzinfo=UTC)
